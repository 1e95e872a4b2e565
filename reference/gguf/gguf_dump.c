/* gguf_dump [--json] [--strict] FILE: what a GGUF file says of itself.
 *
 *   --strict   lab 1.2's rules, not all that the text of the format allows
 *   --json     one object: version, byte_order, alignment, data_offset, metadata, tensors; arrays
 * whole
 *
 * The file is a stranger's: bytes outside printable ASCII never reach the terminal. Text shows them
 * as \xHH; JSON as \u00HH, one for each byte, so that strings which are no UTF-8 survive too.
 * NaN and the infinities are null in JSON. Text cuts arrays after 8 elements, strings after 200
 * bytes.
 *
 * Exit status: 0 the file was read, 1 it was refused, 2 usage, 3 the system would not let us. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reference/gguf/gguf_value.h"

enum { MAX_ELEMENTS = 8, MAX_STRING = 200 };

typedef unsigned long long llu; /* for printf */

struct options {
    bool json;
    enum ref_gguf_mode mode;
    const char *path;
};

/* ---- values ---- */

static void print_string(const struct ref_gguf_file *f, struct ref_gguf_span s, bool json)
{
    const uint64_t len = !json && s.len > MAX_STRING ? MAX_STRING : s.len;
    putchar('"');
    for (uint64_t i = 0; i < len; i++) {
        const unsigned c = f->buf[s.off + i];
        if (c == '"' || c == '\\')
            printf("\\%c", (int)c);
        else if (c >= 0x20 && c < 0x7f)
            putchar((int)c);
        else
            printf(json ? "\\u%04x" : "\\x%02x", c);
    }
    putchar('"');
    if (len < s.len)
        printf(" and %llu bytes more", (llu)(s.len - len));
}

static void print_real(const struct ref_gguf_value *v, double x, bool json)
{
    if (json && !isfinite(x))
        fputs("null", stdout);
    else
        printf("%.*g", v->type == REF_GGUF_F32 ? 9 : 17, x);
}

static void print_value(const struct ref_gguf_file *f, const struct ref_gguf_value *v, bool json);

static void print_array(const struct ref_gguf_file *f, const struct ref_gguf_value *v, bool json)
{
    struct ref_gguf_value e;
    struct ref_gguf_walk it = ref_gguf_walk(f, v);
    putchar('[');
    for (uint64_t i = 0; (json || i < MAX_ELEMENTS) && ref_gguf_walk_next(&it, &e); i++) {
        fputs(i > 0 ? ", " : "", stdout);
        print_value(f, &e, json);
    }
    if (it.left > 0)
        printf(", and %llu more", (llu)it.left);
    putchar(']');
}

static void print_value(const struct ref_gguf_file *f, const struct ref_gguf_value *v, bool json)
{
    uint64_t number;
    int64_t negative;
    double real;
    bool truth;
    if (v->type == REF_GGUF_ARRAY)
        print_array(f, v, json);
    else if (v->type == REF_GGUF_STRING)
        print_string(f, v->val, json);
    else if (ref_gguf_value_bool(f, v, &truth) == REF_GGUF_OK)
        fputs(truth ? "true" : "false", stdout);
    else if (ref_gguf_value_u64(f, v, &number) == REF_GGUF_OK)
        printf("%llu", (llu)number);
    else if (ref_gguf_value_i64(f, v, &negative) == REF_GGUF_OK)
        printf("%lld", (long long)negative);
    else if (ref_gguf_value_f64(f, v, &real) == REF_GGUF_OK)
        print_real(v, real, json);
}

static void print_type(const struct ref_gguf_kv *kv)
{
    static const char *const name[REF_GGUF_VALUE_TYPES] = {"u8",  "i8",  "u16",  "i16",    "u32",
                                                           "i32", "f32", "bool", "string", "array",
                                                           "u64", "i64", "f64"};
    if (kv->type == REF_GGUF_ARRAY)
        printf("%s[%llu]", name[kv->elem], (llu)kv->n);
    else
        fputs(name[kv->type], stdout);
}

/* ---- the file ---- */

static void print_shape(const struct ref_gguf_tensor *t)
{
    putchar('[');
    for (uint32_t d = 0; d < t->n_dims; d++)
        printf("%s%llu", d > 0 ? ", " : "", (llu)t->ne[d]);
    putchar(']');
}

static void print_text(const struct ref_gguf_file *f)
{
    printf("GGUF version %u, %s-endian, alignment %u, data from byte %llu\n", f->version,
           f->swapped ? "big" : "little", f->alignment, (llu)f->data_off);
    printf("\n%llu keys\n", (llu)f->n_kv);
    for (uint64_t i = 0; i < f->n_kv; i++) {
        const struct ref_gguf_value v = ref_gguf_value(&f->kv[i]);
        fputs("  ", stdout);
        print_string(f, f->kv[i].key, false);
        putchar(' ');
        print_type(&f->kv[i]);
        fputs(" = ", stdout);
        print_value(f, &v, false);
        putchar('\n');
    }
    printf("\n%llu tensors\n", (llu)f->n_tensors);
    for (uint64_t i = 0; i < f->n_tensors; i++) {
        const struct ref_gguf_tensor *t = &f->tensor[i];
        fputs("  ", stdout);
        print_string(f, t->name, false);
        printf(" %s ", ref_gguf_tensor_type(t->type)->name);
        print_shape(t);
        printf(", %llu bytes at %llu\n", (llu)t->nbytes, (llu)t->offset);
    }
}

static void print_json(const struct ref_gguf_file *f)
{
    printf("{\"version\": %u, \"byte_order\": \"%s\", \"alignment\": %u, \"data_offset\": %llu,\n",
           f->version, f->swapped ? "big" : "little", f->alignment, (llu)f->data_off);
    fputs(" \"metadata\": [", stdout);
    for (uint64_t i = 0; i < f->n_kv; i++) {
        const struct ref_gguf_value v = ref_gguf_value(&f->kv[i]);
        fputs(i > 0 ? ",\n  {\"key\": " : "\n  {\"key\": ", stdout);
        print_string(f, f->kv[i].key, true);
        fputs(", \"type\": \"", stdout);
        print_type(&f->kv[i]);
        fputs("\", \"value\": ", stdout);
        print_value(f, &v, true);
        putchar('}');
    }
    fputs("],\n \"tensors\": [", stdout);
    for (uint64_t i = 0; i < f->n_tensors; i++) {
        const struct ref_gguf_tensor *t = &f->tensor[i];
        fputs(i > 0 ? ",\n  {\"name\": " : "\n  {\"name\": ", stdout);
        print_string(f, t->name, true);
        printf(", \"type\": \"%s\", \"shape\": ", ref_gguf_tensor_type(t->type)->name);
        print_shape(t);
        printf(", \"offset\": %llu, \"bytes\": %llu}", (llu)t->offset, (llu)t->nbytes);
    }
    fputs("]}\n", stdout);
}

/* ---- the program ---- */

static int dump(const uint8_t *bytes, uint64_t size, const struct options *o)
{
    struct ref_gguf_head head;
    struct ref_gguf_file f;
    struct err why = {.text = ""};
    if (ref_gguf_head_mode(o->mode, bytes, size, &head, &why) != REF_GGUF_OK) {
        fprintf(stderr, "gguf_dump: %s\n", why.text);
        return 1;
    }
    int status = 3;
    struct ref_gguf_kv *kv = calloc(head.n_kv + 1, sizeof *kv);
    struct ref_gguf_tensor *tensor = calloc(head.n_tensors + 1, sizeof *tensor);
    if (kv == NULL || tensor == NULL) {
        fprintf(stderr, "gguf_dump: no memory for %llu keys and %llu tensors\n", (llu)head.n_kv,
                (llu)head.n_tensors);
    } else if (ref_gguf_read_mode(o->mode, bytes, size, kv, head.n_kv, tensor, head.n_tensors, &f,
                                  &why) != REF_GGUF_OK) {
        fprintf(stderr, "gguf_dump: %s\n", why.text);
        status = 1;
    } else {
        (o->json ? print_json : print_text)(&f);
        status = fflush(stdout) == 0 && !ferror(stdout) ? 0 : 3;
    }
    free(tensor);
    free(kv);
    return status;
}

/* Maps the file. Who cuts it short meanwhile ends us by SIGBUS, as any reader of a map. */
static int dump_fd(int fd, const struct options *o)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        fprintf(stderr, "gguf_dump: no regular file\n");
        return 3;
    }
    if (st.st_size == 0) /* nothing to map */
        return dump((const uint8_t *)"", 0, o);
    const size_t size = (size_t)st.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        fprintf(stderr, "gguf_dump: mmap: %s\n", strerror(errno));
        return 3;
    }
    const int status = dump(bytes, size, o);
    munmap(bytes, size);
    return status;
}

static bool parse_options(int argc, char **argv, struct options *ret)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            ret->json = true;
        else if (strcmp(argv[i], "--strict") == 0)
            ret->mode = REF_GGUF_STRICT;
        else if (ret->path == NULL && argv[i][0] != '-')
            ret->path = argv[i];
        else
            return false;
    }
    return ret->path != NULL;
}

int main(int argc, char **argv)
{
    struct options o = {.mode = REF_GGUF_SPEC};
    if (!parse_options(argc, argv, &o)) {
        fprintf(stderr, "usage: gguf_dump [--json] [--strict] FILE\n");
        return 2;
    }
    const int fd = open(o.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (fd < 0) {
        fprintf(stderr, "gguf_dump: open: %s\n", strerror(errno));
        return 3;
    }
    const int status = dump_fd(fd, &o);
    close(fd);
    return status;
}
