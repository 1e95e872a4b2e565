/* Attention in the textbook's way against ref_flash(), both with the kernels of the best rung.
 *
 * The textbook's way holds all scores of a head. Before it, keys and values of a cache in fewer
 * bits become floats, once for each head. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/reference/bench.h"
#include "reference/attention/flash.h"

struct work {
    struct ref_attention a;
    size_t n_q, n_kv;
    const struct ref_row_kernels *rows;
    const struct ref_quant_kernels *quant;
    uint8_t *k, *v; /* the cache */
    float *q, *mask, *scores, *out, *scratch;
    float *k_floats, *v_floats; /* (n_kv, d) of one head */
};

static size_t head_bytes(const struct work *w)
{
    const struct ref_quant_type *t = ref_quant_find(w->a.type_k);
    return (size_t)w->a.d_k / t->weights * t->bytes;
}

/* Rows of one head as floats, and how far they are apart. */
static const float *floats_of(const struct work *w, const uint8_t *cache, size_t kv_head,
                              float *floats, size_t *ret_stride)
{
    const size_t d = (size_t)w->a.d_k, heads = (size_t)w->a.kv_heads, bytes = head_bytes(w);
    if (w->a.type_k == REF_F32) {
        *ret_stride = heads * d;
        return (const float *)(const void *)(cache + kv_head * bytes);
    }
    for (size_t j = 0; j < w->n_kv; j++)
        w->quant->dequantize[w->a.type_k](cache + (j * heads + kv_head) * bytes, d, floats + j * d);
    *ret_stride = d;
    return floats;
}

static void attend_naively(const struct work *w, size_t head, const float *k, size_t k_stride,
                           const float *v, size_t v_stride)
{
    const size_t d = (size_t)w->a.d_k, heads = (size_t)w->a.heads, n = w->n_kv;
    for (size_t i = 0; i < w->n_q; i++)
        w->rows->dots(w->q + (i * heads + head) * d, k, k_stride, d, n, w->scores + i * n);
    for (size_t i = 0; i < w->n_q; i++)
        w->rows->softmax(w->scores + i * n, w->scores + i * n,
                         w->mask != NULL ? w->mask + i * n : NULL, n, w->a.scale);
    for (size_t i = 0; i < w->n_q; i++)
        w->rows->mix(w->out + (i * heads + head) * d, 0, w->scores + i * n, v, v_stride, d, n);
}

static void run_naive(void *context, size_t turn)
{
    const struct work *w = context;
    const size_t group = (size_t)(w->a.heads / w->a.kv_heads);
    (void)turn;
    for (size_t g = 0; g < (size_t)w->a.kv_heads; g++) {
        size_t k_stride, v_stride;
        const float *k = floats_of(w, w->k, g, w->k_floats, &k_stride);
        const float *v = floats_of(w, w->v, g, w->v_floats, &v_stride);
        for (size_t h = g * group; h < (g + 1) * group; h++)
            attend_naively(w, h, k, k_stride, v, v_stride);
    }
}

static void run_flash(void *context, size_t turn)
{
    const struct work *w = context;
    (void)turn;
    ref_flash(w->rows, w->quant, &w->a, w->q, w->n_q, w->k, w->v, w->n_kv, w->mask, w->scratch,
              w->out);
}

static uint8_t *cache_of(const struct work *w)
{
    const size_t row = (size_t)w->a.kv_heads * (size_t)w->a.d_k;
    float *x = bench_floats(w->n_kv * row);
    uint8_t *rows = (uint8_t *)bench_floats(w->n_kv * row);
    const enum err_code rc = ref_quant_quantize(w->a.type_k, x, w->n_kv * row, rows, NULL);
    free(x);
    if (rc != OK)
        exit(EXIT_FAILURE);
    return rows;
}

static void bench_one(const struct bench *bench, const struct ref_attention *a, size_t n_q,
                      size_t n_kv, bool causal)
{
    char name[64];
    const size_t row = (size_t)a->heads * (size_t)a->d_k, unused = n_kv - n_q;
    snprintf(name, sizeof name, "%s %d:%d x %d, %zu/%zu%s", ref_quant_find(a->type_k)->name,
             a->heads, a->kv_heads, a->d_k, n_q, n_kv, causal ? ", causal" : "");
    struct work w = {.a = *a,
                     .n_q = n_q,
                     .n_kv = n_kv,
                     .rows = ref_row_kernels_for(ref_isa_best()),
                     .quant = ref_quant_kernels_for(ref_isa_best()),
                     .q = bench_floats(n_q * row),
                     .mask = causal ? bench_floats(n_q * n_kv) : NULL,
                     .scores = bench_floats(n_q * n_kv),
                     .out = bench_floats(n_q * row),
                     .scratch = bench_floats(ref_flash_scratch(a)),
                     .k_floats = bench_floats(n_kv * (size_t)a->d_k),
                     .v_floats = bench_floats(n_kv * (size_t)a->d_k)};
    w.k = cache_of(&w);
    w.v = cache_of(&w);
    size_t pairs = 0; /* of a query and a key that it sees */
    for (size_t i = 0; i < n_q; i++)
        for (size_t j = 0; j < n_kv; j++) {
            const bool hidden = causal && j > i + unused;
            pairs += !hidden;
            if (causal)
                w.mask[i * n_kv + j] = hidden ? -INFINITY : 0;
        }
    const struct bench_case c = {
        .name = name,
        .flops = 4.0 * (double)(pairs * row),
        .fmas = 2 * pairs * row,
        .n_rungs = 2,
        .rungs = {{"naive", run_naive, &w, NULL}, {"flash", run_flash, &w, NULL}}};
    bench_run(bench, &c);
    void *const all[] = {w.q, w.mask, w.scores, w.out, w.scratch, w.k_floats, w.v_floats, w.k, w.v};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

void bench_attention(const struct bench *bench)
{
    static const uint32_t types[] = {REF_F32, REF_F16, REF_Q8_0};
    static const size_t tokens[] = {64, 256, 1024};
    for (int d = 64; d <= 128; d *= 2)
        for (size_t t = 0; t < 3; t++)
            for (size_t i = 0; i < 3; i++)
                for (int causal = 0; causal < 2; causal++) {
                    const struct ref_attention a = {
                        4, 4, d, d, types[t], types[t], 1 / sqrtf((float)d), 0};
                    bench_one(bench, &a, tokens[i], tokens[i], causal);
                }
    const struct ref_attention grouped = {32, 8, 128, 128, REF_F16, REF_F16, 0.0883883f, 0};
    bench_one(bench, &grouped, 256, 256, true);
    bench_one(bench, &grouped, 1, 1024, true); /* a token is generated */
    bench_one(bench, &grouped, 8, 1024, true); /* or several are checked */
}
