#include "reference/tensor/gemm.h"

#include "reference/tensor/gemm_tiles.h"

enum { MR = 4, NR = 4 };

void ref_gemm_tile_scalar(size_t k, const float *a, const float *b, float *ret, size_t ld, bool add)
{
    float sum[NR][MR] = {0};
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < NR; j++)
            for (size_t i = 0; i < MR; i++)
                sum[j][i] += a[p * MR + i] * b[p * NR + j];
    for (size_t j = 0; j < NR; j++)
        for (size_t i = 0; i < MR; i++)
            ret[j * ld + i] = add ? ret[j * ld + i] + sum[j][i] : sum[j][i];
}

static const struct ref_gemm rungs[] = {
    {REF_ISA_SCALAR, MR, NR, ref_gemm_tile_scalar},
#ifdef __x86_64__
    {REF_ISA_AVX2, 16, 6, ref_gemm_tile_avx2},
    {REF_ISA_AVX512, 32, 12, ref_gemm_tile_avx512},
#endif
#ifdef __aarch64__
    {REF_ISA_NEON, 8, 12, ref_gemm_tile_neon},
#endif
};

const struct ref_gemm *ref_gemm_for(enum ref_isa isa)
{
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if (rungs[i].isa == isa && ref_isa_present(isa))
            return &rungs[i];
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Panels of `wide` rows, each as k columns of `wide` neighbours; rows that are missing are zeros.
 */
static void pack(const float *x, size_t ld, size_t rows, size_t k, size_t wide, float *ret)
{
    for (size_t first = 0; first < rows; first += wide, ret += wide * k) {
        const size_t here = least(wide, rows - first);
        for (size_t i = 0; i < here; i++) {
            const float *row = x + (first + i) * ld;
            for (size_t p = 0; p < k; p++)
                ret[p * wide + i] = row[p];
        }
        for (size_t i = here; i < wide; i++)
            for (size_t p = 0; p < k; p++)
                ret[p * wide + i] = 0;
    }
}

static void edge_tile(const struct ref_gemm *g, size_t k, const float *a, const float *b, float *c,
                      size_t ldc, size_t rows, size_t columns, bool add, float *tile)
{
    g->tile(k, a, b, tile, g->mr, false);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < rows; i++)
            c[j * ldc + i] = (add ? c[j * ldc + i] : 0) + tile[j * g->mr + i];
}

static void multiply_panels(const struct ref_gemm *g, size_t m, size_t n, size_t k, const float *a,
                            const float *b, float *c, size_t ldc, bool add, float *tile)
{
    for (size_t j = 0; j < n; j += g->nr)
        for (size_t i = 0; i < m; i += g->mr) {
            const size_t rows = least(g->mr, m - i), columns = least(g->nr, n - j);
            float *out = c + j * ldc + i;
            if (rows == g->mr && columns == g->nr)
                g->tile(k, a + i * k, b + j * k, out, ldc, add);
            else
                edge_tile(g, k, a + i * k, b + j * k, out, ldc, rows, columns, add, tile);
        }
}

static void clear(size_t m, size_t n, float *c, size_t ldc)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++)
            c[j * ldc + i] = 0;
}

void ref_gemm(const struct ref_gemm *g, size_t m, size_t n, size_t k, const float *a, size_t lda,
              const float *b, size_t ldb, float *c, size_t ldc, float *scratch)
{
    float *panel_a = scratch, *panel_b = panel_a + (size_t)REF_GEMM_M * REF_GEMM_K;
    float *tile = panel_b + (size_t)REF_GEMM_N * REF_GEMM_K;
    if (k == 0)
        clear(m, n, c, ldc);
    for (size_t j = 0; j < n; j += REF_GEMM_N)
        for (size_t p = 0; p < k; p += REF_GEMM_K) {
            const size_t columns = least(REF_GEMM_N, n - j), depth = least(REF_GEMM_K, k - p);
            pack(b + j * ldb + p, ldb, columns, depth, g->nr, panel_b);
            for (size_t i = 0; i < m; i += REF_GEMM_M) {
                const size_t rows = least(REF_GEMM_M, m - i);
                pack(a + i * lda + p, lda, rows, depth, g->mr, panel_a);
                multiply_panels(g, rows, columns, depth, panel_a, panel_b, c + j * ldc + i, ldc,
                                p > 0, tile);
            }
        }
}
