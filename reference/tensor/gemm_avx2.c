/* 16 x 6: twelve sums and two columns of a fill 14 of 16 registers; 12 fused products for 8 loads.
 */
#include <immintrin.h>

#include "reference/tensor/gemm_tiles.h"

enum { MR = 16, NR = 6 };

void ref_gemm_tile_avx2(size_t k, const float *a, const float *b, float *ret, size_t ld, bool add)
{
    __m256 sum[NR][2];
#pragma GCC unroll 12
    for (int j = 0; j < NR; j++)
        sum[j][0] = sum[j][1] = _mm256_setzero_ps();
    for (size_t p = 0; p < k; p++, a += MR, b += NR) {
        const __m256 a0 = _mm256_loadu_ps(a), a1 = _mm256_loadu_ps(a + 8);
#pragma GCC unroll 12
        for (int j = 0; j < NR; j++) {
            const __m256 y = _mm256_broadcast_ss(b + j);
            sum[j][0] = _mm256_fmadd_ps(a0, y, sum[j][0]);
            sum[j][1] = _mm256_fmadd_ps(a1, y, sum[j][1]);
        }
    }
#pragma GCC unroll 12
    for (int j = 0; j < NR; j++, ret += ld)
#pragma GCC unroll 12
        for (int i = 0; i < 2; i++) {
            const __m256 old = add ? _mm256_loadu_ps(ret + 8 * i) : _mm256_setzero_ps();
            _mm256_storeu_ps(ret + 8 * i, _mm256_add_ps(old, sum[j][i]));
        }
}
