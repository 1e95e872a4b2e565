/* From a picture in floats to rows of a prompt, as CLIP's encoder begins and LLaVA's projector
 * ends.
 *
 *     picture (3, side, side) -> patches (n, 3 * p * p), n = (side/p)^2, row by row of the grid
 *       -> row 0 = cls + position 0, row 1 + j = W patch j + position 1 + j       (1 + n, d)
 *     ... the encoder's layers ...
 *       -> row 0 dropped, W2 gelu(W1 x + b1) + b2                                  (n, width)
 *       -> in the place of its placeholder between the embeddings of tokens
 *
 * ViT-L/14 at 336: 576 patches, d 1024. A convolution whose stride is its kernel is a product over
 * rearranged patches. Radford and others: CLIP, 2021; Liu and others: Improved Baselines with
 * Visual Instruction Tuning, 2023. Products are summed in double and rounded once. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ref_patches {
    int32_t side, p; /* pixels; p divides side, which is at most REF_IMAGE_SIDE */
    size_t d;
    const float *w;         /* (d, 3, p, p) */
    const float *cls;       /* (d) */
    const float *positions; /* (1 + n, d) */
};

/* n. ERR_INVALID: side and p do not fit. */
MUST_CHECK enum err_code ref_patch_count(int32_t side, int32_t p, size_t *ret, struct err *why);

/*   chw      (3, side, side)
 *   scratch  (3 * side * side)
 *   ret      (1 + n, d)
 * ERR_INVALID: as above. */
MUST_CHECK enum err_code ref_patch_embed(const struct ref_patches *e, const float *chw,
                                         float *scratch, float *ret, struct err *why);

struct ref_projector {
    size_t d, width;
    const float *w1, *b1; /* (width, d) (width) */
    const float *w2, *b2; /* (width, width) (width) */
};

/* GELU is x/2 (1 + erf(x / sqrt 2)). A NaN stays in its row.
 *   x        (1 + n, d)
 *   scratch  (width)
 *   ret      (n, width) */
void ref_project(const struct ref_projector *p, const float *x, size_t n, float *scratch,
                 float *ret);

enum { REF_PLACEHOLDER = -200 }; /* LLaVA's id for "a picture goes here" */

struct ref_splice {
    const int32_t *ids; /* (n) tokens and placeholders */
    size_t n;
    const float *embeddings; /* (vocab, width) */
    size_t vocab, width;
    const float *const *pictures; /* (n_pictures) of (rows[i], width), in the order of the text */
    const size_t *rows;           /* (n_pictures) 0 is fine */
    size_t n_pictures;
};

/* Rows of the whole prompt. ERR_RANGE: `why` names an id outside of the vocabulary. ERR_INVALID:
 * more or fewer placeholders than pictures. ERR_TOO_LARGE: the rows do not fit a size_t. */
MUST_CHECK enum err_code ref_splice_rows(const struct ref_splice *s, size_t *ret, struct err *why);

/*   ret (cap, width)  the caller's; *ret_rows of them are written, nothing where it fails
 * ERR_TOO_LARGE: cap is too small. The others as above. */
MUST_CHECK enum err_code ref_splice(const struct ref_splice *s, size_t cap, float *ret,
                                    size_t *ret_rows, struct err *why);
