/* A tensor as ggml lays it out, and other looks at the same bytes.
 *
 * Four dimensions, the first varies fastest: element (i0, i1, i2, i3) of a type without blocks is
 * at data + i0*nb[0] + i1*nb[1] + i2*nb[2] + i3*nb[3]; strides count bytes. In a type with blocks
 * nb[0] is the size of a block, and only whole rows can be addressed. A matrix of PyTorch's shape
 * [out, in] has ne = {in, out, 1, 1}. Layout: struct ggml_tensor in ggml's include/ggml.h.
 *
 * A view does not own its bytes. A dimension of zero is legal: nothing is read or written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { REF_DIMS = 4 };

struct ref_view {
    uint32_t type; /* ggml's id: reference/quant/quant.h */
    int64_t ne[REF_DIMS];
    size_t nb[REF_DIMS];
    void *data;
};

/* A contiguous tensor over `size` bytes of the caller's.
 * ERR_UNSUPPORTED: the type. ERR_INVALID: a negative dimension, or a row that does not fill whole
 * blocks. ERR_TOO_LARGE: the size overflows, or is larger than `size`. */
MUST_CHECK enum err_code ref_view_of(uint32_t type, const int64_t ne[REF_DIMS], void *data,
                                     size_t size, struct ref_view *ret, struct err *why);

/* Elements; rows, which is elements without the first dimension. 0 when a dimension is. */
int64_t ref_view_elements(const struct ref_view *t);
int64_t ref_view_rows(const struct ref_view *t);

/* From the first byte to behind the last, gaps included: what ggml_nbytes tells. */
size_t ref_view_bytes(const struct ref_view *t);

/* Without gaps and in order. The stride of a dimension of size 1 does not matter. */
bool ref_view_contiguous(const struct ref_view *t);
bool ref_view_same_shape(const struct ref_view *a, const struct ref_view *b);

/* Axis i of `a` becomes axis to[i] of the result, as in ggml_permute. ERR_INVALID: `to` is no
 * permutation of 0 to 3; or axis 0 of a type with blocks would move. */
MUST_CHECK enum err_code ref_view_permute(const struct ref_view *a, const int to[REF_DIMS],
                                          struct ref_view *ret, struct err *why);

/* Elements `from` to `to` (which is not included) of dimension `dim`. ERR_RANGE: not inside.
 * ERR_INVALID: the dimension, or a cut through a block. */
MUST_CHECK enum err_code ref_view_slice(const struct ref_view *a, int dim, int64_t from, int64_t to,
                                        struct ref_view *ret, struct err *why);

/* The same elements in the same order under another shape. ERR_INVALID: `a` is not contiguous, the
 * number of elements differs, or a row would not fill whole blocks. */
MUST_CHECK enum err_code ref_view_reshape(const struct ref_view *a, const int64_t ne[REF_DIMS],
                                          struct ref_view *ret, struct err *why);

/* The address of the row (., i1, i2, i3). */
static inline void *ref_view_row(const struct ref_view *t, int64_t i1, int64_t i2, int64_t i3)
{
    return (char *)t->data + (size_t)i1 * t->nb[1] + (size_t)i2 * t->nb[2] + (size_t)i3 * t->nb[3];
}
