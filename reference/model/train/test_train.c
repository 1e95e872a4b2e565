#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "reference/gguf/gguf.h"
#include "reference/model/gguf_vocab.h"
#include "reference/model/train/curve.h"
#include "reference/model/train/export.h"
#include "reference/model/train/story.h"
#include "reference/quant/quant.h"
#include "reference/token/tokenize.h"

enum { STORIES = 300, VOCAB = 320, ARENA = 512 << 20 };

static const struct net_shape tiny = {.vocab = VOCAB,
                                      .dim = 32,
                                      .ff = 64,
                                      .layers = 2,
                                      .heads = 4,
                                      .kv_heads = 2,
                                      .context = 24,
                                      .rope_base = 100,
                                      .eps = 1e-5f};

static void tell_stories(struct str *text, uint64_t seed, int n)
{
    struct rng rng = {seed};
    str_init(text, 4 << 20);
    for (int i = 0; i < n; i++)
        story_tell(&rng, text);
    assert_false(text->cut);
}

static void stories_have_every_blank_filled_in(void **state)
{
    struct str text;
    (void)state;
    tell_stories(&text, 5, STORIES);
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.text[i];
        if ((!isprint(c) && c != '\n') || strchr("{}[]|", c) != NULL)
            fail_msg("byte %zu is '%c': %.60s", i, c, text.text + (i < 30 ? 0 : i - 30));
    }
    assert_null(strstr(text.text, " a owl"));
    assert_null(strstr(text.text, "  "));
    assert_true(text.length > STORIES * 250);
    str_done(&text);
}

static void the_same_seed_tells_the_same_stories(void **state)
{
    struct str a, b, c;
    (void)state;
    tell_stories(&a, 5, 20);
    tell_stories(&b, 5, 20);
    tell_stories(&c, 6, 20);
    assert_string_equal(a.text, b.text);
    assert_string_not_equal(a.text, c.text);
    str_done(&a);
    str_done(&b);
    str_done(&c);
}

static void tokens_spell_the_text(void **state)
{
    struct arena a;
    struct bpe bpe;
    struct str text, back;
    static uint16_t ids[200000];
    (void)state;
    arena_init(&a, ARENA);
    tell_stories(&text, 1, STORIES);
    str_init(&back, 4 << 20);
    bpe_train(text.text, text.length, VOCAB, &a, &bpe);
    assert_int_equal(BPE_MERGED + bpe.n_merges, VOCAB);
    const size_t n = bpe_ids_of(&bpe, text.text, text.length, ids, 200000);
    assert_true(n < text.length && n <= 200000);
    for (size_t i = 0; i < n; i++)
        str_add(&back, bpe.text[ids[i]]);
    assert_string_equal(back.text, text.text);
    str_done(&text);
    str_done(&back);
    arena_done(&a);
}

/* Every kind of weight, a few of each: what net_loss() says of its gradient against the loss a step
 * to either side. */
static void gradients_are_the_slopes_of_the_loss(void **state)
{
    struct arena a;
    struct net net;
    struct rng rng = {9};
    uint16_t tokens[2 * 25];
    (void)state;
    arena_init(&a, ARENA);
    net_init(&net, &tiny);
    struct net_shard *shard = net_shard_new(&net, 2, &a);
    float *w = arena_array(&a, net.size, sizeof *w), *grad = arena_array(&a, net.size, sizeof *w);
    assert_non_null(shard);
    net_draw(&net, 3, w);
    for (size_t i = 0; i < net.size; i++)
        w[i] *= 3; /* so that no slope drowns in rounding */
    for (int i = 0; i < 50; i++)
        tokens[i] = (uint16_t)rng_below(&rng, VOCAB);
    net_loss(shard, w, tokens, grad);
    for (int i = 0; i < 250; i++) {
        const size_t at =
            i < 50 ? net.size - 1 - (size_t)i * 500 : rng_below(&rng, (uint32_t)net.size);
        const float old = w[at], step = 4e-3f;
        w[at] = old + step;
        const double up = net_loss(shard, w, tokens, NULL);
        w[at] = old - step;
        const double down = net_loss(shard, w, tokens, NULL);
        w[at] = old;
        const double slope = (up - down) / (2 * (double)step);
        if (!(fabs(slope - (double)grad[at]) <= 1e-2 * fabs(slope) + 3e-4))
            fail_msg("weight %zu: gradient %g, the slope is %g", at, (double)grad[at], slope);
    }
    arena_done(&a);
}

static void count(void *context, const struct train_point *point)
{
    (void)point;
    ++*(int *)context;
}

static void training_lowers_the_loss_of_stories_held_out(void **state)
{
    struct arena a;
    struct net net;
    struct bpe bpe;
    struct str text;
    struct err why;
    struct train_point points[8];
    int told = 0;
    (void)state;
    arena_init(&a, ARENA);
    net_init(&net, &tiny);
    tell_stories(&text, 1, STORIES);
    bpe_train(text.text, text.length, VOCAB, &a, &bpe);
    struct train_job job = {.net = &net,
                            .bpe = &bpe,
                            .plan = {.steps = 60,
                                     .warm_up = 5,
                                     .sequences = 4,
                                     .rate = 5e-3,
                                     .decay = 0.1,
                                     .seed = 1,
                                     .report_every = 20},
                            .w = arena_array(&a, net.size, sizeof(float)),
                            .points = points,
                            .tell = count,
                            .context = &told};
    if (train(&job, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(told, 4);
    assert_int_equal(job.n_points, 4);
    if (!(points[3].held_out < points[0].held_out - 1))
        fail_msg("held out: %g at first, %g at last", points[0].held_out, points[3].held_out);
    str_done(&text);
    arena_done(&a);
}

/* The trainer's short way and the tokenizer that models are run with agree. */
static void same_tokens(const struct ref_gguf_file *file, const struct bpe *bpe, const char *text,
                        struct arena *a)
{
    enum { BYTES = 4096 };
    struct err why;
    static struct ref_piece pieces[VOCAB];
    static struct ref_merge merges[VOCAB];
    static uint16_t ids[BYTES];
    static int32_t tokens[BYTES];
    struct ref_vocab_def def;
    struct ref_vocab vocab;
    size_t bytes = 0, n_tokens = 0;
    if (ref_gguf_vocab(file, pieces, merges, &def, &why) != OK ||
        ref_vocab_bytes(&def, &bytes, &why) != OK ||
        ref_vocab_init(&vocab, &def, arena_alloc(a, bytes), bytes, &why) != OK)
        fail_msg("%s", why.text);
    const size_t scratch = ref_tokenize_scratch(&vocab, BYTES);
    const size_t n = bpe_ids_of(bpe, text, BYTES, ids, BYTES);
    if (ref_tokenize(&vocab, text, BYTES, 0, arena_alloc(a, scratch), scratch, tokens, BYTES,
                     &n_tokens, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(n_tokens, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(tokens[i], ids[i]);
}

static void the_file_is_one_that_the_strict_reader_takes(void **state)
{
    char path[] = "/tmp/graded-train-XXXXXX", *bytes = NULL;
    struct arena a;
    struct net net;
    struct bpe bpe;
    struct str text;
    struct err why;
    struct ref_gguf_head head = {0};
    struct ref_gguf_file file;
    size_t size = 0;
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    arena_init(&a, ARENA);
    net_init(&net, &tiny);
    tell_stories(&text, 1, STORIES);
    bpe_train(text.text, text.length, VOCAB, &a, &bpe);
    float *w = arena_array(&a, net.size, sizeof *w);
    net_draw(&net, 1, w);
    if (export_gguf(&net, &bpe, w, REF_Q8_0, path, &why) != OK ||
        file_read(AT_FDCWD, path, 1 << 20, &a, &bytes, &size, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(ref_gguf_head((const uint8_t *)bytes, size, &head, &why), REF_GGUF_OK);
    struct ref_gguf_kv *kv = arena_array(&a, head.n_kv, sizeof *kv);
    struct ref_gguf_tensor *tensor = arena_array(&a, head.n_tensors, sizeof *tensor);
    if (ref_gguf_read((const uint8_t *)bytes, size, kv, head.n_kv, tensor, head.n_tensors, &file,
                      &why) != REF_GGUF_OK)
        fail_msg("%s", why.text);
    assert_int_equal(head.n_tensors, 2 + 9 * 2);
    same_tokens(&file, &bpe, text.text, &a);
    unlink(path);
    str_done(&text);
    arena_done(&a);
}

static void a_curve_has_a_line_for_each_loss(void **state)
{
    const struct train_point points[] = {{0, 6.2, 6.3}, {50, 2.5, 2.6}, {100, 1.1, 1.2}};
    struct str svg, csv;
    (void)state;
    str_init(&svg, 65536);
    str_init(&csv, 65536);
    curve_svg(points, 3, &svg);
    curve_csv(points, 3, &csv);
    assert_non_null(strstr(svg.text, "held out: 1.200 at step 100"));
    assert_string_equal(csv.text, "step,loss,held_out\n0,6.2000,6.3000\n50,2.5000,2.6000\n"
                                  "100,1.1000,1.2000\n");
    str_done(&svg);
    str_done(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories_have_every_blank_filled_in),
        cmocka_unit_test(the_same_seed_tells_the_same_stories),
        cmocka_unit_test(tokens_spell_the_text),
        cmocka_unit_test(gradients_are_the_slopes_of_the_loss),
        cmocka_unit_test(training_lowers_the_loss_of_stories_held_out),
        cmocka_unit_test(the_file_is_one_that_the_strict_reader_takes),
        cmocka_unit_test(a_curve_has_a_line_for_each_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
