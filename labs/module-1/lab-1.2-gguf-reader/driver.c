/* Untrusted side of lab 1.2: calls the learner's functions and stores what they say. */
#include "driver.h"

#include <string.h>

#include "lab.h"
#include "ops.h"

static const char *text_of(const struct lab_call *c, unsigned argument)
{
    return lab_in(c, argument);
}

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static void copy_tensors(const gg_file *f, void *out, size_t size)
{
    if (f->t != NULL)
        memcpy(out, f->t, smaller(f->n_tensors, size / sizeof(gg_tensor)) * sizeof(gg_tensor));
}

static void op_open(struct lab_call *c)
{
    const uint8_t *buf = lab_in(c, 0);
    gg_file f;
    memset(&f, 0xAA, sizeof f);
    const int code = gg_open(buf, lab_size(c, 0), &f);
    lab_return(c, OPEN_CODE, code);
    if (code != GG_OK)
        return;
    lab_return(c, OPEN_VERSION, f.version);
    lab_return(c, OPEN_ALIGNMENT, f.alignment);
    lab_return(c, OPEN_KVS, (int64_t)f.n_kv);
    lab_return(c, OPEN_TENSORS, (int64_t)f.n_tensors);
    lab_return(c, OPEN_DATA_OFF, (int64_t)f.data_off);
    lab_return(c, OPEN_FLAGS,
               (f.buf == buf ? FLAG_BUF : 0) | (f.size == lab_size(c, 0) ? FLAG_SIZE : 0) |
                   (f.kv != NULL || f.n_kv == 0 ? FLAG_KV : 0) |
                   (f.t != NULL || f.n_tensors == 0 ? FLAG_TENSOR : 0));
    if (f.kv != NULL)
        memcpy(lab_out(c, 1), f.kv,
               smaller(f.n_kv, lab_size(c, 1) / sizeof(gg_kv)) * sizeof(gg_kv));
    copy_tensors(&f, lab_out(c, 2), lab_size(c, 2));
    gg_close(&f);
}

static void op_probe(struct lab_call *c)
{
    gg_file f;
    memset(&f, 0xAA, sizeof f);
    lab_heap_reset(0);
    const int code = gg_open(lab_in(c, 0), lab_size(c, 0), &f);
    if (code == GG_OK)
        gg_close(&f);
    const struct lab_heap heap = lab_heap_now();
    lab_return(c, PROBE_CODE, code);
    lab_return(c, PROBE_LIVE, (int64_t)heap.live);
    lab_return(c, PROBE_PEAK, (int64_t)heap.peak);
}

static int64_t index_of(const gg_file *f, const gg_kv *kv)
{
    if (kv == NULL)
        return -1;
    const uintptr_t from = (uintptr_t)f->kv, at = (uintptr_t)kv;
    if (at < from || (at - from) / sizeof *kv >= f->n_kv || (at - from) % sizeof *kv != 0)
        return -2;
    return (int64_t)((at - from) / sizeof *kv);
}

static void ask(const gg_file *f, const struct query *q, const gg_kv *kv, struct answer *ret)
{
    double real = 0;
    gg_span span = {0, 0};
    switch (q->what) {
    case QUERY_U64:
        ret->code = gg_u64(f, kv, &ret->a);
        break;
    case QUERY_F64:
        ret->code = gg_f64(f, kv, &real);
        memcpy(&ret->a, &real, sizeof real);
        break;
    case QUERY_STR:
        ret->code = gg_str(f, kv, q->i, &span);
        ret->a = span.off;
        ret->b = span.len;
        break;
    default:
        break;
    }
}

static void op_query(struct lab_call *c)
{
    gg_file f;
    memset(&f, 0, sizeof f);
    const int code = gg_open(lab_in(c, 0), lab_size(c, 0), &f);
    lab_return(c, 0, code);
    if (code != GG_OK)
        return;
    for (size_t i = 0; i < lab_size(c, 1) / sizeof(struct query); i++) {
        struct query q;
        memcpy(&q, (const char *)lab_in(c, 1) + i * sizeof q, sizeof q);
        const gg_kv *kv = gg_find(&f, text_of(c, 2) + q.key);
        struct answer a = {.found = index_of(&f, kv)};
        if (kv != NULL)
            ask(&f, &q, kv, &a);
        memcpy((char *)lab_out(c, 3) + i * sizeof a, &a, sizeof a);
    }
    gg_close(&f);
}

static void op_strings(struct lab_call *c)
{
    gg_file f;
    memset(&f, 0, sizeof f);
    const int code = gg_open(lab_in(c, 0), lab_size(c, 0), &f);
    lab_return(c, STRINGS_CODE, code);
    if (code != GG_OK)
        return;
    const gg_kv *kv = gg_find(&f, text_of(c, 1));
    lab_return(c, STRINGS_FOUND, index_of(&f, kv));
    lab_return(c, STRINGS_TENSORS, (int64_t)f.n_tensors);
    int64_t refused = 0;
    for (size_t i = 0; kv != NULL && i < lab_size(c, 2) / sizeof(gg_span); i++) {
        gg_span s = {0, 0};
        refused += gg_str(&f, kv, i, &s) != GG_OK;
        memcpy((char *)lab_out(c, 2) + i * sizeof s, &s, sizeof s);
    }
    lab_return(c, STRINGS_REFUSED, refused);
    copy_tensors(&f, lab_out(c, 3), lab_size(c, 3));
    gg_close(&f);
}

static void op_set_str(struct lab_call *c)
{
    lab_return(c, 0,
               gg_set_str(lab_in(c, 0), lab_size(c, 0), text_of(c, 1), text_of(c, 2), lab_out(c, 3),
                          lab_size(c, 3)));
}

const struct lab_op lab_ops[] = {
    [OP_OPEN] = {"open", op_open},          [OP_PROBE] = {"probe", op_probe},
    [OP_QUERY] = {"query", op_query},       [OP_STRINGS] = {"strings", op_strings},
    [OP_SET_STR] = {"set_str", op_set_str},
};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
