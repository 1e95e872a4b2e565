// The ladders that everybody climbs, each rung a kernel: the same result, one thing done better.
// Compiled to PTX when the tests are built. All kernels have one signature, so that one launcher
// serves: inputs a and b, output c, sizes n and m.
#define RUNG extern "C" __global__ void

// ---- c = a * b, square, n a multiple of 128 ----

// Threads of a warp lie along a column: each load of a, and each store, is 32 sectors.
RUNG sgemm_naive(const float *a, const float *b, float *c, int n, int)
{
    const int row = blockIdx.x * 32 + threadIdx.x, column = blockIdx.y * 32 + threadIdx.y;
    float sum = 0.0f;
    for (int k = 0; k < n; k++)
        sum += a[row * n + k] * b[k * n + column];
    c[row * n + column] = sum;
}

RUNG sgemm_coalesced(const float *a, const float *b, float *c, int n, int)
{
    const int row = blockIdx.y * 32 + threadIdx.y, column = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.0f;
    for (int k = 0; k < n; k++)
        sum += a[row * n + k] * b[k * n + column];
    c[row * n + column] = sum;
}

RUNG sgemm_shared(const float *a, const float *b, float *c, int n, int)
{
    __shared__ float left[32][32], right[32][32];
    const int x = threadIdx.x, y = threadIdx.y;
    const int row = blockIdx.y * 32 + y, column = blockIdx.x * 32 + x;
    float sum = 0.0f;
    for (int tile = 0; tile < n; tile += 32) {
        left[y][x] = a[row * n + tile + x];
        right[y][x] = b[(tile + y) * n + column];
        __syncthreads();
        for (int k = 0; k < 32; k++)
            sum += left[y][k] * right[k][x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}

// Eight results of one column for each of 512 threads: one value of b serves eight products.
RUNG __launch_bounds__(512) sgemm_line(const float *a, const float *b, float *c, int n, int)
{
    __shared__ float left[64][8], right[8][64];
    const int t = threadIdx.x, x = t % 64, y = t / 64;
    a += blockIdx.y * 64 * n;
    b += blockIdx.x * 64;
    float sum[8] = {};
    for (int tile = 0; tile < n; tile += 8) {
        left[t / 8][t % 8] = a[t / 8 * n + tile + t % 8];
        right[y][x] = b[(tile + y) * n + x];
        __syncthreads();
        for (int k = 0; k < 8; k++) {
            const float value = right[k][x];
            for (int i = 0; i < 8; i++)
                sum[i] += left[y * 8 + i][k] * value;
        }
        __syncthreads();
    }
    for (int i = 0; i < 8; i++)
        c[(blockIdx.y * 64 + y * 8 + i) * n + blockIdx.x * 64 + x] = sum[i];
}

// 8 x 8 results for each of 256 threads.
RUNG __launch_bounds__(256) sgemm_square(const float *a, const float *b, float *c, int n, int)
{
    __shared__ float left[128][8], right[8][128];
    const int t = threadIdx.x, x = t % 16 * 8, y = t / 16 * 8;
    a += blockIdx.y * 128 * n;
    b += blockIdx.x * 128;
    float sum[8][8] = {};
    for (int tile = 0; tile < n; tile += 8) {
        for (int i = 0; i < 128; i += 32)
            left[i + t / 8][t % 8] = a[(i + t / 8) * n + tile + t % 8];
        for (int i = 0; i < 8; i += 2)
            right[i + t / 128][t % 128] = b[(tile + i + t / 128) * n + t % 128];
        __syncthreads();
        for (int k = 0; k < 8; k++) {
            float p[8], q[8];
            for (int i = 0; i < 8; i++)
                p[i] = left[y + i][k], q[i] = right[k][x + i];
            for (int i = 0; i < 8; i++)
                for (int j = 0; j < 8; j++)
                    sum[i][j] += p[i] * q[j];
        }
        __syncthreads();
    }
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            c[(blockIdx.y * 128 + y + i) * n + blockIdx.x * 128 + x + j] = sum[i][j];
}

__device__ float4 four(const float *from)
{
    return *reinterpret_cast<const float4 *>(from);
}

// The same by four values at a time, a's tile turned so that they lie beside each other.
RUNG __launch_bounds__(256) sgemm_vector(const float *a, const float *b, float *c, int n, int)
{
    __shared__ __align__(16) float left[8][128], right[8][128];
    const int t = threadIdx.x, x = t % 16 * 8, y = t / 16 * 8;
    a += blockIdx.y * 128 * n;
    b += blockIdx.x * 128;
    float sum[8][8] = {};
    for (int tile = 0; tile < n; tile += 8) {
        const float4 turned = four(a + t / 2 * n + tile + t % 2 * 4);
        left[t % 2 * 4 + 0][t / 2] = turned.x;
        left[t % 2 * 4 + 1][t / 2] = turned.y;
        left[t % 2 * 4 + 2][t / 2] = turned.z;
        left[t % 2 * 4 + 3][t / 2] = turned.w;
        *reinterpret_cast<float4 *>(&right[t / 32][t % 32 * 4]) =
            four(b + (tile + t / 32) * n + t % 32 * 4);
        __syncthreads();
        for (int k = 0; k < 8; k++) {
            float p[8], q[8];
            for (int i = 0; i < 8; i++)
                p[i] = left[k][y + i], q[i] = right[k][x + i];
            for (int i = 0; i < 8; i++)
                for (int j = 0; j < 8; j++)
                    sum[i][j] += p[i] * q[j];
        }
        __syncthreads();
    }
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j += 4)
            *reinterpret_cast<float4 *>(
                &c[(blockIdx.y * 128 + y + i) * n + blockIdx.x * 128 + x + j]) =
                make_float4(sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]);
}

// Each of four warps has 64 x 64 results; a thread has four times 8 x 4 of them, so that what a
// warp reads at once lies close together. Fewer barriers by deeper tiles.
RUNG __launch_bounds__(128) sgemm_warp(const float *a, const float *b, float *c, int n, int)
{
    __shared__ __align__(16) float left[16][128], right[16][128];
    const int t = threadIdx.x, warp = t / 32, lane = t % 32;
    const int x = warp % 2 * 64 + lane % 4 * 4, y = warp / 2 * 64 + lane / 4 * 8;
    a += blockIdx.y * 128 * n;
    b += blockIdx.x * 128;
    float sum[8][16] = {};
    for (int tile = 0; tile < n; tile += 16) {
        for (int i = 0; i < 128; i += 32) {
            const float4 turned = four(a + (i + t / 4) * n + tile + t % 4 * 4);
            left[t % 4 * 4 + 0][i + t / 4] = turned.x;
            left[t % 4 * 4 + 1][i + t / 4] = turned.y;
            left[t % 4 * 4 + 2][i + t / 4] = turned.z;
            left[t % 4 * 4 + 3][i + t / 4] = turned.w;
        }
        for (int i = 0; i < 16; i += 4)
            *reinterpret_cast<float4 *>(&right[i + t / 32][t % 32 * 4]) =
                four(b + (tile + i + t / 32) * n + t % 32 * 4);
        __syncthreads();
        for (int k = 0; k < 16; k++) {
            float p[8], q[16];
            for (int i = 0; i < 8; i++)
                p[i] = left[k][y + i];
            for (int j = 0; j < 16; j++)
                q[j] = right[k][x + j / 4 * 16 + j % 4];
            for (int i = 0; i < 8; i++)
                for (int j = 0; j < 16; j++)
                    sum[i][j] += p[i] * q[j];
        }
        __syncthreads();
    }
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 16; j += 4)
            *reinterpret_cast<float4 *>(
                &c[(blockIdx.y * 128 + y + i) * n + blockIdx.x * 128 + x + j * 4]) =
                make_float4(sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]);
}

// ---- c[block] = the sum of a block's part of a; 256 threads ----

// Every second, fourth, eighth thread adds: all warps stay busy with few lanes.
RUNG sum_interleaved(const float *a, const float *, float *c, int, int)
{
    __shared__ float part[256];
    const int t = threadIdx.x;
    part[t] = a[blockIdx.x * 256 + t];
    __syncthreads();
    for (int step = 1; step < 256; step *= 2) {
        if (t % (2 * step) == 0)
            part[t] += part[t + step];
        __syncthreads();
    }
    if (t == 0)
        c[blockIdx.x] = part[0];
}

__device__ void sum_halves(float *part, float *c)
{
    const int t = threadIdx.x;
    __syncthreads();
    for (int step = 128; step > 0; step /= 2) {
        if (t < step)
            part[t] += part[t + step];
        __syncthreads();
    }
    if (t == 0)
        c[blockIdx.x] = part[0];
}

RUNG sum_sequential(const float *a, const float *, float *c, int, int)
{
    __shared__ float part[256];
    part[threadIdx.x] = a[blockIdx.x * 256 + threadIdx.x];
    sum_halves(part, c);
}

RUNG sum_first_add(const float *a, const float *, float *c, int, int)
{
    __shared__ float part[256];
    a += blockIdx.x * 512 + threadIdx.x;
    part[threadIdx.x] = a[0] + a[256];
    sum_halves(part, c);
}

__device__ float over_warp(float x)
{
    for (int step = 16; step > 0; step /= 2)
        x += __shfl_xor_sync(0xffffffff, x, step);
    return x;
}

__device__ void sum_warps(float x, float *c)
{
    __shared__ float part[8];
    x = over_warp(x);
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = x;
    __syncthreads();
    if (threadIdx.x < 32) {
        x = over_warp(threadIdx.x < 8 ? part[threadIdx.x] : 0.0f);
        if (threadIdx.x == 0)
            c[blockIdx.x] = x;
    }
}

RUNG sum_shuffle(const float *a, const float *, float *c, int, int)
{
    a += blockIdx.x * 512 + threadIdx.x;
    sum_warps(a[0] + a[256], c);
}

// As many blocks as fit the device, each over its share by four values at a time.
RUNG sum_vector(const float *a, const float *, float *c, int n, int)
{
    const float4 *in = reinterpret_cast<const float4 *>(a);
    float sum = 0.0f;
    for (int i = blockIdx.x * 256 + threadIdx.x; i < n / 4; i += gridDim.x * 256) {
        const float4 x = in[i];
        sum += (x.x + x.y) + (x.z + x.w);
    }
    sum_warps(sum, c);
}

// ---- c = a transposed; a has m rows of n; blocks of 32 x 8 ----

RUNG transpose_naive(const float *a, const float *, float *c, int n, int m)
{
    const int x = blockIdx.x * 32 + threadIdx.x;
    for (int y = blockIdx.y * 32 + threadIdx.y, end = y + 32; y < end; y += 8)
        c[x * m + y] = a[y * n + x];
}

template <int PITCH>
__device__ void transpose(const float *a, float *c, int n, int m)
{
    __shared__ float tile[32][PITCH];
    const int x = threadIdx.x, left = blockIdx.x * 32, top = blockIdx.y * 32;
    for (int y = threadIdx.y; y < 32; y += 8)
        tile[y][x] = a[(top + y) * n + left + x];
    __syncthreads();
    for (int y = threadIdx.y; y < 32; y += 8)
        c[(left + y) * m + top + x] = tile[x][y];
}

RUNG transpose_tiled(const float *a, const float *, float *c, int n, int m)
{
    transpose<32>(a, c, n, m);
}

RUNG transpose_padded(const float *a, const float *, float *c, int n, int m)
{
    transpose<33>(a, c, n, m);
}

// ---- c = softmax of each row of a; n columns; a block of 256 threads per row ----

struct add {
    __device__ static float of(float x, float y) { return x + y; }
};
struct greater {
    __device__ static float of(float x, float y) { return fmaxf(x, y); }
};

template <class OF>
__device__ float over_block(float x)
{
    __shared__ float part[8];
    for (int step = 16; step > 0; step /= 2)
        x = OF::of(x, __shfl_xor_sync(0xffffffff, x, step));
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = x;
    __syncthreads();
    x = part[0];
    for (int w = 1; w < 8; w++)
        x = OF::of(x, part[w]);
    __syncthreads();
    return x;
}

RUNG softmax_three(const float *a, const float *, float *c, int n, int)
{
    a += blockIdx.x * n, c += blockIdx.x * n;
    float most = a[0], sum = 0.0f;
    for (int i = threadIdx.x; i < n; i += 256)
        most = fmaxf(most, a[i]);
    most = over_block<greater>(most);
    for (int i = threadIdx.x; i < n; i += 256)
        sum += __expf(a[i] - most);
    const float share = 1.0f / over_block<add>(sum);
    for (int i = threadIdx.x; i < n; i += 256)
        c[i] = __expf(a[i] - most) * share;
}

RUNG softmax_online(const float *a, const float *, float *c, int n, int)
{
    a += blockIdx.x * n, c += blockIdx.x * n;
    float most = a[threadIdx.x], sum = 1.0f;
    for (int i = threadIdx.x + 256; i < n; i += 256) {
        const float x = a[i], before = most;
        most = fmaxf(most, x);
        sum = sum * __expf(before - most) + __expf(x - most);
    }
    const float highest = over_block<greater>(most);
    const float share = 1.0f / over_block<add>(sum * __expf(most - highest));
    for (int i = threadIdx.x; i < n; i += 256)
        c[i] = __expf(a[i] - highest) * share;
}

// The row stays in registers: 8192 columns by four values at a time.
RUNG softmax_once(const float *a, const float *, float *c, int n, int)
{
    const float4 *in = reinterpret_cast<const float4 *>(a + blockIdx.x * n);
    float4 *out = reinterpret_cast<float4 *>(c + blockIdx.x * n);
    float4 x[8];
    float most = -INFINITY, sum = 0.0f;
    for (int i = 0; i < 8; i++) {
        x[i] = in[i * 256 + threadIdx.x];
        most = fmaxf(most, fmaxf(fmaxf(x[i].x, x[i].y), fmaxf(x[i].z, x[i].w)));
    }
    most = over_block<greater>(most);
    for (int i = 0; i < 8; i++) {
        x[i] = make_float4(__expf(x[i].x - most), __expf(x[i].y - most), __expf(x[i].z - most),
                           __expf(x[i].w - most));
        sum += (x[i].x + x[i].y) + (x[i].z + x[i].w);
    }
    const float share = 1.0f / over_block<add>(sum);
    for (int i = 0; i < 8; i++)
        out[i * 256 + threadIdx.x] =
            make_float4(x[i].x * share, x[i].y * share, x[i].z * share, x[i].w * share);
}

// ---- single facts ----

RUNG saxpy(const float *a, const float *, float *c, int n, int)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        c[i] = 2.0f * a[i] + c[i];
}

RUNG saxpy_four(const float *a, const float *, float *c, int n, int)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n / 4)
        return;
    const float4 x = reinterpret_cast<const float4 *>(a)[i];
    float4 y = reinterpret_cast<float4 *>(c)[i];
    y.x += 2.0f * x.x, y.y += 2.0f * x.y, y.z += 2.0f * x.z, y.w += 2.0f * x.w;
    reinterpret_cast<float4 *>(c)[i] = y;
}

RUNG add_only(const float *a, const float *b, float *c, int, int)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    c[i] = a[i] + b[i];
}

RUNG scale_only(const float *a, const float *, float *c, int, int)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    c[i] = a[i] * 3.0f;
}

RUNG add_and_scale(const float *a, const float *b, float *c, int, int)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    c[i] = (a[i] + b[i]) * 3.0f;
}

// Reads bytes where scale_only reads floats.
RUNG scale_bytes(const float *a, const float *, float *c, int, int)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    c[i] = (float)reinterpret_cast<const signed char *>(a)[i] * 3.0f;
}

// m products: in one chain, or in four that do not wait for each other.
RUNG one_chain(const float *a, const float *, float *c, int, int m)
{
    const float x = a[threadIdx.x];
    float y = x;
#pragma unroll 16
    for (int i = 0; i < m; i++)
        y = y * x + x;
    c[blockIdx.x * blockDim.x + threadIdx.x] = y;
}

RUNG four_chains(const float *a, const float *, float *c, int, int m)
{
    const float x = a[threadIdx.x];
    float y = x, z = x + 1.0f, v = x + 2.0f, w = x + 3.0f;
#pragma unroll 4
    for (int i = 0; i < m / 4; i++)
        y = y * x + x, z = z * x + x, v = v * x + x, w = w * x + x;
    c[blockIdx.x * blockDim.x + threadIdx.x] = (y + z) + (v + w);
}
