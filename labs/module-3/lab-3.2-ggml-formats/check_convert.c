/* The groups convert and hygiene. */
#include <string.h>

#include "check_formats.h"
#include "ops.h"

enum { MOST_TEMPORARIES = 64 * 1024 };

static const uint32_t all_types[] = {REF_F32,  REF_F16,  REF_Q4_0, REF_Q4_1, REF_Q5_0,
                                     REF_Q5_1, REF_Q8_0, REF_Q4_K, REF_Q5_K, REF_Q6_K};
enum { N_TYPES = sizeof all_types / sizeof all_types[0] };

/* ---- convert ---- */

/* What the target has to be. For the K-quants there is no one truth: it is what the learner's own
 * qt_quantize makes of the same weights. NULL: the case has failed. */
static const void *expected_row(struct check *k, uint32_t to, const float *x, size_t n)
{
    const size_t bytes = row_bytes(to, n);
    if (to != REF_Q4_K && to != REF_Q6_K) {
        uint8_t *want = check_alloc(k, bytes);
        truth_quantize(to, x, want, n);
        return want;
    }
    struct call *c = check_call(k, OP_QUANTIZE);
    call_i64(c, to);
    call_in(c, x, n * sizeof *x);
    call_show(c, CALL_SHOW_F32);
    call_out(c, bytes);
    call_i64(c, (int64_t)n);
    if (!call_run(c) || !check_i64(k, "qt_quantize", 0, call_result(c, 0)))
        return NULL;
    return call_bytes(c, 2);
}

/* The learner's own qt_quantize(qt_dequantize(row)). NULL: one of them failed. */
static const void *own_row(struct check *k, uint32_t from, const uint8_t *row, uint32_t to,
                           size_t n)
{
    struct call *c = check_call(k, OP_DEQUANTIZE);
    call_i64(c, from);
    call_in(c, row, row_bytes(from, n));
    call_out(c, n * sizeof(float));
    call_i64(c, (int64_t)n);
    if (!call_run(c))
        return NULL;
    const float *x = call_bytes(c, 2);
    c = check_call(k, OP_QUANTIZE);
    call_i64(c, to);
    call_in(c, x, n * sizeof *x);
    call_show(c, CALL_SHOW_F32);
    call_out(c, row_bytes(to, n));
    call_i64(c, (int64_t)n);
    return call_run(c) ? call_bytes(c, 2) : NULL;
}

static void hint_at_conversion(struct check *k, uint32_t from, const uint8_t *row, uint32_t to,
                               const void *actual, size_t n)
{
    const size_t bytes = row_bytes(to, n);
    if (from == to && memcmp(row, actual, bytes) == 0) {
        check_hint(k,
                   "%s to %s is no copy: blocks are restored and quantised again, and the largest "
                   "weight that is left may give another scale",
                   type_name(from), type_name(to));
        return;
    }
    const void *own = own_row(k, from, row, to, n);
    if (own != NULL && memcmp(own, actual, bytes) == 0)
        check_hint(k,
                   "qt_convert does what your two other functions do: the mistake is in "
                   "qt_dequantize of %s or in qt_quantize to %s",
                   type_name(from), type_name(to));
}

static void judge_temporaries(struct check *k, int64_t peak)
{
    if (peak <= MOST_TEMPORARIES)
        return;
    check_fail(k, "at most 64 KiB of temporaries",
               check_printf(k, "%lld bytes at once", (long long)peak));
    check_hint(k, "more than 64 KiB at once: convert piece by piece, 256 weights are a whole "
                  "number of blocks of any type");
}

enum { CONVERT_FROM, CONVERT_TO, CONVERT_SKEW }; /* fixed; the size is in pieces of 256 weights */

static void convert(struct check *k, const struct check_shape *s)
{
    const uint32_t from = (uint32_t)s->fixed[CONVERT_FROM], to = (uint32_t)s->fixed[CONVERT_TO];
    const size_t skew = (size_t)s->fixed[CONVERT_SKEW], n = 256 * (size_t)s->size[0];
    check_case(k, "convert %s to %s, %zu weights", type_name(from), type_name(to), n);
    const size_t bytes = row_bytes(to, n);
    uint8_t *row = check_alloc(k, row_bytes(from, n));
    float *x = check_alloc(k, n * sizeof *x);
    fill_row(check_rng(k), from, SCALES_ORDINARY, row, n);
    truth_dequantize(from, row, x, n);
    const void *want = expected_row(k, to, x, n);
    if (want == NULL)
        return;
    struct call *c = check_call(k, OP_CONVERT);
    call_i64(c, from);
    call_in_skewed(c, row, row_bytes(from, n), skew);
    call_i64(c, to);
    call_out_skewed(c, bytes, skew);
    call_i64(c, (int64_t)n);
    if (!call_run(c) || !check_i64(k, "qt_convert", 0, call_result(c, 0)))
        return;
    const void *actual = call_bytes(c, 3);
    judge_temporaries(k, call_result(c, 1));
    if (!check_bytes(k, "dst", want, actual, bytes))
        hint_at_conversion(k, from, row, to, actual, n);
}

static void convert_pieces(struct check *k, uint32_t from, uint32_t to, size_t pieces, size_t skew)
{
    check_shrinkable(k, convert,
                     &(struct check_shape){.fixed = {from, to, (int64_t)skew},
                                           .size = {(int64_t)pieces},
                                           .least = {1}});
}

/* Behind a pair that has to work, so that refusing everything earns nothing. */
static void refuse_q5_k(struct check *k)
{
    const size_t n = 256;
    convert_pieces(k, REF_Q4_0, REF_Q8_0, 1, 0);
    if (check_failed(k))
        return;
    uint8_t *row = check_alloc(k, n * 4);
    struct call *c = check_call(k, OP_CONVERT);
    call_i64(c, REF_F32);
    call_in(c, row, n * 4);
    call_i64(c, REF_Q5_K);
    call_out(c, row_bytes(REF_Q5_K, n));
    call_i64(c, (int64_t)n);
    if (call_run(c))
        check_i64(k, "qt_convert(F32 to Q5_K)", -1, call_result(c, 0));
}

void check_convert(struct check *k)
{
    static const uint32_t large[][2] = {
        {REF_Q8_0, REF_Q4_0}, {REF_Q4_K, REF_F16}, {REF_Q5_0, REF_Q8_0}};
    for (size_t f = 0; f < N_TYPES; f++)
        for (size_t t = 0; t < N_TYPES; t++)
            if (all_types[t] != REF_Q5_K)
                convert_pieces(k, all_types[f], all_types[t], 1 + (f + t) % 3, (f ^ t) % 2);
    refuse_q5_k(k);
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        convert_pieces(k, large[i][0], large[i][1], (1 << 20) / 256, 0);
}

/* ---- hygiene: nothing is compared, the sanitizers judge ---- */

/* Whatever is returned is fine here; a crash, an overrun or a finding of a sanitizer is not. */
static void just_run(struct check *k, uint32_t op, uint32_t type, const void *in, size_t in_bytes,
                     size_t in_skew, size_t out_bytes, size_t out_skew, int64_t n)
{
    (void)k;
    struct call *c = check_call(k, op);
    call_i64(c, type);
    call_in_skewed(c, in, in_bytes, in_skew);
    call_out_skewed(c, out_bytes, out_skew);
    call_i64(c, n);
    call_run(c);
}

static void odd_addresses(struct check *k, uint32_t type)
{
    const size_t n = 512, bytes = row_bytes(type, n);
    check_case(k, "%s at odd addresses", type_name(type));
    uint8_t *row = check_alloc(k, bytes);
    float *x = check_alloc(k, n * sizeof *x);
    for (size_t skew = 0; skew < 4; skew++) {
        fill_row(check_rng(k), type, SCALES_ANY, row, n);
        just_run(k, OP_DEQUANTIZE, type, row, bytes, skew, n * sizeof *x, 0, (int64_t)n);
        fill_weights(check_rng(k), WEIGHTS_OUTLIERS, x, n);
        just_run(k, OP_QUANTIZE, type, x, n * sizeof *x, 0, bytes, skew, (int64_t)n);
    }
}

/* From float to the type, so that a misread block cannot make a NaN that a right quantiser then
 * casts: one mistake is not charged twice. */
static void conversions(struct check *k, uint32_t type)
{
    const size_t n = 1024;
    check_case(k, "conversion to %s", type_name(type));
    float *x = check_alloc(k, n * sizeof *x);
    for (size_t skew = 0; skew < 2; skew++) {
        fill_weights(check_rng(k), WEIGHTS_LAPLACE, x, n);
        struct call *c = check_call(k, OP_CONVERT);
        call_i64(c, REF_F32);
        call_in_skewed(c, x, n * sizeof *x, skew);
        call_i64(c, type);
        call_out_skewed(c, row_bytes(type, n), skew);
        call_i64(c, (int64_t)n);
        call_run(c);
    }
}

static void no_weights(struct check *k, uint32_t type)
{
    const float nothing = 0.0f;
    check_case(k, "%s, no weights and fewer than none", type_name(type));
    for (int64_t n = 0; n >= -256; n -= 256) {
        just_run(k, OP_DEQUANTIZE, type, &nothing, 0, 0, 0, 0, n);
        just_run(k, OP_QUANTIZE, type, &nothing, 0, 0, 0, 0, n);
    }
}

static void unknown_types(struct check *k)
{
    static const uint32_t unknown[] = {4, 5, 9, 10, 15, 30, 255, 0x7fffffff, 0xffffffff};
    const float x[256] = {0};
    check_case(k, "types that a table does not have");
    for (size_t t = 0; t < sizeof unknown / sizeof unknown[0]; t++) {
        just_run(k, OP_DEQUANTIZE, unknown[t], x, sizeof x, 0, sizeof x, 0, 256);
        just_run(k, OP_QUANTIZE, unknown[t], x, sizeof x, 0, sizeof x, 0, 256);
    }
}

void check_hygiene(struct check *k)
{
    for (size_t t = 0; t < N_TYPES; t++) {
        odd_addresses(k, all_types[t]);
        conversions(k, all_types[t]);
        no_weights(k, all_types[t]);
    }
    unknown_types(k);
}
