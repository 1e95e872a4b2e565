#include "reference/cuda/quant.cuh"

enum { THREADS = 256, LEGACY = REF_LEGACY_WEIGHTS, K = REF_K_WEIGHTS };
static constexpr size_t WEIGHTS_MAX = (size_t)1 << 38; /* a grid has 2^31 - 1 blocks */

static bool fills_blocks(size_t n, size_t weights)
{
    return n % weights == 0 && n <= WEIGHTS_MAX;
}

static __device__ __forceinline__ int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* To the nearest integer, halves to even, |x| < 2^22: the sum lies where floats are integers, so
 * the addition rounds and the fraction's bits are the answer. Other x give some integer. */
static __device__ __forceinline__ int nearest_int(float x)
{
    return (int)(__float_as_uint(x + 12582912.0f) & 0x007fffff) - 0x00400000;
}

/* Of WIDTH neighbouring lanes the x of largest magnitude with its sign; of equals the one of the
 * lowest lane. In the butterfly both partners must come to the same choice. */
template <int WIDTH> static __device__ float first_largest(float x)
{
    int lane = threadIdx.x % WIDTH;
    for (int step = WIDTH / 2; step > 0; step /= 2) {
        const float other = __shfl_xor_sync(ALL_LANES, x, step);
        const int other_lane = __shfl_xor_sync(ALL_LANES, lane, step);
        const float gain = fabsf(other) - fabsf(x);
        if (gain > 0.0f || (gain == 0.0f && other_lane < lane)) {
            x = other;
            lane = other_lane;
        }
    }
    return x;
}

/* ---- blocks of 32: one warp a block, one lane a weight ---- */

/* 1/d, and 0 where that is infinite: there 0 * inf would make a NaN of a zero weight. */
static __device__ __forceinline__ float inverse_of(float d)
{
    const float inverse = 1.0f / d;
    return isinf(inverse) ? 0.0f : inverse;
}

static __device__ void make_block(float x, int lane, struct ref_q4_0 *ret)
{
    const float d = (first_largest<WARP>(x) + 0.0f) / -8.0f; /* of zeros: -0, as in ggml */
    const int code = (int)(x * inverse_of(d) + 8.5f);        /* halves go up, not to even */
    const int low = code < 15 ? code : 15;
    const int high = __shfl_sync(ALL_LANES, low, lane + 16, WARP);
    if (lane < 16)
        ret->qs[lane] = (uint8_t)(low | high << 4);
    if (lane == 0)
        ret->d = half_of_float(d);
}

/* The signed byte of this lane; *ret_d is the unrounded step. */
static __device__ int byte_code(float x, float *ret_d)
{
    *ret_d = lanes_max(fabsf(x)) / 127.0f;
    return (int)roundf(x * inverse_of(*ret_d)); /* halves away from zero */
}

static __device__ void make_block(float x, int lane, struct ref_q8_0 *ret)
{
    float d;
    ret->q[lane] = (int8_t)byte_code(x, &d);
    if (lane == 0)
        ret->d = half_of_float(d);
}

static __device__ void make_block(float x, int lane, struct ref_q8_1 *ret)
{
    float d;
    const int code = byte_code(x, &d);
    const float sum = lanes_sum((float)code); /* below 2^24: exact in any order */
    ret->q[lane] = (int8_t)code;
    if (lane == 0) {
        ret->d = half_of_float(d);
        ret->s = half_of_float(sum * d);
    }
}

/* Whole warps leave together, so that all lanes of a warp meet in its shuffles. */
template <typename Block>
__global__ void __launch_bounds__(THREADS)
    quantize_warps(const float *__restrict__ x, size_t n_blocks, Block *__restrict__ ret)
{
    const size_t b = (size_t)blockIdx.x * (THREADS / WARP) + threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    if (b < n_blocks)
        make_block(x[b * LEGACY + lane], lane, &ret[b]);
}

template <typename Block>
static cudaError_t quantize_legacy(const float *x, size_t n, Block *ret, cudaStream_t stream)
{
    if (!fills_blocks(n, LEGACY))
        return cudaErrorInvalidValue;
    if (n == 0)
        return cudaSuccess;
    return launch(quantize_warps<Block>, dim3((unsigned)div_up(n, THREADS)), dim3(THREADS), stream,
                  x, n / LEGACY, ret);
}

cudaError_t cuda_q4_0_quantize(const float *x, size_t n, struct ref_q4_0 *ret, cudaStream_t stream)
{
    return quantize_legacy(x, n, ret, stream);
}

cudaError_t cuda_q8_0_quantize(const float *x, size_t n, struct ref_q8_0 *ret, cudaStream_t stream)
{
    return quantize_legacy(x, n, ret, stream);
}

cudaError_t cuda_q8_1_quantize(const float *x, size_t n, struct ref_q8_1 *ret, cudaStream_t stream)
{
    return quantize_legacy(x, n, ret, stream);
}

/* ---- Q4_K: one thread a group of 32 ---- */

/* x ~= scale * code + min with codes 0..15 and min <= 0. Codes are never kept: they follow from
 * `inverse` and `from`, so a thread needs no array, and an array would be in local memory. */
struct affine {
    const float *x;
    float root; /* a weight counts root + |x| */
    float min, max, sum_w, sum_x;
};

static __device__ __forceinline__ int affine_code(float x, float inverse, float from)
{
    return clamp(nearest_int(inverse * (x - from)), 0, 15);
}

static __device__ struct affine affine_begin(const float *x)
{
    float square = 0.0f;
    for (int i = 0; i < 32; i++)
        square += x[i] * x[i];
    const float root = sqrtf(square / 32.0f);
    const float first = root + fabsf(x[0]);
    struct affine a = {x, root, x[0], x[0], first, first * x[0]};
    for (int i = 1; i < 32; i++) {
        const float w = root + fabsf(x[i]);
        a.min = x[i] < a.min ? x[i] : a.min;
        a.max = x[i] > a.max ? x[i] : a.max;
        a.sum_w += w;
        a.sum_x += w * x[i];
    }
    a.min = a.min > 0.0f ? 0.0f : a.min; /* the stored minimum is subtracted and has no sign */
    return a;
}

static __device__ float affine_error(const struct affine *a, float inverse, float scale, float min)
{
    float sum = 0.0f;
    for (int i = 0; i < 32; i++) {
        const float x = a->x[i];
        const float miss = scale * (float)affine_code(x, inverse, a->min) + min - x;
        sum += (a->root + fabsf(x)) * (miss * miss);
    }
    return sum;
}

/* The least squares line through (code, x). False where the codes do not determine one. */
static __device__ bool affine_fit(const struct affine *a, float inverse, float *ret_scale,
                                  float *ret_min)
{
    float sum_l = 0.0f, sum_l2 = 0.0f, sum_xl = 0.0f;
    for (int i = 0; i < 32; i++) {
        const float x = a->x[i];
        const float l = (float)affine_code(x, inverse, a->min);
        const float wl = (a->root + fabsf(x)) * l;
        sum_l += wl;
        sum_l2 += wl * l;
        sum_xl += wl * x;
    }
    const float determinant = a->sum_w * sum_l2 - sum_l * sum_l;
    if (!(determinant > 0.0f))
        return false;
    *ret_scale = (a->sum_w * sum_xl - a->sum_x * sum_l) / determinant;
    *ret_min = (sum_l2 * a->sum_x - sum_l * sum_xl) / determinant;
    if (*ret_min > 0.0f) {
        *ret_min = 0.0f;
        *ret_scale = sum_xl / sum_l2;
    }
    return true;
}

struct affine_choice {
    float scale, min;    /* of the best trial; min is stored without its sign */
    float inverse, from; /* its codes: affine_code(x, inverse, from) */
};

/* ref_search_affine() with the trials of Q4_K: 21 scales, each from the best minimum so far. */
static __device__ struct affine_choice affine_search(const float *x)
{
    struct affine a = affine_begin(x);
    if (a.max == a.min)
        return {0.0f, -a.min, 0.0f, 0.0f};
    const float range_inverse = 15.0f / (a.max - a.min);
    struct affine_choice best = {1.0f / range_inverse, 0.0f, range_inverse, a.min};
    float best_error = affine_error(&a, best.inverse, best.scale, a.min);
    for (int t = 0; t <= 20; t++) {
        const float inverse = (-1.0f + 0.1f * (float)t + 15.0f) / (a.max - a.min);
        float scale, min;
        if (!affine_fit(&a, inverse, &scale, &min))
            continue;
        const float error = affine_error(&a, inverse, scale, min);
        if (error < best_error) {
            best_error = error;
            best = {scale, 0.0f, inverse, a.min};
            a.min = min;
        }
    }
    best.min = -a.min;
    return best;
}

/* Rounds the value of each of 8 lanes to 0..63 in units of the largest over 63; that unit as a
 * half. */
static __device__ uint16_t round_to_63(float value, int *ret_rounded)
{
    const float top = lanes_max<8>(fmaxf(value, 0.0f));
    const float inverse = top > 0.0f ? 63.0f / top : 0.0f;
    const int rounded = nearest_int(inverse * value) & 255;
    *ret_rounded = rounded < 63 ? rounded : 63;
    return half_of_float(top / 63.0f);
}

/* Group g and g + 4 share bytes: see k_quants.h. `ret` may be NULL: all lanes take part in
 * shuffles, also those that have nothing to store. */
static __device__ void pack_scales(int g, int scale, int min, uint8_t *ret)
{
    const int upper_scale = __shfl_sync(ALL_LANES, scale, g + 4, 8);
    const int upper_min = __shfl_sync(ALL_LANES, min, g + 4, 8);
    if (g >= 4 || !ret)
        return;
    ret[g] = (uint8_t)(scale | upper_scale >> 4 << 6);
    ret[g + 4] = (uint8_t)(min | upper_min >> 4 << 6);
    ret[g + 8] = (uint8_t)((upper_scale & 15) | (upper_min & 15) << 4);
}

/* A block of one warp makes four super-blocks. Lanes behind the last super-block repeat the last
 * one for the sake of the shuffles, and store nothing. */
__global__ void __launch_bounds__(WARP)
    quantize_q4_k(const float *__restrict__ x, size_t n_blocks, struct ref_q4_k *__restrict__ ret)
{
    __shared__ uint8_t codes[4][K];
    const int slot = threadIdx.x / 8, g = threadIdx.x % 8;
    const size_t mine = (size_t)blockIdx.x * 4 + slot;
    const bool stores = mine < n_blocks;
    const float *group = x + (stores ? mine : n_blocks - 1) * K + g * 32;

    const struct affine_choice best = affine_search(group);
    int scale, min;
    const uint16_t d = round_to_63(best.scale, &scale);
    const uint16_t dmin = round_to_63(best.min, &min);
    const float step = float_of_half(d) * (float)scale, low = float_of_half(dmin) * (float)min;
    for (int i = 0; i < 32; i++) /* for a step of 0 the codes of the search stay */
        codes[slot][g * 32 + i] =
            (uint8_t)(step != 0.0f ? clamp(nearest_int((group[i] + low) / step), 0, 15)
                                   : affine_code(group[i], best.inverse, best.from));
    pack_scales(g, scale, min, stores ? ret[mine].scales : nullptr);
    __syncwarp(); /* codes are there */
    if (!stores)
        return;
    for (int i = g; i < K / 2; i += 8) { /* groups 2c and 2c + 1 share the bytes from 32c on */
        const uint8_t *from = codes[slot] + i / 32 * 64 + i % 32;
        ret[mine].qs[i] = (uint8_t)(from[0] | from[32] << 4);
    }
    if (g == 0) {
        ret[mine].d = d;
        ret[mine].dmin = dmin;
    }
}

cudaError_t cuda_q4_k_quantize(const float *x, size_t n, struct ref_q4_k *ret, cudaStream_t stream)
{
    if (!fills_blocks(n, K))
        return cudaErrorInvalidValue;
    if (n == 0)
        return cudaSuccess;
    return launch(quantize_q4_k, dim3((unsigned)div_up(n / K, 4)), dim3(WARP), stream, x, n / K,
                  ret);
}

/* ---- Q6_K: one thread a group of 16 ---- */

struct symmetric_choice {
    float scale,
        inverse; /* codes: clamp(nearest_int(inverse * x), -32, 31) + 32; inverse 0: all 0 */
};

/* ref_search_symmetric() with 32 levels either way and the weights x^2. */
static __device__ struct symmetric_choice symmetric_search(const float *x)
{
    float largest = 0.0f;
    for (int i = 0; i < 16; i++)
        largest = fabsf(x[i]) > fabsf(largest) ? x[i] : largest;
    if (fabsf(largest) < 1e-15f)
        return {0.0f, 0.0f};
    struct symmetric_choice best = {0.0f, 0.0f};
    float best_gain = 0.0f;
    for (int t = -10; t <= 9; t++) { /* -10 stands for the plain scale, which comes first */
        if (t == 0)
            continue;
        const float inverse = t == -10 ? -32.0f / largest : -(32.0f + 0.1f * (float)t) / largest;
        float xl = 0.0f, l2 = 0.0f;
        for (int i = 0; i < 16; i++) {
            const float level = (float)clamp(nearest_int(inverse * x[i]), -32, 31);
            xl += x[i] * x[i] * x[i] * level;
            l2 += x[i] * x[i] * level * level;
        }
        if (t == -10 || (l2 > 0.0f && xl * xl > best_gain * l2)) {
            best = {l2 > 0.0f ? xl / l2 : 0.0f, inverse};
            best_gain = best.scale * xl;
        }
    }
    return best;
}

/* A block of one warp makes two super-blocks. */
__global__ void __launch_bounds__(WARP)
    quantize_q6_k(const float *__restrict__ x, size_t n_blocks, struct ref_q6_k *__restrict__ ret)
{
    __shared__ uint8_t codes[2][K];
    const int slot = threadIdx.x / 16, g = threadIdx.x % 16;
    const size_t mine = (size_t)blockIdx.x * 2 + slot;
    const float *group = x + (mine < n_blocks ? mine : n_blocks - 1) * K + g * 16;

    const struct symmetric_choice best = symmetric_search(group);
    const float largest = first_largest<16>(best.scale);
    const bool zero = fabsf(largest) < 1e-15f; /* then every byte of the block is 0 */
    const float inverse = zero ? 0.0f : -128.0f / largest;
    const int scale = clamp(nearest_int(inverse * best.scale), -128, 127);
    const uint16_t d = zero ? 0 : half_of_float(1.0f / inverse);
    const float step = float_of_half(d) * (float)scale;
    for (int i = 0; i < 16; i++) {
        const float level = step != 0.0f ? group[i] / step : best.inverse * group[i];
        const int code = clamp(nearest_int(level), -32, 31) + 32;
        codes[slot][g * 16 + i] = (uint8_t)(zero || best.inverse == 0.0f ? 0 : code);
    }
    __syncwarp();
    if (mine >= n_blocks)
        return;
    for (int i = g; i < 128; i += 16) { /* weights 0-63 and 64-127 of a half share bytes */
        const uint8_t *from = codes[slot] + i / 64 * 128 + i % 64;
        ret[mine].ql[i] = (uint8_t)((from[0] & 15) | (from[64] & 15) << 4);
    }
    for (int i = g; i < 64; i += 16) { /* the quarters of a half share bytes */
        const uint8_t *from = codes[slot] + i / 32 * 128 + i % 32;
        ret[mine].qh[i] =
            (uint8_t)(from[0] >> 4 | from[32] >> 4 << 2 | from[64] >> 4 << 4 | from[96] >> 4 << 6);
    }
    ret[mine].scales[g] = (int8_t)scale;
    if (g == 0)
        ret[mine].d = d;
}

cudaError_t cuda_q6_k_quantize(const float *x, size_t n, struct ref_q6_k *ret, cudaStream_t stream)
{
    if (!fills_blocks(n, K))
        return cudaErrorInvalidValue;
    if (n == 0)
        return cudaSuccess;
    return launch(quantize_q6_k, dim3((unsigned)div_up(n / K, 2)), dim3(WARP), stream, x, n / K,
                  ret);
}

/* ---- restoring: weight i of a block, in the order of operations of the reference ---- */

static __device__ __forceinline__ float weight_of(const struct ref_q4_0 *b, int i)
{
    const int code = (i < 16 ? b->qs[i] & 15 : b->qs[i - 16] >> 4) - 8;
    return (float)code * float_of_half(b->d);
}

static __device__ __forceinline__ float weight_of(const struct ref_q8_0 *b, int i)
{
    return (float)b->q[i] * float_of_half(b->d);
}

static __device__ __forceinline__ float weight_of(const struct ref_q4_k *b, int i)
{
    const int g = i / 32, byte = b->qs[i / 64 * 32 + i % 32];
    int scale, min;
    if (g < 4) {
        scale = b->scales[g] & 63;
        min = b->scales[g + 4] & 63;
    } else {
        scale = (b->scales[g + 4] & 15) | b->scales[g - 4] >> 6 << 4;
        min = b->scales[g + 4] >> 4 | b->scales[g] >> 6 << 4;
    }
    const int code = g % 2 == 0 ? byte & 15 : byte >> 4;
    return float_of_half(b->d) * (float)scale * (float)code - float_of_half(b->dmin) * (float)min;
}

static __device__ __forceinline__ float weight_of(const struct ref_q6_k *b, int i)
{
    const int h = i / 128, k = i / 32 % 4, l = i % 32;
    const int low = b->ql[64 * h + 32 * (k % 2) + l] >> (k / 2 * 4) & 15;
    const int high = b->qh[32 * h + l] >> (2 * k) & 3;
    return float_of_half(b->d) * (float)b->scales[i / 16] * (float)((low | high << 4) - 32);
}

template <typename Block, int WEIGHTS>
__global__ void __launch_bounds__(THREADS)
    dequantize(const Block *__restrict__ blocks, size_t n, float *__restrict__ ret_x)
{
    const size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (i < n)
        ret_x[i] = weight_of(&blocks[i / WEIGHTS], (int)(i % WEIGHTS));
}

template <int WEIGHTS, typename Block>
static cudaError_t dequantize_row(const Block *blocks, size_t n, float *ret_x, cudaStream_t stream)
{
    if (!fills_blocks(n, WEIGHTS))
        return cudaErrorInvalidValue;
    if (n == 0)
        return cudaSuccess;
    return launch(dequantize<Block, WEIGHTS>, dim3((unsigned)div_up(n, THREADS)), dim3(THREADS),
                  stream, blocks, n, ret_x);
}

cudaError_t cuda_q4_0_dequantize(const struct ref_q4_0 *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream)
{
    return dequantize_row<LEGACY>(blocks, n, ret_x, stream);
}

cudaError_t cuda_q8_0_dequantize(const struct ref_q8_0 *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream)
{
    return dequantize_row<LEGACY>(blocks, n, ret_x, stream);
}

cudaError_t cuda_q4_k_dequantize(const struct ref_q4_k *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream)
{
    return dequantize_row<K>(blocks, n, ret_x, stream);
}

cudaError_t cuda_q6_k_dequantize(const struct ref_q6_k *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream)
{
    return dequantize_row<K>(blocks, n, ret_x, stream);
}
