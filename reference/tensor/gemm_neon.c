/* 8 x 12: 24 sums, two columns of a and three quads of b fill 29 of 32 registers. */
#include <arm_neon.h>

#include "reference/tensor/gemm_tiles.h"

enum { MR = 8, NR = 12 };

void ref_gemm_tile_neon(size_t k, const float *a, const float *b, float *ret, size_t ld, bool add)
{
    float32x4_t sum[NR][2];
#pragma GCC unroll 12
    for (int j = 0; j < NR; j++)
        sum[j][0] = sum[j][1] = vdupq_n_f32(0);
    for (size_t p = 0; p < k; p++, a += MR, b += NR) {
        const float32x4_t a0 = vld1q_f32(a), a1 = vld1q_f32(a + 4);
#pragma GCC unroll 12
        for (int j = 0; j < NR; j++) {
            sum[j][0] = vfmaq_n_f32(sum[j][0], a0, b[j]);
            sum[j][1] = vfmaq_n_f32(sum[j][1], a1, b[j]);
        }
    }
#pragma GCC unroll 12
    for (int j = 0; j < NR; j++, ret += ld)
#pragma GCC unroll 12
        for (int i = 0; i < 2; i++) {
            const float32x4_t old = add ? vld1q_f32(ret + 4 * i) : vdupq_n_f32(0);
            vst1q_f32(ret + 4 * i, vaddq_f32(old, sum[j][i]));
        }
}
