/* The text of gemm_avx2.c, gemm_avx512.c and gemm_neon.c: RUNG is the table, RUNG_ISA its
 * instruction set, NR the columns of a tile. A tile is two vectors high: its 2 * NR sums, the two
 * vectors of a and the factor that is spread fill the registers, and of the loads there are half as
 * many as of the products, so that the multipliers never wait. */
#include "reference/tensor/gemm.h"
#include "reference/tensor/lanes.h"

enum { MR = 2 * LANES };

/* `columns` is a constant where this is called, so that the sums are registers. */
__attribute__((always_inline)) static inline void multiply(size_t columns, size_t k, const float *a,
                                                           const float *b, size_t ldb, float *ret,
                                                           size_t ld, bool add)
{
    lanes sum[NR][2];
    LANES_UNROLL
    for (size_t j = 0; j < columns; j++) {
        sum[j][0] = sum[j][1] = lanes_all(0);
        __builtin_prefetch(ret + j * ld, 1); /* k steps from now it is here */
        __builtin_prefetch(ret + j * ld + MR - 1, 1);
    }
    for (size_t p = 0; p < k; p++, a += MR, b += ldb) {
        const lanes a0 = lanes_load(a), a1 = lanes_load(a + LANES);
        LANES_UNROLL
        for (size_t j = 0; j < columns; j++) {
            sum[j][0] += a0 * b[j];
            sum[j][1] += a1 * b[j];
        }
    }
    LANES_UNROLL
    for (size_t j = 0; j < columns; j++, ret += ld) {
        lanes_store(ret, add ? lanes_load(ret) + sum[j][0] : sum[j][0]);
        lanes_store(ret + LANES, add ? lanes_load(ret + LANES) + sum[j][1] : sum[j][1]);
    }
}

/* A narrow tile costs what it holds: a prompt's last tokens are no whole tile. */
static void tile(size_t columns, size_t k, const float *a, const float *b, size_t ldb, float *ret,
                 size_t ld, bool add)
{
#define COLUMNS(n)                                                                                 \
    case n:                                                                                        \
        multiply(n, k, a, b, ldb, ret, ld, add);                                                   \
        break;
    switch (columns) {
        COLUMNS(1)
        COLUMNS(2)
        COLUMNS(3)
        COLUMNS(4)
        COLUMNS(5)
        COLUMNS(6)
#if NR == 12
        COLUMNS(7)
        COLUMNS(8)
        COLUMNS(9)
        COLUMNS(10)
        COLUMNS(11)
        COLUMNS(12)
#endif
    default:
        break;
    }
#undef COLUMNS
}

/* Up to LANES rows and columns of x as columns of `wide` neighbours. A column is stored as a whole
 * vector even where it is shorter: what it spills is overwritten by the next one. */
static void pack_square(const float *x, size_t ld, size_t rows, size_t columns, size_t wide,
                        float *ret)
{
    lanes v[LANES];
    for (size_t i = 0; i < LANES; i++)
        v[i] = i >= rows          ? lanes_all(0)
               : columns == LANES ? lanes_load(x + i * ld)
                                  : lanes_load_some(x + i * ld, columns, 0);
    lanes_transpose(v);
    for (size_t p = 0; p < columns; p++)
        lanes_store(ret + p * wide, v[p]);
}

static void pack(const float *x, size_t ld, size_t rows, size_t k, size_t wide, float *ret)
{
    for (size_t first = 0; first < rows; first += wide, ret += wide * k)
        for (size_t p = 0; p < k; p += LANES)
            for (size_t i = 0; i < wide; i += LANES) {
                const size_t left = first + i < rows ? rows - first - i : 0;
                const size_t inside = wide - i < left ? wide - i : left;
                pack_square(x + (first + i) * ld + p, ld, inside < LANES ? inside : LANES,
                            k - p < LANES ? k - p : LANES, wide, ret + p * wide + i);
            }
}

const struct ref_gemm RUNG = {RUNG_ISA, MR, NR, tile, pack};
