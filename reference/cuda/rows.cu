#include "reference/cuda/rows.cuh"

enum { THREADS = 256, WARPS = THREADS / WARP, ROPE_THREADS = 128 };

/* ---- softmax ---- */

/* What has been seen of a row: the sum is of exp(x - max). Nothing yet: -INFINITY and 0. */
struct seen {
    float max, sum;
};

/* exp(max - of) with nothing for nothing, where the difference would be NaN. */
static __device__ __forceinline__ float shrink(float max, float of)
{
    return max == -INFINITY ? 0.0f : expf(max - of);
}

static __device__ __forceinline__ struct seen join(struct seen a, struct seen b)
{
    const float max = fmaxf(a.max, b.max);
    return {max, a.sum * shrink(a.max, max) + b.sum * shrink(b.max, max)};
}

static __device__ struct seen lanes_join(struct seen s)
{
    for (int step = WARP / 2; step > 0; step /= 2) {
        const float max = __shfl_xor_sync(ALL_LANES, s.max, step);
        const float sum = __shfl_xor_sync(ALL_LANES, s.sum, step);
        s = join(s, {max, sum});
    }
    return s;
}

/* The whole block's, for every thread. `parts` may be used again after the next barrier. */
static __device__ struct seen block_join(struct seen s, struct seen parts[WARPS])
{
    s = lanes_join(s);
    if (threadIdx.x % WARP == 0)
        parts[threadIdx.x / WARP] = s;
    __syncthreads();
    const int lane = threadIdx.x % WARP;
    return lanes_join(lane < WARPS ? parts[lane] : seen{-INFINITY, 0.0f});
}

static __device__ __forceinline__ float score(const float *x, const float *mask, size_t i,
                                              float scale)
{
    return x[i] * scale + (mask ? mask[i] : 0.0f);
}

/* x and ret_y may be the same: no __restrict__. */
__global__ void __launch_bounds__(THREADS)
    softmax(const float *x, const float *mask, size_t n, float scale, float *ret_y)
{
    __shared__ struct seen parts[WARPS];
    const size_t row = (size_t)blockIdx.x * n;
    const float *row_mask = mask ? mask + row : nullptr;
    struct seen mine = {-INFINITY, 0.0f};
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        mine = join(mine, {score(x + row, row_mask, i, scale), 1.0f});
    const struct seen all = block_join(mine, parts);
    const float inverse = all.sum > 0.0f ? 1.0f / all.sum : 0.0f;
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        ret_y[row + i] = shrink(score(x + row, row_mask, i, scale), all.max) * inverse;
}

cudaError_t cuda_softmax(const float *x, const float *mask, size_t rows, size_t n, float scale,
                         float *ret_y, cudaStream_t stream)
{
    if (rows > GRID_MAX)
        return cudaErrorInvalidValue;
    if (rows == 0 || n == 0)
        return cudaSuccess;
    return launch(softmax, dim3((unsigned)rows), dim3(THREADS), stream, x, mask, n, scale, ret_y);
}

/* ---- RMSNorm ---- */

static __device__ float block_sum(float x, float parts[WARPS])
{
    x = lanes_sum(x);
    if (threadIdx.x % WARP == 0)
        parts[threadIdx.x / WARP] = x;
    __syncthreads();
    const int lane = threadIdx.x % WARP;
    return lanes_sum(lane < WARPS ? parts[lane] : 0.0f);
}

__global__ void __launch_bounds__(THREADS)
    rms_norm(const float *x, const float *__restrict__ w, size_t n, float eps, float *ret_y)
{
    __shared__ float parts[WARPS];
    const size_t row = (size_t)blockIdx.x * n;
    float sum = 0.0f;
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        sum += x[row + i] * x[row + i];
    const float inverse = 1.0f / sqrtf(block_sum(sum, parts) / (float)n + eps);
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        ret_y[row + i] = x[row + i] * inverse * (w ? w[i] : 1.0f);
}

cudaError_t cuda_rms_norm(const float *x, const float *w, size_t rows, size_t n, float eps,
                          float *ret_y, cudaStream_t stream)
{
    if (rows > GRID_MAX)
        return cudaErrorInvalidValue;
    if (rows == 0 || n == 0)
        return cudaSuccess;
    return launch(rms_norm, dim3((unsigned)rows), dim3(THREADS), stream, x, w, n, eps, ret_y);
}

/* ---- RoPE ---- */

/* A float has 24 bits: at position 100000 it holds an angle to 0.004 only. In double the whole half
 * turns can be taken away first. */
static __device__ void angle_of(const struct cuda_rope &r, int32_t position, int pair,
                                float *ret_sin, float *ret_cos)
{
    const double pi = 3.14159265358979323846;
    const double frequency = exp2(-2.0 * pair / r.n_rot * log2((double)r.base)) *
                             (double)r.freq_scale / (r.factors ? (double)r.factors[pair] : 1.0);
    const double half_turns = (double)position * frequency / pi;
    sincospif((float)(half_turns - 2.0 * rint(half_turns / 2.0)), ret_sin, ret_cos);
}

__global__ void __launch_bounds__(ROPE_THREADS)
    rope(float *x, const int32_t *__restrict__ positions, struct cuda_rope r)
{
    const int pair = blockIdx.y * ROPE_THREADS + threadIdx.x;
    if (pair >= r.n_rot / 2)
        return;
    float sine, cosine;
    angle_of(r, positions[blockIdx.x], pair, &sine, &cosine);
    const int first = r.neox ? pair : 2 * pair;
    const int second = r.neox ? pair + r.n_rot / 2 : first + 1;
    float *head = x + (size_t)blockIdx.x * r.heads * r.head;
    for (int h = 0; h < r.heads; h++, head += r.head) {
        const float a = head[first], b = head[second];
        head[first] = a * cosine - b * sine;
        head[second] = a * sine + b * cosine;
    }
}

cudaError_t cuda_rope(float *x, const int32_t *positions, size_t tokens, const struct cuda_rope *r,
                      cudaStream_t stream)
{
    if (r->heads < 0 || r->n_rot < 0 || r->n_rot % 2 != 0 || r->n_rot > r->head ||
        !(r->base > 0.0f) || !(r->freq_scale > 0.0f) || tokens > GRID_MAX)
        return cudaErrorInvalidValue;
    const size_t pair_blocks = div_up((size_t)r->n_rot / 2, ROPE_THREADS);
    if (pair_blocks > GRID_YZ_MAX)
        return cudaErrorInvalidValue;
    if (tokens == 0 || r->heads == 0 || r->n_rot == 0)
        return cudaSuccess;
    return launch(rope, dim3((unsigned)tokens, (unsigned)pair_blocks), dim3(ROPE_THREADS), stream,
                  x, positions, *r);
}
