/* Rows of quantised weights from beyond the caches: restored into a buffer that stays in the first
 * cache, as a matrix product would, and multiplied with activations that stay there. For the types
 * in `common` also restored to memory, as a converter would, and as a matrix times a vector of
 * floats, which is quantised first. And activations quantised. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/reference/bench.h"
#include "reference/quant/kernels.h"

/* A row as long as its 32-bit floats fill the hot buffer, and some 8 MB of rows a run. */
enum { ROW = BENCH_HOT_BYTES / 4, RUN_BYTES = 8 << 20 };

struct work {
    const struct bench *bench;
    const struct ref_quant_kernels *rung;
    const struct ref_quant_type *type;
    size_t row_bytes, rows;
    bool cached; /* the same row over and over */
    const void *activations;
    float *out;
    const float *vector; /* of a matrix times a vector */
    uint8_t *memory;     /* of a restored matrix: BENCH_COLD_BYTES */
};

static void run_dequantize(void *context, size_t turn)
{
    const struct work *w = context;
    const uint8_t *row = bench_window(w->bench, w->rows * w->row_bytes, turn);
    for (size_t r = 0; r < w->rows; r++, row += w->cached ? 0 : w->row_bytes)
        w->rung->dequantize[w->type->id](row, ROW, w->out);
}

static void run_dot(void *context, size_t turn)
{
    const struct work *w = context;
    const uint8_t *row = bench_window(w->bench, w->rows * w->row_bytes, turn);
    for (size_t r = 0; r < w->rows; r++, row += w->cached ? 0 : w->row_bytes)
        w->out[r % ROW] = w->rung->dot[w->type->id](row, w->activations, ROW);
}

/* To rows of their own, beyond the caches too. */
static void run_restore(void *context, size_t turn)
{
    const struct work *w = context;
    const size_t bytes = w->rows * sizeof(float) * ROW;
    const uint8_t *row = bench_window(w->bench, w->rows * w->row_bytes, turn);
    float *out = (float *)(void *)bench_window_of(w->memory, bytes, turn);
    for (size_t r = 0; r < w->rows; r++, row += w->row_bytes, out += ROW)
        w->rung->dequantize[w->type->id](row, ROW, out);
}

/* A vector of floats, quantised to the partner, and then all rows. */
static void run_matvec(void *context, size_t turn)
{
    const struct work *w = context;
    static uint32_t activations[ROW];
    w->rung->quantize[w->type->partner](w->vector, ROW, activations);
    const uint8_t *row = bench_window(w->bench, w->rows * w->row_bytes, turn);
    for (size_t r = 0; r < w->rows; r++, row += w->cached ? 0 : w->row_bytes)
        w->out[r % ROW] = w->rung->dot[w->type->id](row, activations, ROW);
}

/* The other way round: floats from beyond the caches, blocks to the hot buffer. */
static void run_quantize(void *context, size_t turn)
{
    const struct work *w = context;
    const uint8_t *x = bench_window(w->bench, w->rows * sizeof(float) * ROW, turn);
    for (size_t r = 0; r < w->rows; r++, x += w->cached ? 0 : sizeof(float) * ROW)
        w->rung->quantize[w->type->id]((const float *)(const void *)x, ROW, w->out);
}

/* The rungs of this machine, each with two contexts of its own. */
static void add_rungs(struct bench_case *c, struct work works[2 * REF_ISAS],
                      const struct work *like, void (*run)(void *, size_t))
{
    for (int isa = 0; isa < REF_ISAS; isa++) {
        const struct ref_quant_kernels *rung = ref_quant_kernels_for((enum ref_isa)isa);
        if (!rung)
            continue;
        struct work *cold = &works[2 * isa], *cached = cold + 1;
        *cold = *like;
        cold->rung = rung;
        *cached = *cold;
        cached->cached = true;
        c->rungs[c->n_rungs++] =
            (struct bench_rung){ref_isa_name((enum ref_isa)isa), run, cold, cached};
    }
}

static size_t row_bytes(const struct ref_quant_type *type)
{
    return (size_t)ROW / type->weights * type->bytes;
}

/* An exponent is a byte of its own in MXFP4: without this most scales were subnormal or huge. */
static void tame_exponents(const struct work *w)
{
    for (size_t turn = 0; turn < BENCH_COLD_BYTES / (w->rows * w->row_bytes); turn++) {
        uint8_t *rows = bench_window(w->bench, w->rows * w->row_bytes, turn);
        for (size_t at = 0; at < w->rows * w->row_bytes; at += w->type->bytes)
            rows[at] = (uint8_t)(120 + rows[at] % 8);
    }
}

static void bench_dequantize(const struct work *like, const char *type)
{
    char name[32];
    struct work works[2 * REF_ISAS];
    const size_t bytes = like->rows * like->row_bytes, weights = like->rows * ROW;
    snprintf(name, sizeof name, "dequantize %s", type);
    struct bench_case c = {
        .name = name, .bytes = (double)bytes, .loads = bytes, .stores = sizeof(float) * weights};
    add_rungs(&c, works, like, run_dequantize);
    bench_run(like->bench, &c);
}

static void bench_dot(const struct work *like, const char *type)
{
    char name[32];
    struct work works[2 * REF_ISAS];
    const size_t bytes = like->rows * like->row_bytes, weights = like->rows * ROW;
    snprintf(name, sizeof name, "dot %s", type);
    struct bench_case c = {
        .name = name, .bytes = (double)bytes, .loads = bytes, .flops = 2.0 * (double)weights};
    add_rungs(&c, works, like, run_dot);
    bench_run(like->bench, &c);
}

/* 32 MB of weights. */
static void bench_matvec(const struct work *like, const char *type)
{
    char name[32];
    struct work works[2 * REF_ISAS], matrix = *like;
    matrix.rows *= 4;
    const size_t bytes = matrix.rows * matrix.row_bytes;
    snprintf(name, sizeof name, "matvec %s", type);
    struct bench_case c = {.name = name,
                           .bytes = (double)bytes,
                           .loads = bytes,
                           .flops = 2.0 * (double)(matrix.rows * ROW)};
    add_rungs(&c, works, &matrix, run_matvec);
    bench_run(like->bench, &c);
}

/* GB/s of what is read and written together. */
static void bench_restore(const struct work *like, const char *type)
{
    char name[32];
    struct work works[2 * REF_ISAS];
    const size_t in = like->rows * like->row_bytes, out = like->rows * sizeof(float) * ROW;
    snprintf(name, sizeof name, "restore %s to memory", type);
    struct bench_case c = {
        .name = name, .bytes = (double)(in + out), .loads = in, .stores = out, .out = like->memory};
    add_rungs(&c, works, like, run_restore);
    for (size_t r = 0; r < c.n_rungs; r++)
        c.rungs[r].cached = NULL;
    bench_run(like->bench, &c);
}

static void bench_quantize(const struct work *like, const char *type)
{
    char name[32];
    struct work works[2 * REF_ISAS];
    const size_t bytes = like->rows * sizeof(float) * ROW;
    snprintf(name, sizeof name, "quantize %s", type);
    struct bench_case c = {.name = name, .bytes = (double)bytes, .loads = bytes};
    add_rungs(&c, works, like, run_quantize);
    bench_run(like->bench, &c);
}

/* Any bytes are blocks; these keep scales of all formats finite and of a size: no byte has its
 * second highest bit, which is where exponents grow. */
static void fill_with_blocks(const struct bench *bench)
{
    uint64_t s = 1;
    for (size_t i = 0; i < BENCH_COLD_BYTES; i += sizeof s) {
        s = s * 6364136223846793005u + 1442695040888963407u;
        const uint64_t bytes = (s ^ s >> 32) & 0xbfbfbfbfbfbfbfbfu;
        memcpy(bench->cold + i, &bytes, sizeof bytes);
    }
}

static void fill_with_floats(const struct bench *bench)
{
    uint64_t s = 1;
    for (size_t i = 0; i < BENCH_COLD_BYTES; i += sizeof(float)) {
        s = s * 6364136223846793005u + 1442695040888963407u;
        const float x = (float)(int32_t)(s >> 32) * 0x1p-31f;
        memcpy(bench->cold + i, &x, sizeof x);
    }
}

static const uint32_t ids[] = {
#define TYPE(NAME, format, id, weights, bytes, partner) REF_##NAME,
#include "reference/quant/quant_type.def"
#undef TYPE
};
enum { TYPES = sizeof ids / sizeof ids[0] };

static bool is_common(uint32_t id)
{
    return id == REF_F16 || id == REF_Q4_0 || id == REF_Q8_0 || id == REF_Q4_K || id == REF_Q6_K;
}

static void bench_type(struct work *w)
{
    const struct ref_quant_type *type = w->type;
    w->row_bytes = row_bytes(type);
    w->rows = RUN_BYTES / w->row_bytes;
    if (type->id == REF_MXFP4)
        tame_exponents(w);
    bench_dequantize(w, type->name);
    if (type->partner != REF_NONE)
        bench_dot(w, type->name);
    if (is_common(type->id)) {
        bench_matvec(w, type->name);
        bench_restore(w, type->name);
    }
}

static void bench_blocks(const struct bench *bench)
{
    static float activations[ROW];
    float *vector = bench_floats(ROW), *memory = bench_floats(BENCH_COLD_BYTES / sizeof(float));
    fill_with_blocks(bench);
    memcpy(activations, bench->cold, sizeof activations);
    for (size_t t = 0; t < TYPES; t++) {
        struct work w = {.bench = bench,
                         .type = ref_quant_find(ids[t]),
                         .activations = activations,
                         .out = bench->hot,
                         .vector = vector,
                         .memory = (uint8_t *)memory};
        bench_type(&w);
    }
    free(vector);
    free(memory);
}

void bench_quant(const struct bench *bench)
{
    bench_blocks(bench);
    fill_with_floats(bench);
    for (size_t t = 0; t < TYPES; t++) {
        const struct ref_quant_type *type = ref_quant_find(ids[t]);
        const struct work w = {.bench = bench,
                               .type = type,
                               .row_bytes = row_bytes(type),
                               .rows = RUN_BYTES / (sizeof(float) * ROW),
                               .out = bench->hot};
        if (ref_quant_kernels_for(REF_ISA_SCALAR)->quantize[type->id])
            bench_quantize(&w, type->name);
    }
}
