/* Products of F32 matrices at the speed of the machine: both operands are packed in panels that
 * stay in the caches, and a tile of the result stays in registers while a panel passes. (Goto, van
 * de Geijn: Anatomy of High-Performance Matrix Multiplication, 2008; the names are BLIS's.)
 *
 *     c[j*ldc + i] = sum over p < k of a[i*lda + p] * b[j*ldb + p]      i < m, j < n
 *
 * which is ref_matmul() of one batch: rows of a are weights, rows of b activations. Sums are in
 * float, in blocks of REF_GEMM_K: |c - truth| <= 2^-24 * (k + REF_GEMM_K) * sum of |a*b|, and in
 * fact far less. Nothing is checked here: matmul.h has the check. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reference/quant/isa.h"

enum {
    REF_GEMM_M = 384, /* rows of a that are packed at once: 384 KiB, half of a large L2 */
    REF_GEMM_N = 768, /* rows of b */
    REF_GEMM_K = 256, /* a panel of a, 32 KiB at most, and one of b share the first cache */
    REF_GEMM_MR_MAX = 32,
    REF_GEMM_NR_MAX = 12,
    REF_GEMM_SPILL = 16, /* floats that pack() may write behind the last panel */
    /* floats that the caller lends, at an address divisible by 64 */
    REF_GEMM_SCRATCH = (REF_GEMM_M + REF_GEMM_N) * REF_GEMM_K + REF_GEMM_MR_MAX * REF_GEMM_NR_MAX +
                       2 * REF_GEMM_SPILL,
};

/* mr rows and `columns` <= nr columns of the result:
 *     ret[j*ld + i] (+)= sum over p < k of a[p*mr + i] * b[p*ldb + j] */
typedef void ref_gemm_tile_fn(size_t columns, size_t k, const float *a, const float *b, size_t ldb,
                              float *ret, size_t ld, bool add);

/* Panels of `wide` rows of x, each as k columns of `wide` neighbours; rows that are missing in the
 * last one are zeros. `wide` is mr or nr. */
typedef void ref_gemm_pack_fn(const float *x, size_t ld, size_t rows, size_t k, size_t wide,
                              float *ret);

struct ref_gemm {
    enum ref_isa isa;
    size_t mr, nr; /* divide REF_GEMM_M and REF_GEMM_N */
    ref_gemm_tile_fn *tile;
    ref_gemm_pack_fn *pack;
};

/* NULL where this machine does not have it. */
const struct ref_gemm *ref_gemm_for(enum ref_isa isa);

void ref_gemm(const struct ref_gemm *g, size_t m, size_t n, size_t k, const float *a, size_t lda,
              const float *b, size_t ldb, float *c, size_t ldc, float *scratch);

/* The same for an `a` that is not floats as it lies: load(context, row, rows, p, depth, ret_ld)
 * gives elements p to p + depth of up to mr rows, which stay as they are until the next call. p and
 * all depths but a row's last one are multiples of REF_GEMM_K. */
struct ref_gemm_rows {
    const float *(*load)(const void *context, size_t row, size_t rows, size_t p, size_t depth,
                         size_t *ret_ld);
    const void *context;
};
void ref_gemm_loaded(const struct ref_gemm *g, size_t m, size_t n, size_t k,
                     const struct ref_gemm_rows *a, const float *b, size_t ldb, float *c,
                     size_t ldc, float *scratch);
