// What bench_vgpu runs: kernels as a learner would write them, each with the work of one case. All
// take (out, a, b, n) and use what they need.
#include <math.h>

#define WARP 32
__device__ static float warp_sum(float x)
{
    for (int d = WARP / 2; d > 0; d /= 2)
        x += __shfl_xor_sync(0xffffffffu, x, d);
    return x;
}

__device__ static float warp_max(float x)
{
    for (int d = WARP / 2; d > 0; d /= 2)
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, d));
    return x;
}

// A warp takes a row of n.
extern "C" __global__ void softmax(float *out, const float *a, const float *b, int n)
{
    const int row = blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const float *x = a + (size_t)row * n;
    float top = -INFINITY, sum = 0;
    for (int k = lane; k < n; k += WARP)
        top = fmaxf(top, x[k]);
    top = warp_max(top);
    for (int k = lane; k < n; k += WARP)
        sum += __expf(x[k] - top);
    sum = 1 / warp_sum(sum);
    for (int k = lane; k < n; k += WARP)
        out[(size_t)row * n + k] = __expf(x[k] - top) * sum;
}

// A block takes a row of n.
extern "C" __global__ void layernorm(float *out, const float *a, const float *b, int n)
{
    __shared__ float part[2][WARP];
    const float *x = a + (size_t)blockIdx.x * n;
    float sum = 0, squares = 0;
    for (int k = threadIdx.x; k < n; k += blockDim.x) {
        sum += x[k];
        squares += x[k] * x[k];
    }
    sum = warp_sum(sum);
    squares = warp_sum(squares);
    if (threadIdx.x % WARP == 0) {
        part[0][threadIdx.x / WARP] = sum;
        part[1][threadIdx.x / WARP] = squares;
    }
    __syncthreads();
    const int warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
    sum = warp_sum(lane < warps ? part[0][lane] : 0) / n;
    squares = warp_sum(lane < warps ? part[1][lane] : 0) / n;
    const float scale = rsqrtf(squares - sum * sum + 1e-5f);
    for (int k = threadIdx.x; k < n; k += blockDim.x)
        out[(size_t)blockIdx.x * n + k] = (x[k] - sum) * scale * b[k];
}

// out = a b, all n x n; a block of 16 x 16 threads takes 64 x 64 of it.
extern "C" __global__ void sgemm(float *out, const float *a, const float *b, int n)
{
    __shared__ float sa[16][64 + 4], sb[16][64];
    const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    const int row = blockIdx.y * 64, column = blockIdx.x * 64;
    float sum[4][4] = {};
    for (int k = 0; k < n; k += 16) {
        for (int e = threadIdx.x; e < 16 * 64; e += 256) {
            sa[e % 16][e / 16] = a[(size_t)(row + e / 16) * n + k + e % 16];
            sb[e / 64][e % 64] = b[(size_t)(k + e / 64) * n + column + e % 64];
        }
        __syncthreads();
        for (int i = 0; i < 16; i++) {
            float x[4], y[4];
            for (int e = 0; e < 4; e++) {
                x[e] = sa[i][ty * 4 + e];
                y[e] = sb[i][tx + 16 * e];
            }
            for (int r = 0; r < 4; r++)
                for (int c = 0; c < 4; c++)
                    sum[r][c] += x[r] * y[c];
        }
        __syncthreads();
    }
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++)
            out[(size_t)(row + ty * 4 + r) * n + column + tx + 16 * c] = sum[r][c];
}

// One query of 64 per warp against n keys and values, online softmax.
extern "C" __global__ void attention(float *out, const float *a, const float *b, int n)
{
    const int query = blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const float q0 = a[query * 64 + lane], q1 = a[query * 64 + 32 + lane];
    float top = -INFINITY, sum = 0, v0 = 0, v1 = 0;
    for (int k = 0; k < n; k++) {
        const float *key = b + (size_t)k * 128, *value = key + 64;
        const float s = warp_sum(q0 * key[lane] + q1 * key[32 + lane]) * 0.125f;
        const float next = fmaxf(top, s), keep = __expf(top - next), p = __expf(s - next);
        sum = sum * keep + p;
        v0 = v0 * keep + p * value[lane];
        v1 = v1 * keep + p * value[32 + lane];
        top = next;
    }
    out[query * 64 + lane] = v0 / sum;
    out[query * 64 + 32 + lane] = v1 / sum;
}

// The sum of n values of each block, by a tree in shared memory.
extern "C" __global__ void reduce(float *out, const float *a, const float *b, int n)
{
    __shared__ float part[256];
    float sum = 0;
    for (int k = threadIdx.x; k < n; k += blockDim.x)
        sum += a[(size_t)blockIdx.x * n + k];
    part[threadIdx.x] = sum;
    __syncthreads();
    for (int d = blockDim.x / 2; d > 0; d /= 2) {
        if (threadIdx.x < d)
            part[threadIdx.x] += part[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0)
        out[blockIdx.x] = part[0];
}
