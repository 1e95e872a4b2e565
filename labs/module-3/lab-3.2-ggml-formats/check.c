/* Lab 3.2, the trusted side: which groups there are, and the timed cases. */
#include <string.h>

#include "check_formats.h"
#include "ops.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"

static const struct lab_group groups[] = {
    {"dq-legacy", check_dq_legacy, .sanitize = true},
    {"q-legacy", check_q_legacy, .sanitize = true},
    {"q-legacy-hidden", check_q_legacy_hidden, .sanitize = true},
    {"dq-k", check_dq_k, .sanitize = true},
    {"q-k", check_q_k, .sanitize = true},
    {"edges", check_edges, .sanitize = true},
    {"convert", check_convert, .sanitize = false}, /* hygiene does, on weights that stay sane */
    {"hygiene", check_hygiene, .sanitize = true, .hygiene = true},
};

/* ---- timed: a quarter of a million weights, about what a second-level cache holds ---- */

enum { TIMED_WEIGHTS = 1 << 18 };
/* What a call reads and writes. */
#define TIMED_BYTES(format, weights)                                                               \
    ((double)TIMED_WEIGHTS / (weights) * (double)sizeof(struct ref_##format) +                     \
     (double)TIMED_WEIGHTS * sizeof(float))

static struct call *prepare(struct check *k, uint32_t type)
{
    const size_t bytes = row_bytes(type, TIMED_WEIGHTS);
    uint8_t *row = check_alloc(k, bytes);
    fill_row(check_rng(k), type, SCALES_ORDINARY, row, TIMED_WEIGHTS);
    struct call *c = check_call(k, OP_DEQUANTIZE);
    call_i64(c, type);
    call_in(c, row, bytes);
    call_out(c, TIMED_WEIGHTS * sizeof(float));
    call_i64(c, TIMED_WEIGHTS);
    return c;
}

static void verify(struct check *k, struct call *c, uint32_t type)
{
    float *want = check_alloc(k, TIMED_WEIGHTS * sizeof *want);
    truth_dequantize(type, call_input(c, 1), want, TIMED_WEIGHTS);
    check_i64(k, "qt_dequantize", 0, call_result(c, 0));
    if (memcmp(want, call_bytes(c, 2), TIMED_WEIGHTS * sizeof *want) == 0)
        return; /* else zeros of the other sign may be all that differs */
    float *actual = check_alloc(k, TIMED_WEIGHTS * sizeof *actual);
    memcpy(actual, call_bytes(c, 2), TIMED_WEIGHTS * sizeof *actual);
    canonical_zeros(want, TIMED_WEIGHTS);
    canonical_zeros(actual, TIMED_WEIGHTS);
    check_f32(k, "dst", want, actual, TIMED_WEIGHTS);
}

#define TIMED(NAME)                                                                                \
    static struct call *prepare_##NAME(struct check *k)                                            \
    {                                                                                              \
        return prepare(k, REF_##NAME);                                                             \
    }                                                                                              \
    static void verify_##NAME(struct check *k, struct call *c)                                     \
    {                                                                                              \
        verify(k, c, REF_##NAME);                                                                  \
    }
TIMED(Q4_0)
TIMED(Q8_0)
TIMED(Q4_K)
TIMED(Q6_K)

/* Floating-point operations of a weight: its scale times its integer, and in Q4_K less a minimum.
 */
#define TIMED_ROW(NAME, format, weights, operations)                                               \
    {                                                                                              \
        "dequantize " #NAME, prepare_##NAME, verify_##NAME,                                        \
            .work = 1e-9 * TIMED_BYTES(format, weights), .bytes = TIMED_BYTES(format, weights),    \
            .flops = (double)TIMED_WEIGHTS * (operations)                                          \
    }
static const struct lab_timed timed[] = {
    TIMED_ROW(Q4_0, q4_0, REF_LEGACY_WEIGHTS, 1),
    TIMED_ROW(Q8_0, q8_0, REF_LEGACY_WEIGHTS, 1),
    TIMED_ROW(Q4_K, q4_k, REF_K_WEIGHTS, 2),
    TIMED_ROW(Q6_K, q6_k, REF_K_WEIGHTS, 1),
};

const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], timed,
                                      sizeof timed / sizeof timed[0]};
