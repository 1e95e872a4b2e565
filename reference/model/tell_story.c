/* tell_story FILE.gguf [--prompt TEXT] [--tokens N] [--temp T] [--seed S] [--type TYPE]
 *            [--perplexity TEXTFILE]
 * Goes on from a prompt, or says how well the model predicts a text; with --type after bringing the
 * matrices to another type. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/parse.h"
#include "reference/model/forward.h"
#include "reference/model/gguf_vocab.h"
#include "reference/sample/chain.h"
#include "reference/token/detokenize.h"
#include "reference/token/tokenize.h"

enum { MEMORY = 1 << 30, TEXT_MAX = 64 << 20, HISTORY = 64 };

struct options {
    const char *file, *prompt, *type, *text_file;
    int64_t tokens;
    uint64_t seed;
    double temp;
};

/* All that a run has open. */
struct teller {
    struct arena a;
    const uint8_t *map;
    size_t size;
    struct ref_gguf_file file;
    struct ref_model model;
    struct ref_vocab vocab;
    struct ref_vocab_def def;
    const struct ref_quant_kernels *kernels;
    struct ref_cache cache;
    void *scratch;
    size_t scratch_bytes;
    float *logits;
};

static enum err_code map_file(struct teller *t, const char *path, struct err *why)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_sys(why, ERR_IO, errno, "%s", path);
    t->size = (size_t)st.st_size;
    void *map = st.st_size > 0 ? mmap(NULL, t->size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED)
        return err_set(why, ERR_IO, "%s cannot be mapped", path);
    t->map = map;
    return OK;
}

static void *must_have(struct teller *t, size_t bytes)
{
    void *p = arena_alloc(&t->a, bytes + 64);
    if (p == NULL) {
        fprintf(stderr, "tell_story: no memory for %zu bytes\n", bytes);
        exit(EXIT_FAILURE);
    }
    return (char *)p + (-(uintptr_t)p & 63);
}

static enum err_code open_model(struct teller *t, struct err *why)
{
    struct ref_gguf_head head;
    int layers;
    if (ref_gguf_head(t->map, t->size, &head, why) != REF_GGUF_OK)
        return ERR_FORMAT;
    struct ref_gguf_kv *kv = must_have(t, head.n_kv * sizeof *kv);
    struct ref_gguf_tensor *tensor = must_have(t, head.n_tensors * sizeof *tensor);
    if (ref_gguf_read(t->map, t->size, kv, head.n_kv, tensor, head.n_tensors, &t->file, why) !=
        REF_GGUF_OK)
        return ERR_FORMAT;
    const enum err_code rc = ref_model_layers(&t->file, &layers, why);
    if (rc != OK)
        return rc;
    struct ref_layer *layer = must_have(t, (size_t)layers * sizeof *layer);
    return ref_model_open(&t->file, layer, &t->model, why);
}

static enum err_code open_vocab(struct teller *t, struct err *why)
{
    uint32_t n_pieces, n_merges;
    size_t bytes;
    enum err_code rc = ref_gguf_vocab_sizes(&t->file, &n_pieces, &n_merges, why);
    if (rc != OK)
        return rc;
    struct ref_piece *pieces = must_have(t, n_pieces * sizeof *pieces);
    struct ref_merge *merges = must_have(t, n_merges * sizeof *merges);
    rc = ref_gguf_vocab(&t->file, pieces, merges, &t->def, why);
    if (rc == OK)
        rc = ref_vocab_bytes(&t->def, &bytes, why);
    return rc == OK ? ref_vocab_init(&t->vocab, &t->def, must_have(t, bytes), bytes, why) : rc;
}

/* ---- another type ---- */

static uint32_t type_named(const char *name)
{
    for (uint32_t id = 0; id < REF_QUANT_IDS; id++)
        if (ref_quant_find(id) != NULL && strcasecmp(ref_quant_find(id)->name, name) == 0)
            return id;
    return REF_NONE;
}

static enum err_code change_matrix(struct teller *t, struct ref_matrix *m, uint32_t type,
                                   struct err *why)
{
    struct ref_matrix changed = {.type = type, .in = m->in, .out = m->out};
    if (m->rows == NULL)
        return OK;
    enum err_code rc = ref_quant_row_bytes(type, m->in, &changed.row_bytes, why);
    if (rc != OK)
        return rc;
    uint8_t *rows = must_have(t, changed.row_bytes * m->out);
    float *row = must_have(t, m->in * sizeof *row);
    for (size_t i = 0; i < m->out && rc == OK; i++) {
        t->kernels->dequantize[m->type](m->rows + i * m->row_bytes, m->in, row);
        rc = ref_quant_quantize(type, row, m->in, rows + i * changed.row_bytes, why);
    }
    changed.rows = rows;
    *m = changed;
    return rc;
}

static enum err_code change_type(struct teller *t, const char *name, struct err *why)
{
    const uint32_t type = type_named(name);
    if (type == REF_NONE || ref_quant_find(type)->partner == REF_NONE)
        return err_set(why, ERR_UNSUPPORTED, "--type %s: expected one such as F16 or Q4_K", name);
    const bool tied = t->model.output.rows == t->model.embed.rows;
    enum err_code rc = change_matrix(t, &t->model.embed, type, why);
    if (tied)
        t->model.output = t->model.embed;
    else if (rc == OK)
        rc = change_matrix(t, &t->model.output, type, why);
    for (int i = 0; i < t->model.layers && rc == OK; i++) {
        struct ref_layer *y = &t->model.layer[i];
        struct ref_matrix *const all[] = {&y->q,    &y->k,  &y->v,    &y->o,
                                          &y->gate, &y->up, &y->down, &y->router};
        for (size_t k = 0; k < sizeof all / sizeof all[0] && rc == OK; k++)
            rc = change_matrix(t, all[k], type, why);
    }
    return rc;
}

/* ---- the cache ---- */

static enum err_code open_cache(struct teller *t, struct err *why)
{
    const uint32_t cells = (uint32_t)t->model.context;
    size_t bytes;
    const enum err_code rc = ref_cache_bytes(&t->model, REF_F16, cells, &bytes, why);
    if (rc != OK)
        return rc;
    return ref_cache_init(&t->cache, &t->model, REF_F16, REF_F16,
                          must_have(t, cells * sizeof(struct ref_kv_cell)), cells,
                          must_have(t, bytes), must_have(t, bytes), why);
}

static enum err_code open_all(struct teller *t, const struct options *o, struct err *why)
{
    enum err_code rc = map_file(t, o->file, why);
    if (rc == OK)
        rc = open_model(t, why);
    if (rc == OK)
        rc = open_vocab(t, why);
    if (rc == OK && t->def.n_pieces != t->model.vocab)
        rc = err_set(why, ERR_INVALID, "%u tokens, but rows for %zu", t->def.n_pieces,
                     t->model.vocab);
    t->kernels = ref_quant_kernels_for(ref_isa_best());
    if (rc == OK && o->type != NULL)
        rc = change_type(t, o->type, why);
    if (rc == OK)
        rc = open_cache(t, why);
    if (rc != OK)
        return rc;
    t->scratch_bytes = ref_forward_scratch(&t->model, &t->cache, t->model.context);
    t->scratch = must_have(t, t->scratch_bytes);
    t->logits = must_have(t, t->model.context * t->model.vocab * sizeof(float));
    return OK;
}

static enum err_code tokenize(struct teller *t, const char *text, size_t size, int32_t **ret,
                              size_t *ret_n, struct err *why)
{
    const size_t bytes = ref_tokenize_scratch(&t->vocab, size), cap = size + 2;
    int32_t *ids = must_have(t, cap * sizeof *ids);
    *ret = ids;
    return ref_tokenize(&t->vocab, text, size, REF_TOKENIZE_ADD_SPECIAL, must_have(t, bytes), bytes,
                        ids, cap, ret_n, why);
}

/* ---- telling ---- */

static void print_piece(const struct teller *t, struct ref_stream *stream, int32_t id)
{
    uint8_t bytes[REF_PIECE_MAX], text[REF_STREAM_BYTES(REF_PIECE_MAX)];
    size_t n = 0;
    if (ref_piece_bytes(&t->vocab, id, false, bytes, &n, NULL) == OK)
        fwrite(text, 1, ref_stream_push(stream, bytes, n, text), stdout);
    fflush(stdout);
}

static enum err_code forward(struct teller *t, const int32_t *ids, size_t n, int32_t first,
                             const uint8_t *wanted, struct err *why)
{
    struct ref_kv_token *where = malloc(n * sizeof *where);
    if (where == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %zu tokens", n);
    for (size_t i = 0; i < n; i++)
        where[i] = (struct ref_kv_token){first + (int32_t)i, 1};
    const struct ref_batch batch = {n, ids, where, wanted};
    const enum err_code rc = ref_forward(&t->model, t->kernels, &t->cache, &batch, t->scratch,
                                         t->scratch_bytes, t->logits, NULL, why);
    free(where);
    return rc;
}

static enum err_code tell(struct teller *t, const struct options *o, struct err *why)
{
    int32_t *ids, history[2 * HISTORY];
    size_t n;
    struct ref_chain chain;
    struct ref_chain_params params = ref_chain_defaults();
    struct ref_stream stream = {0};
    params.temp = (float)o->temp;
    enum err_code rc = tokenize(t, o->prompt, strlen(o->prompt), &ids, &n, why);
    if (rc == OK)
        rc = ref_chain_init(&chain, &params, o->seed, history, HISTORY, why);
    if (rc == OK && n == 0)
        rc = err_set(why, ERR_INVALID, "the prompt is empty");
    if (rc == OK)
        rc = forward(t, ids, n, 0, NULL, why);
    struct ref_candidate *data = must_have(t, t->model.vocab * sizeof *data);
    int32_t *scratch = must_have(t, ref_chain_scratch(&chain) * sizeof *scratch);
    fputs(o->prompt, stdout);
    for (int64_t i = 0; i < o->tokens && rc == OK && n + (size_t)i < t->model.context; i++) {
        const int32_t id = ref_chain_sample(&chain, t->logits, t->model.vocab, data, scratch);
        if (id == t->def.eos)
            break;
        print_piece(t, &stream, id);
        rc = forward(t, &id, 1, (int32_t)n + (int32_t)i, NULL, why);
    }
    putchar('\n');
    return rc;
}

static double loss_of(const float *logits, size_t n, int32_t next)
{
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, (double)logits[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - max);
    return log(sum) + max - (double)logits[next];
}

/* Windows of the whole context one after the other; the second half of each counts, as in
 * llama.cpp's perplexity tool. */
static enum err_code judge(struct teller *t, const struct options *o, struct err *why)
{
    char *text;
    size_t size, n;
    int32_t *ids;
    const size_t window = t->model.context, half = window / 2;
    uint8_t *wanted = must_have(t, window);
    double loss = 0;
    size_t counted = 0;
    enum err_code rc = file_read(AT_FDCWD, o->text_file, TEXT_MAX, &t->a, &text, &size, why);
    if (rc == OK)
        rc = tokenize(t, text, size, &ids, &n, why);
    for (size_t i = 0; i < window; i++)
        wanted[i] = i >= half && i + 1 < window;
    for (size_t at = 0; rc == OK && at + window <= n; at += window) {
        if (t->def.add_bos)
            ids[at] = t->def.bos;
        ref_kv_remove(&t->cache.cells, REF_KV_ANY, -1, -1);
        rc = forward(t, ids + at, window, 0, wanted, why);
        for (size_t i = half; rc == OK && i + 1 < window; i++, counted++)
            loss +=
                loss_of(t->logits + (i - half) * t->model.vocab, t->model.vocab, ids[at + i + 1]);
    }
    if (rc == OK && counted == 0)
        rc = err_set(why, ERR_INVALID, "%s: fewer tokens than one window of %zu", o->text_file,
                     window);
    if (rc == OK)
        printf("perplexity %.4f over %zu tokens\n", exp(loss / (double)counted), counted);
    return rc;
}

/* ---- the command line ---- */

static enum err_code take_option(struct options *o, int option, struct err *why)
{
    switch (option) {
    case 'p':
        o->prompt = optarg;
        return OK;
    case 'n':
        return parse_i64(optarg, "--tokens", 0, 1 << 20, &o->tokens, why);
    case 's':
        return parse_u64(optarg, "--seed", 0, UINT64_MAX, &o->seed, why);
    case 't':
        return parse_f64(optarg, "--temp", 0, 100, &o->temp, why);
    case 'y':
        o->type = optarg;
        return OK;
    case 'x':
        o->text_file = optarg;
        return OK;
    default:
        return err_set(why, ERR_INVALID, "see the head of tell_story.c");
    }
}

static enum err_code parse(int argc, char **argv, struct options *o, struct err *why)
{
    static const struct option known[] = {
        {"prompt", required_argument, NULL, 'p'},
        {"tokens", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 's'},
        {"temp", required_argument, NULL, 't'},
        {"type", required_argument, NULL, 'y'},
        {"perplexity", required_argument, NULL, 'x'},
        {0},
    };
    *o = (struct options){
        .file = "", .prompt = "Once upon a time", .tokens = 200, .temp = 0.7, .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        const enum err_code rc = take_option(o, c, why);
        if (rc != OK)
            return rc;
    }
    if (optind + 1 != argc)
        return err_set(why, ERR_INVALID, "expected one file");
    o->file = argv[optind];
    return OK;
}

int main(int argc, char **argv)
{
    static struct teller t;
    struct options o;
    struct err why;
    arena_init(&t.a, MEMORY);
    enum err_code rc = parse(argc, argv, &o, &why);
    if (rc == OK)
        rc = open_all(&t, &o, &why);
    if (rc == OK)
        rc = o.text_file != NULL ? judge(&t, &o, &why) : tell(&t, &o, &why);
    if (rc != OK)
        fprintf(stderr, "tell_story: %s\n", why.text);
    arena_done(&t.a);
    return rc == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
