#include "bench/reference/bench.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

/* Whether the machine has it is asked once a call: a call takes milliseconds. */
#define WITH_AVX512 __attribute__((target("avx512f")))
#define WITH_AVX2   __attribute__((target("avx2,fma")))

WITH_AVX512 static uint64_t load_avx512(const uint8_t *bytes, size_t n)
{
    __m512i v[4] = {_mm512_setzero_si512()};
    for (size_t i = 0; i + 256 <= n; i += 256)
        for (size_t k = 0; k < 4; k++)
            v[k] = _mm512_xor_si512(v[k], _mm512_loadu_si512(bytes + i + 64 * k));
    const __m512i all =
        _mm512_xor_si512(_mm512_xor_si512(v[0], v[1]), _mm512_xor_si512(v[2], v[3]));
    return (uint64_t)_mm512_reduce_or_epi64(all);
}

WITH_AVX2 static uint64_t load_avx2(const uint8_t *bytes, size_t n)
{
    __m256i v[4] = {_mm256_setzero_si256()};
    for (size_t i = 0; i + 128 <= n; i += 128)
        for (size_t k = 0; k < 4; k++)
            v[k] = _mm256_xor_si256(
                v[k], _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i + 32 * k)));
    const __m256i all =
        _mm256_xor_si256(_mm256_xor_si256(v[0], v[1]), _mm256_xor_si256(v[2], v[3]));
    return (uint64_t)_mm256_extract_epi64(all, 0) | (uint64_t)_mm256_extract_epi64(all, 3);
}

WITH_AVX512 static void store_avx512(float *hot, size_t bytes)
{
    const __m512 v = _mm512_set1_ps(1.0f);
    for (size_t at = 0; at < bytes; at += BENCH_HOT_BYTES)
        for (size_t i = 0; i < BENCH_HOT_BYTES / 4; i += 16)
            _mm512_storeu_ps(hot + i, v);
}

WITH_AVX2 static void store_avx2(float *hot, size_t bytes)
{
    const __m256 v = _mm256_set1_ps(1.0f);
    for (size_t at = 0; at < bytes; at += BENCH_HOT_BYTES)
        for (size_t i = 0; i < BENCH_HOT_BYTES / 4; i += 8)
            _mm256_storeu_ps(hot + i, v);
}

/* Ten sums: more than two units of four cycles can have under way. */
WITH_AVX512 static float fma_avx512(size_t n)
{
    __m512 v[10];
    for (int k = 0; k < 10; k++)
        v[k] = _mm512_set1_ps((float)k);
    const __m512 a = _mm512_set1_ps(0.999f);
    for (size_t done = 0; done < n; done += 10 * 16 * 16)
        for (int i = 0; i < 16; i++)
#pragma GCC unroll 10
            for (int k = 0; k < 10; k++)
                v[k] = _mm512_fmadd_ps(v[k], a, a);
    for (int k = 1; k < 10; k++)
        v[0] = _mm512_add_ps(v[0], v[k]);
    return _mm512_reduce_add_ps(v[0]);
}

WITH_AVX2 static float fma_avx2(size_t n)
{
    __m256 v[10];
    for (int k = 0; k < 10; k++)
        v[k] = _mm256_set1_ps((float)k);
    const __m256 a = _mm256_set1_ps(0.999f);
    for (size_t done = 0; done < n; done += 10 * 8 * 16)
        for (int i = 0; i < 16; i++)
#pragma GCC unroll 10
            for (int k = 0; k < 10; k++)
                v[k] = _mm256_fmadd_ps(v[k], a, a);
    for (int k = 1; k < 10; k++)
        v[0] = _mm256_add_ps(v[0], v[k]);
    return _mm256_cvtss_f32(v[0]);
}
#endif

uint64_t bench_load(const uint8_t *bytes, size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return load_avx512(bytes, n);
    if (__builtin_cpu_supports("avx2"))
        return load_avx2(bytes, n);
#endif
    uint64_t v[4] = {0};
    for (size_t i = 0; i + 32 <= n; i += 32)
        for (size_t k = 0; k < 4; k++) {
            uint64_t word;
            memcpy(&word, bytes + i + 8 * k, sizeof word);
            v[k] ^= word;
        }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void bench_store(float *hot, size_t bytes)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return store_avx512(hot, bytes);
    if (__builtin_cpu_supports("avx2"))
        return store_avx2(hot, bytes);
#endif
    for (size_t at = 0; at < bytes; at += BENCH_HOT_BYTES)
        memset(hot, (int)(at / BENCH_HOT_BYTES & 1), BENCH_HOT_BYTES);
}

uint64_t bench_copy(const uint8_t *bytes, size_t n, uint8_t *ret, size_t m)
{
    const size_t steps = (n > m ? n : m) / 4096;
    uint64_t all = 0;
    for (size_t i = 0; i < steps; i++) {
        const size_t in = n * i / steps, out = m * i / steps;
        all ^= bench_load(bytes + in, n * (i + 1) / steps - in);
        memset(ret + out, (int)(i & 1), m * (i + 1) / steps - out);
    }
    return all;
}

float bench_fma(size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return fma_avx512(n);
    if (__builtin_cpu_supports("fma"))
        return fma_avx2(n);
#endif
    float v[8] = {1.0f};
    for (size_t done = 0; done < n; done += 8)
        for (int k = 0; k < 8; k++)
            v[k] = v[k] * 0.999f + 0.999f;
    return v[0] + v[1] + v[2] + v[3] + v[4] + v[5] + v[6] + v[7];
}
