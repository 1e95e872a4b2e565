#include "reference/tensor/gemm.h"

#include "reference/tensor/gemm_rungs.h"

enum { MR = 4, NR = 4 };

static void tile(size_t columns, size_t k, const float *a, const float *b, size_t ldb, float *ret,
                 size_t ld, bool add)
{
    float sum[NR][MR] = {{0}};
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < columns; j++)
            for (size_t i = 0; i < MR; i++)
                sum[j][i] += a[p * MR + i] * b[p * ldb + j];
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < MR; i++)
            ret[j * ld + i] = add ? ret[j * ld + i] + sum[j][i] : sum[j][i];
}

static void pack(const float *x, size_t ld, size_t rows, size_t k, size_t wide, float *ret)
{
    for (size_t first = 0; first < rows; first += wide, ret += wide * k)
        for (size_t p = 0; p < k; p++)
            for (size_t i = 0; i < wide; i++)
                ret[p * wide + i] = first + i < rows ? x[(first + i) * ld + p] : 0;
}

static const struct ref_gemm scalar = {REF_ISA_SCALAR, MR, NR, tile, pack};

const struct ref_gemm *ref_gemm_for(enum ref_isa isa)
{
    static const struct ref_gemm *const rungs[] = {
        &scalar,
#ifdef __x86_64__
        &ref_gemm_avx2,
        &ref_gemm_avx512,
#endif
#ifdef __aarch64__
        &ref_gemm_neon,
#endif
    };
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if (rungs[i]->isa == isa && ref_isa_present(isa))
            return rungs[i];
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where rows are missing, a whole tile is computed elsewhere and its rows are copied. */
static void low_tile(const struct ref_gemm *g, size_t columns, size_t k, const float *a,
                     const float *b, float *c, size_t ldc, size_t rows, bool add, float *tile)
{
    g->tile(columns, k, a, b, g->nr, tile, g->mr, false);
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
            if (rows == g->mr)
                g->tile(columns, k, a + i * k, b + j * k, g->nr, out, ldc, add);
            else
                low_tile(g, columns, k, a + i * k, b + j * k, out, ldc, rows, add, tile);
        }
}

static void clear(size_t m, size_t n, float *c, size_t ldc)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++)
            c[j * ldc + i] = 0;
}

static void pack_rows(const struct ref_gemm *g, const struct ref_gemm_rows *a, size_t row,
                      size_t rows, size_t p, size_t depth, float *ret)
{
    for (size_t first = 0; first < rows; first += g->mr) {
        const size_t here = least(g->mr, rows - first);
        size_t ld;
        const float *x = a->load(a->context, row + first, here, p, depth, &ld);
        g->pack(x, ld, here, depth, g->mr, ret + first * depth);
    }
}

void ref_gemm_loaded(const struct ref_gemm *g, size_t m, size_t n, size_t k,
                     const struct ref_gemm_rows *a, const float *b, size_t ldb, float *c,
                     size_t ldc, float *scratch)
{
    float *panel_a = scratch;
    float *panel_b = panel_a + (size_t)REF_GEMM_M * REF_GEMM_K + REF_GEMM_SPILL;
    float *low = panel_b + (size_t)REF_GEMM_N * REF_GEMM_K + REF_GEMM_SPILL;
    if (k == 0)
        clear(m, n, c, ldc);
    for (size_t j = 0; j < n; j += REF_GEMM_N)
        for (size_t p = 0; p < k; p += REF_GEMM_K) {
            const size_t columns = least(REF_GEMM_N, n - j), depth = least(REF_GEMM_K, k - p);
            g->pack(b + j * ldb + p, ldb, columns, depth, g->nr, panel_b);
            for (size_t i = 0; i < m; i += REF_GEMM_M) {
                const size_t rows = least(REF_GEMM_M, m - i);
                pack_rows(g, a, i, rows, p, depth, panel_a);
                multiply_panels(g, rows, columns, depth, panel_a, panel_b, c + j * ldc + i, ldc,
                                p > 0, low);
            }
        }
}

struct float_rows {
    const float *x;
    size_t ld;
};

static const float *load_floats(const void *context, size_t row, size_t rows, size_t p,
                                size_t depth, size_t *ret_ld)
{
    const struct float_rows *f = context;
    (void)rows;
    (void)depth;
    *ret_ld = f->ld;
    return f->x + row * f->ld + p;
}

void ref_gemm(const struct ref_gemm *g, size_t m, size_t n, size_t k, const float *a, size_t lda,
              const float *b, size_t ldb, float *c, size_t ldc, float *scratch)
{
    const struct float_rows floats = {a, lda};
    const struct ref_gemm_rows rows = {load_floats, &floats};
    ref_gemm_loaded(g, m, n, k, &rows, b, ldb, c, ldc, scratch);
}
