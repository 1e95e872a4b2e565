/* A model over several files, as llama.cpp's gguf-split writes it
 * (tools/gguf-split/gguf-split.cpp). Each part is a GGUF file of its own and has three keys more:
 *
 *     split.no              u16   0 for the first part
 *     split.count           u16   how many parts there are
 *     split.tensors.count   i32   how many tensors all parts have together
 *
 * Only part 0 has the model's metadata. Part number no of count is named
 * PREFIX-00001-of-00003.gguf, counted from 1. A file without split.count is the only part of its
 * model. */
#pragma once

#include "reference/gguf/gguf.h"

struct ref_gguf_split {
    uint64_t no, count; /* no < count */
    uint64_t n_tensors; /* of all parts */
};

/* What a part says of itself. Any integer type is taken. E_TYPE: a key is no integer, or of the
 * three one is missing. E_VALUE: a negative one, no >= count, or fewer tensors than the part has.
 */
MUST_CHECK enum ref_gguf_status ref_gguf_split(const struct ref_gguf_file *part,
                                               struct ref_gguf_split *ret, struct err *why);

/* Whether parts 0 to n-1 (n >= 1), in this order, are one model. E_VALUE: a part that is missing,
 * out of its place, of another count, in another byte order, or a sum of tensors that is not what
 * they say. E_DUP: a tensor in two parts. Else as ref_gguf_split(). */
MUST_CHECK enum ref_gguf_status ref_gguf_split_check(const struct ref_gguf_file *part, uint64_t n,
                                                     struct err *why);

/* The tensor of this name, and the number of its part; NULL if no part has it. */
const struct ref_gguf_tensor *ref_gguf_split_find(const struct ref_gguf_file *part, uint64_t n,
                                                  const char *name, uint64_t *ret_no);

/* The file name of a part. E_VALUE: no >= count, or count over 65535. E_CAP: cap is too small for
 * it and its NUL. */
MUST_CHECK enum ref_gguf_status ref_gguf_split_name(const char *prefix, uint64_t no, uint64_t count,
                                                    char *out, size_t cap);
