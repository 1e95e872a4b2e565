#include "reference/quant/quant.h"

#include <assert.h>
#include <float.h>
#include <string.h>

#include "base/checked.h"
#include "reference/quant/codebook.h"
#include "reference/quant/f16.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"
#include "reference/quant/row.h"
#include "reference/quant/ternary.h"

static const struct ref_quant_type types[] = {
#define TYPE(NAME, format, id, weights, bytes, partner) {id, #NAME, weights, bytes, REF_##partner},
#include "reference/quant/quant_type.def"
#undef TYPE
};

const struct ref_quant_type *ref_quant_find(uint32_t id)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].id == id)
            return &types[i];
    return NULL;
}

enum err_code ref_quant_row_bytes(uint32_t id, uint64_t n, size_t *ret_bytes, struct err *why)
{
    const struct ref_quant_type *type = ref_quant_find(id);
    size_t bytes;
    if (!type)
        return err_set(why, ERR_UNSUPPORTED, "type %u is not one that we quantise", id);
    if (n % type->weights != 0)
        return err_set(why, ERR_INVALID, "%llu weights do not fill blocks of %u",
                       (unsigned long long)n, type->weights);
    if (ckd_mul(&bytes, n / type->weights, type->bytes))
        return err_set(why, ERR_TOO_LARGE, "%llu weights of type %s do not fit in memory",
                       (unsigned long long)n, type->name);
    *ret_bytes = bytes;
    return OK;
}

static size_t alignment_of(uint32_t id)
{
    switch (id) {
    case REF_F32:
    case REF_Q8_K:
        return 4;
    case REF_MXFP4:
        return 1;
    default:
        return 2;
    }
}

/* ---- the types without blocks, in the shape of the others ---- */

static enum err_code ref_f32_dequantize(const void *row, size_t n, float *ret_x, struct err *why)
{
    (void)why;
    memcpy(ret_x, row, n * sizeof(float));
    return OK;
}

static enum err_code ref_f32_quantize(const float *x, size_t n, void *ret_row, struct err *why)
{
    const enum err_code rc = ref_row_check(x, n, 1, FLT_MAX, why);
    if (rc == OK)
        memcpy(ret_row, x, n * sizeof(float));
    return rc;
}

static enum err_code ref_f16_dequantize(const uint16_t *row, size_t n, float *ret_x,
                                        struct err *why)
{
    (void)why;
    for (size_t i = 0; i < n; i++)
        ret_x[i] = ref_f16_to_f32(row[i]);
    return OK;
}

static enum err_code ref_f16_quantize(const float *x, size_t n, uint16_t *ret_row, struct err *why)
{
    const enum err_code rc = ref_row_check(x, n, 1, FLT_MAX, why);
    for (size_t i = 0; rc == OK && i < n; i++)
        ret_row[i] = ref_f16_from_f32(x[i]);
    return rc;
}

static enum err_code ref_bf16_dequantize(const uint16_t *row, size_t n, float *ret_x,
                                         struct err *why)
{
    (void)why;
    for (size_t i = 0; i < n; i++)
        ret_x[i] = ref_bf16_to_f32(row[i]);
    return OK;
}

static enum err_code ref_bf16_quantize(const float *x, size_t n, uint16_t *ret_row, struct err *why)
{
    const enum err_code rc = ref_row_check(x, n, 1, FLT_MAX, why);
    for (size_t i = 0; rc == OK && i < n; i++)
        ret_row[i] = ref_bf16_from_f32(x[i]);
    return rc;
}

enum err_code ref_quant_dequantize(uint32_t id, const void *row, size_t n, float *ret_x,
                                   struct err *why)
{
    size_t bytes;
    const enum err_code rc = ref_quant_row_bytes(id, n, &bytes, why);
    if (rc != OK)
        return rc;
    assert((uintptr_t)row % alignment_of(id) == 0);
    switch ((enum ref_quant_id)id) {
#define TYPE(NAME, format, id, weights, bytes, partner)                                            \
    case REF_##NAME:                                                                               \
        return ref_##format##_dequantize(row, n, ret_x, why);
#include "reference/quant/quant_type.def"
#undef TYPE
    }
    return err_set(why, ERR_INTERNAL, "type %u is in the table and not in the switch", id);
}

enum err_code ref_quant_quantize(uint32_t id, const float *x, size_t n, void *ret_row,
                                 struct err *why)
{
    size_t bytes;
    const enum err_code rc = ref_quant_row_bytes(id, n, &bytes, why);
    if (rc != OK)
        return rc;
    assert((uintptr_t)ret_row % alignment_of(id) == 0);
    switch ((enum ref_quant_id)id) {
#define TYPE(NAME, format, id, weights, bytes, partner)                                            \
    case REF_##NAME:                                                                               \
        return ref_##format##_quantize(x, n, ret_row, why);
#include "reference/quant/quant_type.def"
#undef TYPE
    }
    return err_set(why, ERR_INTERNAL, "type %u is in the table and not in the switch", id);
}
