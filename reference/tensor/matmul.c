#include "reference/tensor/matmul.h"

#include "reference/quant/quant.h"

static enum err_code check_types(const struct ref_view *dst, const struct ref_view *a,
                                 const struct ref_view *b, struct err *why)
{
    if (dst->type != REF_F32 || a->type != REF_F32 || b->type != REF_F32)
        return err_set(why, ERR_UNSUPPORTED, "types %u = %u x %u: expected F32", dst->type, a->type,
                       b->type);
    if (a->nb[0] != sizeof(float) || b->nb[0] != sizeof(float) || !ref_view_contiguous(dst))
        return err_set(
            why, ERR_INVALID,
            "rows of a and b must be whole, and the result without gaps: copy them first");
    return OK;
}

enum err_code ref_matmul_check(const struct ref_view *dst, const struct ref_view *a,
                               const struct ref_view *b, struct err *why)
{
    const enum err_code rc = check_types(dst, a, b, why);
    if (rc != OK)
        return rc;
    if (a->ne[0] != b->ne[0])
        return err_set(why, ERR_INVALID, "rows of a have %lld elements, those of b %lld",
                       (long long)a->ne[0], (long long)b->ne[0]);
    if (dst->ne[0] != a->ne[1] || dst->ne[1] != b->ne[1])
        return err_set(why, ERR_INVALID, "the result is %lld x %lld: expected %lld x %lld",
                       (long long)dst->ne[0], (long long)dst->ne[1], (long long)a->ne[1],
                       (long long)b->ne[1]);
    for (int i = 2; i < REF_DIMS; i++) {
        if (dst->ne[i] != b->ne[i])
            return err_set(why, ERR_INVALID, "batches: %lld in the result, %lld in b",
                           (long long)dst->ne[i], (long long)b->ne[i]);
        if (b->ne[i] > 0 && (a->ne[i] <= 0 || b->ne[i] % a->ne[i] != 0))
            return err_set(why, ERR_INVALID, "batches: %lld of a do not divide %lld of b",
                           (long long)a->ne[i], (long long)b->ne[i]);
    }
    return OK;
}

double ref_dot_f32(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static void multiply_batch(const struct ref_view *dst, const struct ref_view *a,
                           const struct ref_view *b, int64_t i2, int64_t i3)
{
    const int64_t a2 = i2 / (b->ne[2] / a->ne[2]), a3 = i3 / (b->ne[3] / a->ne[3]);
    for (int64_t n = 0; n < b->ne[1]; n++) {
        float *out = ref_view_row(dst, n, i2, i3);
        const float *y = ref_view_row(b, n, i2, i3);
        for (int64_t m = 0; m < a->ne[1]; m++)
            out[m] = (float)ref_dot_f32(ref_view_row(a, m, a2, a3), y, (size_t)a->ne[0]);
    }
}

enum err_code ref_matmul(const struct ref_view *dst, const struct ref_view *a,
                         const struct ref_view *b, struct err *why)
{
    const enum err_code rc = ref_matmul_check(dst, a, b, why);
    if (rc != OK)
        return rc;
    for (int64_t i3 = 0; i3 < b->ne[3]; i3++)
        for (int64_t i2 = 0; i2 < b->ne[2]; i2++)
            multiply_batch(dst, a, b, i2, i3);
    return OK;
}
