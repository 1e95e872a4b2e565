/* Matrix products, of floats and of weights of all types, and operations on rows. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/reference/bench.h"
#include "reference/tensor/gemm.h"
#include "reference/tensor/rows.h"
#include "reference/tensor/weights.h"

/* ---- products ---- */

struct product {
    const struct ref_gemm *rung;
    size_t m, n, k;
    float *a, *b, *c, *scratch;
};

static void run_product(void *context, size_t turn)
{
    const struct product *p = context;
    (void)turn;
    ref_gemm(p->rung, p->m, p->n, p->k, p->a, p->k, p->b, p->k, p->c, p->m, p->scratch);
    bench_keep((uint64_t)p->c[0]);
}

static void bench_product(const struct bench *bench, size_t m, size_t n, size_t k)
{
    char name[48];
    snprintf(name, sizeof name, "F32 %zu x %zu x %zu", m, n, k);
    const struct product like = {.m = m,
                                 .n = n,
                                 .k = k,
                                 .a = bench_floats(m * k),
                                 .b = bench_floats(n * k),
                                 .c = bench_floats(m * n),
                                 .scratch = bench_floats(REF_GEMM_SCRATCH)};
    struct product works[REF_ISAS];
    struct bench_case c = {.name = name, .flops = 2.0 * (double)(m * n * k), .fmas = m * n * k};
    for (int isa = 0; isa < REF_ISAS; isa++) {
        works[isa] = like;
        works[isa].rung = ref_gemm_for((enum ref_isa)isa);
        if (works[isa].rung != NULL)
            c.rungs[c.n_rungs++] = (struct bench_rung){ref_isa_name((enum ref_isa)isa), run_product,
                                                       &works[isa], NULL};
    }
    bench_run(bench, &c);
    free(like.a);
    free(like.b);
    free(like.c);
    free(like.scratch);
}

/* ---- weights of a type, beyond the caches as a model's are ---- */

struct weights_work {
    const struct bench *bench;
    const struct ref_quant_kernels *kernels;
    struct ref_weights w;
    size_t n, bytes;
    float *x, *y, *scratch;
};

static void run_weights(void *context, size_t turn)
{
    const struct weights_work *work = context;
    struct ref_weights w = work->w;
    w.rows = bench_window(work->bench, work->bytes, turn);
    ref_weights_multiply(work->kernels, &w, work->x, work->n, work->scratch, work->y);
    bench_keep((uint64_t)work->y[0]);
}

static void bench_weights(const struct bench *bench, uint32_t type, size_t out, size_t in, size_t n)
{
    char name[48];
    size_t row, scratch;
    snprintf(name, sizeof name, "%s %zu x %zu, %zu", ref_quant_find(type)->name, out, in, n);
    struct ref_weights w = {.type = type, .out = out, .in = in};
    if (ref_quant_row_bytes(type, in, &row, NULL) != OK)
        return;
    w.row_bytes = row;
    if (ref_weights_scratch(&w, n, &scratch, NULL) != OK)
        return;
    const struct weights_work like = {.bench = bench,
                                      .w = w,
                                      .n = n,
                                      .bytes = out * row,
                                      .x = bench_floats(n * in),
                                      .y = bench_floats(n * out),
                                      .scratch = bench_floats(scratch / sizeof(float) + 16)};
    struct weights_work works[REF_ISAS];
    struct bench_case c = {.name = name,
                           .bytes = (double)(out * row),
                           .flops = 2.0 * (double)(out * in * n),
                           .loads = out * row,
                           .fmas = n > 1 ? out * in * n : 0};
    for (int isa = 0; isa < REF_ISAS; isa++) {
        works[isa] = like;
        works[isa].kernels = ref_quant_kernels_for((enum ref_isa)isa);
        if (works[isa].kernels != NULL)
            c.rungs[c.n_rungs++] = (struct bench_rung){ref_isa_name((enum ref_isa)isa), run_weights,
                                                       &works[isa], NULL};
    }
    bench_run(bench, &c);
    free(like.x);
    free(like.y);
    free(like.scratch);
}

static void bench_all_weights(const struct bench *bench)
{
    static const uint32_t types[] = {REF_F32,  REF_F16,  REF_BF16, REF_Q8_0,
                                     REF_Q4_0, REF_Q4_K, REF_Q6_K};
    memset(bench->cold, 0x3c, BENCH_COLD_BYTES); /* floats of 0.01, halves of 1: all finite */
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bench_weights(bench, types[i], 2048, 4096, 1);
        bench_weights(bench, types[i], 1024, 4096, 64);
    }
}

/* ---- rows ---- */

enum { ROW = 4096, ROWS = 512, HEADS = 32 };

struct row_work {
    const struct bench *bench;
    const struct ref_row_kernels *rung;
    bool cold; /* rows from beyond the caches, or one row over and over */
    float *x, *y, *w;
};

static float *row_of(const struct row_work *r, size_t i, size_t turn)
{
    if (!r->cold)
        return r->x;
    return (float *)(void *)bench_window(r->bench, sizeof(float) * ROW * ROWS, turn) + i * ROW;
}

static void run_rms_norm(void *context, size_t turn)
{
    const struct row_work *r = context;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->rms_norm(r->y, row_of(r, i, turn), r->w, ROW, 1e-5f);
}

static void run_layer_norm(void *context, size_t turn)
{
    const struct row_work *r = context;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->layer_norm(r->y, row_of(r, i, turn), r->w, r->w, ROW, 1e-5f);
}

static void run_softmax(void *context, size_t turn)
{
    const struct row_work *r = context;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->softmax(r->y, row_of(r, i, turn), NULL, ROW, 1);
}

static void run_swiglu(void *context, size_t turn)
{
    const struct row_work *r = context;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->swiglu(r->y, row_of(r, i, turn), r->w, ROW);
}

static void run_geglu(void *context, size_t turn)
{
    const struct row_work *r = context;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->geglu(r->y, row_of(r, i, turn), r->w, ROW);
}

/* In place: what is read is written too. */
static void run_rope(void *context, size_t turn, enum ref_rope_pairs pairs)
{
    const struct row_work *r = context;
    const struct ref_rope rope = {
        .pairs = pairs, .n_rot = ROW / HEADS, .base = 10000, .freq_scale = 1};
    for (size_t i = 0; i < ROWS; i++)
        r->rung->rope(&rope, row_of(r, i, turn), HEADS, ROW / HEADS, r->w, r->w + ROW / 2);
}

static void run_rope_norm(void *context, size_t turn)
{
    run_rope(context, turn, REF_ROPE_NORM);
}

static void run_rope_neox(void *context, size_t turn)
{
    run_rope(context, turn, REF_ROPE_NEOX);
}

static void bench_rows(const struct bench *bench)
{
    static const struct {
        const char *name;
        void (*run)(void *, size_t);
    } kinds[] = {{"rms_norm", run_rms_norm},     {"layer_norm", run_layer_norm},
                 {"softmax", run_softmax},       {"swiglu", run_swiglu},
                 {"geglu", run_geglu},           {"rope, neighbours", run_rope_norm},
                 {"rope, halves", run_rope_neox}};
    const struct row_work like = {.bench = bench,
                                  .cold = true,
                                  .x = bench_floats(ROW),
                                  .y = bench_floats(ROW),
                                  .w = bench_floats(ROW)};
    const size_t bytes = sizeof(float) * ROW * ROWS;
    memset(bench->cold, 0x3c, BENCH_COLD_BYTES);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct row_work works[2 * REF_ISAS], *at = works;
        struct bench_case c = {.name = kinds[i].name, .bytes = (double)bytes, .loads = bytes};
        for (int isa = 0; isa < REF_ISAS; isa++, at += 2) {
            at[0] = at[1] = like;
            at[0].rung = at[1].rung = ref_row_kernels_for((enum ref_isa)isa);
            at[1].cold = false;
            if (at[0].rung != NULL)
                c.rungs[c.n_rungs++] = (struct bench_rung){ref_isa_name((enum ref_isa)isa),
                                                           kinds[i].run, &at[0], &at[1]};
        }
        bench_run(bench, &c);
    }
    free(like.x);
    free(like.y);
    free(like.w);
}

void bench_tensor(const struct bench *bench)
{
    bench_product(bench, 768, 384, 512);
    bench_product(bench, 2048, 256, 2048);
    bench_all_weights(bench);
    bench_rows(bench);
}
