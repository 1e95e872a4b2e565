/* 32 x 12: 24 sums and two columns of a fill 26 of 32 registers; 24 fused products for 14 loads. */
#include <immintrin.h>

#include "reference/tensor/gemm_tiles.h"

enum { MR = 32, NR = 12 };

void ref_gemm_tile_avx512(size_t k, const float *a, const float *b, float *ret, size_t ld, bool add)
{
    __m512 sum[NR][2];
#pragma GCC unroll 12
    for (int j = 0; j < NR; j++)
        sum[j][0] = sum[j][1] = _mm512_setzero_ps();
    for (size_t p = 0; p < k; p++, a += MR, b += NR) {
        const __m512 a0 = _mm512_loadu_ps(a), a1 = _mm512_loadu_ps(a + 16);
#pragma GCC unroll 12
        for (int j = 0; j < NR; j++) {
            const __m512 y = _mm512_set1_ps(b[j]);
            sum[j][0] = _mm512_fmadd_ps(a0, y, sum[j][0]);
            sum[j][1] = _mm512_fmadd_ps(a1, y, sum[j][1]);
        }
    }
#pragma GCC unroll 12
    for (int j = 0; j < NR; j++, ret += ld)
#pragma GCC unroll 12
        for (int i = 0; i < 2; i++) {
            const __m512 old = add ? _mm512_loadu_ps(ret + 16 * i) : _mm512_setzero_ps();
            _mm512_storeu_ps(ret + 16 * i, _mm512_add_ps(old, sum[j][i]));
        }
}
