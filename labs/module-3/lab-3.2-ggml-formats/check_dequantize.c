/* The groups dq-legacy and dq-k: rows of random blocks, restored exactly. */
#include <string.h>

#include "check_formats.h"
#include "ops.h"

/* A copy of the output in which zeros have no sign. */
static float *restored(struct check *k, const struct call *c, size_t n)
{
    float *actual = check_alloc(k, n * sizeof *actual + 1);
    memcpy(actual, call_bytes(c, 2), n * sizeof *actual);
    canonical_zeros(actual, n);
    return actual;
}

static struct call *dequantize_call(struct check *k, uint32_t type, const uint8_t *row,
                                    size_t bytes, size_t skew, size_t n)
{
    struct call *c = check_call(k, OP_DEQUANTIZE);
    call_i64(c, type);
    call_in_skewed(c, row, bytes, skew);
    call_out(c, n * sizeof(float));
    call_i64(c, (int64_t)n);
    return c;
}

void judge_dequantize(struct check *k, uint32_t type, const uint8_t *row, size_t n, size_t skew)
{
    float *want = check_alloc(k, n * sizeof *want + 1);
    truth_dequantize(type, row, want, n);
    canonical_zeros(want, n);
    struct call *c = dequantize_call(k, type, row, row_bytes(type, n), skew, n);
    if (!call_run(c) || !check_i64(k, "qt_dequantize", 0, call_result(c, 0)))
        return;
    const float *actual = restored(k, c, n);
    if (check_f32(k, "dst", want, actual, n))
        return;
    if (ref_quant_find(type)->weights == 256)
        suspect_restore_k(k, type, row, actual, n);
    else
        suspect_restore(k, type, row, actual, n);
}

/* ---- rows that shrink: to fewer blocks, to the last of them, to a plain scale, to fewer codes
 * ---- */

enum { ROW_TYPE, ROW_SCALES, ROW_SKEW, ROW_WHAT };                  /* fixed */
enum { ROW_BLOCKS, ROW_LAST, ROW_RANDOM_SCALES, ROW_RANDOM_BYTES }; /* sizes */

struct row_kind {
    size_t blocks, skew;
    enum scales_kind scales;
    const char *what;
};

static const struct row_kind row_kinds[] = {
    {1, 0, SCALES_ANY, "random bytes"},
    {1, 0, SCALES_ORDINARY, "ordinary scales"},
    {2, 1, SCALES_ANY, "random bytes at an odd address"},
    {7, 0, SCALES_SUBNORMAL, "subnormal and zero scales"},
    {13, 3, SCALES_ANY, "random bytes at an odd address"},
    {64, 0, SCALES_ANY, "random bytes"},
};

static void restore(struct check *k, const struct check_shape *s)
{
    const uint32_t type = (uint32_t)s->fixed[ROW_TYPE];
    const size_t made = (size_t)s->size[ROW_BLOCKS], blocks = last_of(made, s->size[ROW_LAST]);
    const size_t n = blocks * ref_quant_find(type)->weights;
    const size_t keep = (size_t)s->size[ROW_RANDOM_BYTES];
    const bool plain = s->size[ROW_RANDOM_SCALES] == 0;
    check_case(k, "restore %s, %zu block%s, %s%s%s", type_name(type), blocks,
               blocks == 1 ? "" : "s", row_kinds[s->fixed[ROW_WHAT]].what, plain ? ", scale 1" : "",
               keep < ref_quant_find(type)->bytes
                   ? check_printf(k, ", codes 0 from byte %zu on", keep)
                   : "");
    uint8_t *row = check_alloc(k, made * ref_quant_find(type)->bytes);
    fill_row(check_rng(k), type, (enum scales_kind)s->fixed[ROW_SCALES], row,
             made * ref_quant_find(type)->weights);
    row += (made - blocks) * ref_quant_find(type)->bytes;
    if (plain)
        plain_scales(type, row, n);
    keep_codes(type, row, n, keep);
    judge_dequantize(k, type, row, n, (size_t)s->fixed[ROW_SKEW]);
}

static void random_rows(struct check *k, uint32_t type)
{
    const size_t count = sizeof row_kinds / sizeof row_kinds[0] - (check_sanitizing(k) ? 1 : 0);
    for (size_t i = 0; i < count; i++) {
        const struct row_kind *kind = &row_kinds[i];
        const struct check_shape shape = {
            .fixed = {[ROW_TYPE] = type,
                      [ROW_SCALES] = (int64_t)kind->scales,
                      [ROW_SKEW] = (int64_t)kind->skew,
                      [ROW_WHAT] = (int64_t)i},
            .size = {[ROW_BLOCKS] = (int64_t)kind->blocks,
                     [ROW_LAST] = (int64_t)kind->blocks,
                     [ROW_RANDOM_SCALES] = 1,
                     [ROW_RANDOM_BYTES] = (int64_t)ref_quant_find(type)->bytes},
            .least = {[ROW_BLOCKS] = 1, [ROW_LAST] = 1}};
        check_shrinkable(k, restore, &shape);
    }
}

static void judge_row_sizes(struct check *k, uint32_t type)
{
    const int64_t weights = ref_quant_find(type)->weights;
    const int64_t bytes = ref_quant_find(type)->bytes;
    const struct {
        int64_t n, bytes;
    } table[] = {
        {weights, bytes}, {5 * weights, 5 * bytes}, {weights << 32, bytes << 32},
        {0, 0},           {weights / 2, 0},         {5 * weights + 1, 0},
        {-weights, 0},
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const char *what =
            check_printf(k, "qt_row_bytes(%s, %lld)", type_name(type), (long long)table[t].n);
        struct call *c = check_call(k, OP_ROW_BYTES);
        call_i64(c, type);
        call_i64(c, table[t].n);
        if (!call_run(c) || !check_i64(k, what, table[t].bytes, call_result(c, 0)))
            return;
    }
}

/* One weight too many: -1, and not a byte of dst changes. */
static void judge_refusal(struct check *k, uint32_t type)
{
    const size_t n = ref_quant_find(type)->weights + 1;
    uint8_t *row = check_alloc(k, n * 4);
    float *untouched = check_alloc(k, n * sizeof *untouched);
    memset(untouched, 0xaa, n * sizeof *untouched);
    struct call *c = dequantize_call(k, type, row, n * 4, 0, n);
    if (!call_run(c))
        return;
    const char *what = check_printf(k, "qt_dequantize(%s) of %zu weights", type_name(type), n);
    check_i64(k, what, -1, call_result(c, 0));
    if (!check_bytes(k, "dst", untouched, call_bytes(c, 2), n * sizeof *untouched))
        check_hint(
            k, "a refused call leaves dst as it was: look at type and n before the first write");
}

/* In one case with a block that has to come back, so that refusing everything earns nothing. */
static void sizes_and_refusals(struct check *k, uint32_t type)
{
    const size_t n = ref_quant_find(type)->weights;
    check_case(k, "%s: row sizes, one block, and a part of a block refused", type_name(type));
    uint8_t *row = check_alloc(k, row_bytes(type, n));
    fill_row(check_rng(k), type, SCALES_ORDINARY, row, n);
    judge_dequantize(k, type, row, n, 0);
    if (!check_failed(k))
        judge_row_sizes(k, type);
    if (!check_failed(k))
        judge_refusal(k, type);
}

void check_dq_legacy(struct check *k)
{
    for (int t = 0; t < N_LEGACY; t++) {
        check_part(k, type_name(legacy_types[t]), 1);
        random_rows(k, legacy_types[t]);
        sizes_and_refusals(k, legacy_types[t]);
    }
}

static void all_scales(struct check *k, const struct check_shape *s)
{
    const uint32_t type = (uint32_t)s->fixed[0];
    const size_t made = (size_t)s->size[0], blocks = last_of(made, s->size[1]);
    check_case(k, "restore %s, %zu block%s, every scale and minimum in every place",
               type_name(type), blocks, blocks == 1 ? "" : "s");
    uint8_t *row = check_alloc(k, row_bytes(type, 64 * 256));
    fill_all_scales(check_rng(k), type, row);
    judge_dequantize(k, type, row + (made - blocks) * ref_quant_find(type)->bytes, blocks * 256, 0);
}

void check_dq_k(struct check *k)
{
    static const struct {
        uint32_t type;
        double points;
    } parts[] = {{REF_Q4_K, 8}, {REF_Q5_K, 4}, {REF_Q6_K, 8}};
    for (size_t t = 0; t < sizeof parts / sizeof parts[0]; t++) {
        check_part(k, type_name(parts[t].type), parts[t].points);
        random_rows(k, parts[t].type);
        if (parts[t].type != REF_Q6_K && !check_sanitizing(k))
            check_shrinkable(
                k, all_scales,
                &(struct check_shape){.fixed = {parts[t].type}, .size = {64, 64}, .least = {1, 1}});
        sizes_and_refusals(k, parts[t].type);
    }
}
