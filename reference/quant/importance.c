#include "reference/quant/importance.h"

#include "reference/quant/codebook.h"
#include "reference/quant/codes.h"
#include "reference/quant/important.h"
#include "reference/quant/quant.h"
#include "reference/quant/row.h"

static enum err_code check(const float *x, size_t n, size_t weights, const float *importance,
                           struct err *why)
{
    const enum err_code rc = ref_row_check(x, n, weights, REF_K_MAX, why);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (!(importance[i] >= 0.0f && importance[i] <= REF_IMPORTANCE_MAX)) /* nor NaN */
            return err_set(why, ERR_RANGE, "importance %zu is %g: it may be 0 to %g", i,
                           (double)importance[i], (double)REF_IMPORTANCE_MAX);
    return OK;
}

#define LEGACY_ROW(format)                                                                         \
    static enum err_code format##_row(const float *x, size_t n, const float *importance,           \
                                      struct ref_##format *ret, struct err *why)                   \
    {                                                                                              \
        const enum err_code rc = check(x, n, 32, importance, why);                                 \
        const float sigma2 = rc == OK ? ref_mean_square(n, x) : 0.0f;                              \
        for (size_t i = 0; rc == OK && i < n; i += 32)                                             \
            ref_##format##_important(x + i, importance + i, sigma2, &ret[i / 32]);                 \
        return rc;                                                                                 \
    }
LEGACY_ROW(q4_0)
LEGACY_ROW(q4_1)
LEGACY_ROW(q5_0)
LEGACY_ROW(q5_1)

#define K_ROW(format)                                                                              \
    static enum err_code format##_row(const float *x, size_t n, const float *importance,           \
                                      struct ref_##format *ret, struct err *why)                   \
    {                                                                                              \
        const enum err_code rc = check(x, n, 256, importance, why);                                \
        for (size_t i = 0; rc == OK && i < n; i += 256)                                            \
            ref_##format##_important(x + i, importance + i, &ret[i / 256]);                        \
        return rc;                                                                                 \
    }
K_ROW(q2_k)
K_ROW(q3_k)
K_ROW(q4_k)
K_ROW(q5_k)
K_ROW(q6_k)

#define IQ4_ROW(format, weights)                                                                   \
    static enum err_code format##_row(const float *x, size_t n, const float *importance,           \
                                      struct ref_##format *ret, struct err *why)                   \
    {                                                                                              \
        const enum err_code rc = importance ? check(x, n, weights, importance, why)                \
                                            : ref_row_check(x, n, weights, REF_IQ4_MAX, why);      \
        for (size_t i = 0; rc == OK && i < n; i += (weights))                                      \
            ref_##format##_search(x + i, importance ? importance + i : NULL, REF_IQ4_TRIES,        \
                                  &ret[i / (weights)]);                                            \
        return rc;                                                                                 \
    }
IQ4_ROW(iq4_nl, 32)
IQ4_ROW(iq4_xs, 256)

static enum err_code important(uint32_t id, const float *x, size_t n, const float *importance,
                               void *ret_row, struct err *why)
{
    switch (id) {
    case REF_Q4_0:
        return q4_0_row(x, n, importance, ret_row, why);
    case REF_Q4_1:
        return q4_1_row(x, n, importance, ret_row, why);
    case REF_Q5_0:
        return q5_0_row(x, n, importance, ret_row, why);
    case REF_Q5_1:
        return q5_1_row(x, n, importance, ret_row, why);
    case REF_Q2_K:
        return q2_k_row(x, n, importance, ret_row, why);
    case REF_Q3_K:
        return q3_k_row(x, n, importance, ret_row, why);
    case REF_Q4_K:
        return q4_k_row(x, n, importance, ret_row, why);
    case REF_Q5_K:
        return q5_k_row(x, n, importance, ret_row, why);
    case REF_Q6_K:
        return q6_k_row(x, n, importance, ret_row, why);
    case REF_IQ4_XS:
        return iq4_xs_row(x, n, importance, ret_row, why);
    default:
        return ref_quant_quantize(id, x, n, ret_row, why);
    }
}

enum err_code ref_quant_quantize_important(uint32_t id, const float *x, size_t n,
                                           const float *importance, void *ret_row, struct err *why)
{
    if (id == REF_IQ4_NL)
        return iq4_nl_row(x, n, importance, ret_row, why);
    return importance ? important(id, x, n, importance, ret_row, why)
                      : ref_quant_quantize(id, x, n, ret_row, why);
}
