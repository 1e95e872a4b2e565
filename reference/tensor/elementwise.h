/* Operations of one element with one element, over tensors of any strides.
 *
 * In the binary ones b is repeated into the shape of a: element (i0, ...) meets b's element
 * (i0 % b->ne[0], ...). That is broadcasting by modulo, as ggml_can_repeat allows it; the batches
 * of a matrix product are broadcast by division instead (matmul.h). */
#pragma once

#include "reference/tensor/view.h"

enum ref_binary { REF_ADD, REF_SUB, REF_MUL, REF_DIV };

/* dst = a op b in float32, one rounding an element. dst may be exactly a or, where the shapes are
 * equal, exactly b. ERR_UNSUPPORTED: a type other than F32. ERR_INVALID: dst has not a's shape, or
 * b does not repeat into it. */
MUST_CHECK enum err_code ref_tensor_binary(enum ref_binary op, const struct ref_view *dst,
                                           const struct ref_view *a, const struct ref_view *b,
                                           struct err *why);

/* dst = x * scale + bias, in float32: two roundings. dst may be x. Errors as above. */
MUST_CHECK enum err_code ref_tensor_scale(const struct ref_view *dst, const struct ref_view *x,
                                          float scale, float bias, struct err *why);

/* Copies element by element between F32, F16 and BF16; rounds to the nearest, ties to even.
 * ERR_UNSUPPORTED: another type. ERR_INVALID: the shapes differ. */
MUST_CHECK enum err_code ref_tensor_copy(const struct ref_view *dst, const struct ref_view *src,
                                         struct err *why);

/* Rows `ids[i]` of src (F32, F16, BF16 or any quantised type) to row i of dst (F32): how
 * embeddings are looked up. src has two dimensions, dst has ne = {src->ne[0], n, 1, 1}.
 * ERR_RANGE: `why` names an id outside of src; nothing is written then. */
MUST_CHECK enum err_code ref_tensor_get_rows(const struct ref_view *dst, const struct ref_view *src,
                                             const int32_t *ids, size_t n, struct err *why);
