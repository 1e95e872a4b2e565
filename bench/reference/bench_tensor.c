/* Matrix products, rows and attention. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/reference/bench.h"
#include "reference/attention/flash.h"
#include "reference/tensor/gemm.h"

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

static float *floats(size_t n)
{
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    if (x == NULL) {
        fprintf(stderr, "bench_reference: no memory for %zu floats\n", n);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < n; i++)
        x[i] = sinf((float)(i % 4093));
    return x;
}

static void bench_product(const struct bench *bench, size_t m, size_t n, size_t k)
{
    char name[48];
    snprintf(name, sizeof name, "F32 %zu x %zu x %zu", m, n, k);
    const struct product like = {.m = m,
                                 .n = n,
                                 .k = k,
                                 .a = floats(m * k),
                                 .b = floats(n * k),
                                 .c = floats(m * n),
                                 .scratch = floats(REF_GEMM_SCRATCH)};
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

/* ---- rows ---- */

enum { ROW = 4096, ROWS = 64 };

struct row_work {
    const struct ref_row_kernels *rung;
    float *x, *y, *w;
};

static void run_norm(void *context, size_t turn)
{
    const struct row_work *r = context;
    (void)turn;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->rms_norm(r->y, r->x + i * ROW, r->w, ROW, 1e-5f);
}

static void run_softmax(void *context, size_t turn)
{
    const struct row_work *r = context;
    (void)turn;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->softmax(r->y, r->x + i * ROW, NULL, ROW, 1);
}

static void run_swiglu(void *context, size_t turn)
{
    const struct row_work *r = context;
    (void)turn;
    for (size_t i = 0; i < ROWS; i++)
        r->rung->swiglu(r->y, r->x + i * ROW, r->w, ROW);
}

static void bench_rows(const struct bench *bench)
{
    static const struct {
        const char *name;
        void (*run)(void *, size_t);
    } kinds[] = {{"rms_norm 64 x 4096", run_norm},
                 {"softmax 64 x 4096", run_softmax},
                 {"swiglu 64 x 4096", run_swiglu}};
    const struct row_work like = {.x = floats(ROW * ROWS), .y = floats(ROW), .w = floats(ROW)};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct row_work works[REF_ISAS];
        struct bench_case c = {.name = kinds[i].name,
                               .bytes = sizeof(float) * ROW * ROWS,
                               .stores = sizeof(float) * ROW * ROWS};
        for (int isa = 0; isa < REF_ISAS; isa++) {
            works[isa] = like;
            works[isa].rung = ref_row_kernels_for((enum ref_isa)isa);
            if (works[isa].rung != NULL)
                c.rungs[c.n_rungs++] = (struct bench_rung){ref_isa_name((enum ref_isa)isa),
                                                           kinds[i].run, &works[isa], NULL};
        }
        bench_run(bench, &c);
    }
    free(like.x);
    free(like.y);
    free(like.w);
}

/* ---- attention: the textbook's way against tiles, with the same rung ---- */

struct attention_work {
    struct ref_attention a;
    size_t n;
    const struct ref_row_kernels *rows;
    const struct ref_quant_kernels *quant;
    float *q, *k, *v, *mask, *scores, *out, *scratch;
};

/* All scores of a head at once, then all weights, then all sums. */
static void run_naive(void *context, size_t turn)
{
    const struct attention_work *w = context;
    const size_t d = (size_t)w->a.d_k, heads = (size_t)w->a.heads, n = w->n;
    (void)turn;
    for (size_t h = 0; h < heads; h++) {
        for (size_t i = 0; i < n; i++)
            w->rows->dots(w->q + (i * heads + h) * d, w->k + h * d, heads * d, d, n,
                          w->scores + i * n);
        for (size_t i = 0; i < n; i++)
            w->rows->softmax(w->scores + i * n, w->scores + i * n, w->mask + i * n, n, w->a.scale);
        for (size_t i = 0; i < n; i++)
            w->rows->mix(w->out + (i * heads + h) * d, 0, w->scores + i * n, w->v + h * d,
                         heads * d, d, n);
    }
}

static void run_flash(void *context, size_t turn)
{
    const struct attention_work *w = context;
    (void)turn;
    ref_flash(w->rows, w->quant, &w->a, w->q, w->n, w->k, w->v, w->n, w->mask, w->scratch, w->out);
}

static void bench_attention(const struct bench *bench, size_t n, bool causal)
{
    char name[48];
    enum { HEADS = 4, D = 64 };
    snprintf(name, sizeof name, "attention %zu tokens%s", n, causal ? ", causal" : "");
    const struct ref_attention a = {HEADS, HEADS, D, D, REF_F32, REF_F32, 0.125f, 0};
    struct attention_work w = {.a = a,
                               .n = n,
                               .rows = ref_row_kernels_for(ref_isa_best()),
                               .quant = ref_quant_kernels_for(ref_isa_best()),
                               .q = floats(n * HEADS * D),
                               .k = floats(n * HEADS * D),
                               .v = floats(n * HEADS * D),
                               .mask = floats(n * n),
                               .scores = floats(n * n),
                               .out = floats(n * HEADS * D),
                               .scratch = floats(ref_flash_scratch(&a))};
    for (size_t i = 0; i < n * n; i++)
        w.mask[i] = causal && i % n > i / n ? -INFINITY : 0;
    const struct bench_case c = {
        .name = name,
        .flops = 4.0 * (double)(n * n * HEADS * D) * (causal ? 0.5 : 1),
        .fmas = n * n * HEADS * D * 2 / (causal ? 2 : 1),
        .n_rungs = 2,
        .rungs = {{"naive", run_naive, &w, NULL}, {"flash", run_flash, &w, NULL}}};
    bench_run(bench, &c);
    float *const all[] = {w.q, w.k, w.v, w.mask, w.scores, w.out, w.scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

void bench_tensor(const struct bench *bench)
{
    bench_product(bench, 768, 384, 512);
    bench_product(bench, 2048, 256, 2048);
    bench_rows(bench);
    for (size_t n = 64; n <= 1024; n *= 4) {
        bench_attention(bench, n, true);
        bench_attention(bench, n, false);
    }
}
