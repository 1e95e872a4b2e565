#include "reference/cuda/gemm.cuh"

struct shape {
    size_t m, n, k;
};

/* ---- naive: neighbouring threads make neighbouring columns, so that b is read in one piece ----
 */

enum { NAIVE_X = 32, NAIVE_Y = 8 };

__global__ void __launch_bounds__(NAIVE_X *NAIVE_Y)
    gemm_naive(const float *__restrict__ a, const float *__restrict__ b, struct shape s,
               float *__restrict__ ret_c)
{
    const size_t row = (size_t)blockIdx.y * NAIVE_Y + threadIdx.y;
    const size_t column = (size_t)blockIdx.x * NAIVE_X + threadIdx.x;
    if (row >= s.m || column >= s.n)
        return;
    float sum = 0.0f;
    for (size_t p = 0; p < s.k; p++)
        sum += a[row * s.k + p] * b[p * s.n + column];
    ret_c[row * s.n + column] = sum;
}

/* ---- tiled: a block fetches each value once for 32 uses ---- */

enum { TILE = 32, TILE_Y = 8, TILE_ROWS = TILE / TILE_Y };

/* What lies outside of the matrix counts as 0. */
static __device__ __forceinline__ float at_or_zero(const float *x, size_t row, size_t rows,
                                                   size_t column, size_t columns)
{
    return row < rows && column < columns ? x[row * columns + column] : 0.0f;
}

__global__ void __launch_bounds__(TILE *TILE_Y)
    gemm_tiled(const float *__restrict__ a, const float *__restrict__ b, struct shape s,
               float *__restrict__ ret_c)
{
    __shared__ float tile_a[TILE][TILE], tile_b[TILE][TILE];
    const int x = threadIdx.x, y = threadIdx.y;
    const size_t row0 = (size_t)blockIdx.y * TILE, column = (size_t)blockIdx.x * TILE + x;
    float sum[TILE_ROWS] = {};
    for (size_t p0 = 0; p0 < s.k; p0 += TILE) {
        for (int i = y; i < TILE; i += TILE_Y) {
            tile_a[i][x] = at_or_zero(a, row0 + i, s.m, p0 + x, s.k);
            tile_b[i][x] = at_or_zero(b, p0 + i, s.k, column, s.n);
        }
        __syncthreads(); /* the tiles are there */
        for (int p = 0; p < TILE; p++)
#pragma unroll
            for (int r = 0; r < TILE_ROWS; r++)
                sum[r] += tile_a[y + r * TILE_Y][p] * tile_b[p][x];
        __syncthreads(); /* nobody needs them any more */
    }
#pragma unroll
    for (int r = 0; r < TILE_ROWS; r++) {
        const size_t row = row0 + y + r * TILE_Y;
        if (row < s.m && column < s.n)
            ret_c[row * s.n + column] = sum[r];
    }
}

/* ---- register: 8 values from shared memory serve 16 products ---- */

enum { BLOCK = 64, DEPTH = 16, OWN = 4, SIDE = BLOCK / OWN, REGISTER_THREADS = SIDE * SIDE };

static __device__ __forceinline__ float4 four_or_zero(const float *x, size_t row, size_t rows,
                                                      size_t column, size_t columns)
{
    if (row < rows && column < columns) /* columns are a multiple of 4: all four are inside */
        return *(const float4 *)&x[row * columns + column];
    return {0.0f, 0.0f, 0.0f, 0.0f};
}

/* a is stored on its side, so that the four rows of a thread are one float4. The padding spreads
 * the columns that a warp writes over other banks, and keeps rows at multiples of 16 bytes. */
struct register_tiles {
    alignas(16) float a[DEPTH][BLOCK + 4];
    alignas(16) float b[DEPTH][BLOCK];
};

static __device__ void load_tiles(struct register_tiles *ret, const float *a, const float *b,
                                  struct shape s, size_t row0, size_t column0, size_t p0)
{
    const int t = threadIdx.x;
    const int i = t / (DEPTH / 4), p = t % (DEPTH / 4) * 4;
    const float4 from_a = four_or_zero(a, row0 + i, s.m, p0 + p, s.k);
    ret->a[p + 0][i] = from_a.x;
    ret->a[p + 1][i] = from_a.y;
    ret->a[p + 2][i] = from_a.z;
    ret->a[p + 3][i] = from_a.w;
    const int q = t / (BLOCK / 4), j = t % (BLOCK / 4) * 4;
    *(float4 *)&ret->b[q][j] = four_or_zero(b, p0 + q, s.k, column0 + j, s.n);
}

static __device__ __forceinline__ void add_outer(float sum[OWN][OWN], float4 a, float4 b)
{
    const float rows[OWN] = {a.x, a.y, a.z, a.w}, columns[OWN] = {b.x, b.y, b.z, b.w};
#pragma unroll
    for (int r = 0; r < OWN; r++)
#pragma unroll
        for (int c = 0; c < OWN; c++)
            sum[r][c] += rows[r] * columns[c];
}

__global__ void __launch_bounds__(REGISTER_THREADS)
    gemm_register(const float *__restrict__ a, const float *__restrict__ b, struct shape s,
                  float *__restrict__ ret_c)
{
    __shared__ struct register_tiles tiles;
    const int x = threadIdx.x % SIDE * OWN, y = threadIdx.x / SIDE * OWN;
    const size_t row0 = (size_t)blockIdx.y * BLOCK, column0 = (size_t)blockIdx.x * BLOCK;
    float sum[OWN][OWN] = {};
    for (size_t p0 = 0; p0 < s.k; p0 += DEPTH) {
        load_tiles(&tiles, a, b, s, row0, column0, p0);
        __syncthreads();
#pragma unroll
        for (int p = 0; p < DEPTH; p++)
            add_outer(sum, *(const float4 *)&tiles.a[p][y], *(const float4 *)&tiles.b[p][x]);
        __syncthreads();
    }
#pragma unroll
    for (int r = 0; r < OWN; r++)
        if (row0 + y + r < s.m && column0 + x < s.n)
            *(float4 *)&ret_c[(row0 + y + r) * s.n + column0 + x] = {sum[r][0], sum[r][1],
                                                                     sum[r][2], sum[r][3]};
}

/* ---- mma: four warps, each 32 x 32 as 2 x 4 fragments of 16 x 8 ---- */

enum { MMA_K = 16, PAIRS = MMA_K / 2, MMA_THREADS = 4 * WARP, PAIR_STRIDE = PAIRS + 4 };

#ifdef __CUDACC__
/* d += a * b for a 16 x 16, b 16 x 8 of halves; emulator.h tells which lane holds what. */
static __device__ __forceinline__ void mma_m16n8k16(float d[4], const uint32_t a[4],
                                                    const uint32_t b[2])
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

/* 64 rows of 8 pairs of halves. A stride of 12 words: the 8 rows x 4 pairs that a warp reads for a
 * fragment lie in 32 different banks. */
typedef uint32_t pair_tile[BLOCK][PAIR_STRIDE];

static __device__ void load_pairs(pair_tile ret, const uint16_t *x, size_t row0, size_t rows,
                                  size_t p0, size_t k)
{
    for (int i = threadIdx.x; i < BLOCK * PAIRS; i += MMA_THREADS) {
        const size_t row = row0 + i / PAIRS, p = p0 + i % PAIRS * 2;
        ret[i / PAIRS][i % PAIRS] =
            row < rows && p < k ? *(const uint32_t *)&x[row * k + p] : 0; /* k is even */
    }
}

static __device__ __forceinline__ void warp_products(float sum[2][4][4], const pair_tile a,
                                                     const pair_tile w, int y, int x)
{
    const int group = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
    uint32_t fragment_a[2][4];
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
        for (int r = 0; r < 4; r++)
            fragment_a[i][r] = a[y + 16 * i + group + 8 * (r % 2)][t + 4 * (r / 2)];
#pragma unroll
    for (int j = 0; j < 4; j++) {
        const uint32_t *row = w[x + 8 * j + group];
        const uint32_t fragment_b[2] = {row[t], row[t + 4]};
#pragma unroll
        for (int i = 0; i < 2; i++)
            mma_m16n8k16(sum[i][j], fragment_a[i], fragment_b);
    }
}

static __device__ __forceinline__ void store_fragment(const float d[4], size_t row, size_t column,
                                                      struct shape s, float *ret_c)
{
#pragma unroll
    for (int r = 0; r < 4; r++) {
        const size_t i = row + 8 * (r / 2), j = column + r % 2;
        if (i < s.m && j < s.n)
            ret_c[i * s.n + j] = d[r];
    }
}

__global__ void __launch_bounds__(MMA_THREADS)
    gemm_mma(const uint16_t *__restrict__ a, const uint16_t *__restrict__ w, struct shape s,
             float *__restrict__ ret_c)
{
    __shared__ pair_tile tile_a, tile_w;
    const int warp = threadIdx.x / WARP, group = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
    const int y = warp / 2 * 32, x = warp % 2 * 32;
    const size_t row0 = (size_t)blockIdx.y * BLOCK, column0 = (size_t)blockIdx.x * BLOCK;
    float sum[2][4][4] = {};
    for (size_t p0 = 0; p0 < s.k; p0 += MMA_K) {
        load_pairs(tile_a, a, row0, s.m, p0, s.k);
        load_pairs(tile_w, w, column0, s.n, p0, s.k);
        __syncthreads();
        warp_products(sum, tile_a, tile_w, y, x);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
            store_fragment(sum[i][j], row0 + y + 16 * i + group, column0 + x + 8 * j + 2 * t, s,
                           ret_c);
}

/* ---- launchers ---- */

/* False: the grid would be too large. */
static bool grid_of(struct shape s, size_t by_rows, size_t by_columns, dim3 *ret)
{
    const size_t x = div_up(s.n, by_columns), y = div_up(s.m, by_rows);
    *ret = dim3((unsigned)x, (unsigned)y);
    return s.n <= GRID_MAX && y <= GRID_YZ_MAX;
}

cudaError_t cuda_gemm_naive(const float *a, const float *b, size_t m, size_t n, size_t k,
                            float *ret_c, cudaStream_t stream)
{
    const struct shape s = {m, n, k};
    dim3 grid;
    if (!grid_of(s, NAIVE_Y, NAIVE_X, &grid))
        return cudaErrorInvalidValue;
    if (m == 0 || n == 0)
        return cudaSuccess;
    return launch(gemm_naive, grid, dim3(NAIVE_X, NAIVE_Y), stream, a, b, s, ret_c);
}

cudaError_t cuda_gemm_tiled(const float *a, const float *b, size_t m, size_t n, size_t k,
                            float *ret_c, cudaStream_t stream)
{
    const struct shape s = {m, n, k};
    dim3 grid;
    if (!grid_of(s, TILE, TILE, &grid))
        return cudaErrorInvalidValue;
    if (m == 0 || n == 0)
        return cudaSuccess;
    return launch(gemm_tiled, grid, dim3(TILE, TILE_Y), stream, a, b, s, ret_c);
}

cudaError_t cuda_gemm_register(const float *a, const float *b, size_t m, size_t n, size_t k,
                               float *ret_c, cudaStream_t stream)
{
    const struct shape s = {m, n, k};
    dim3 grid;
    if (n % 4 != 0 || k % 4 != 0 || !grid_of(s, BLOCK, BLOCK, &grid))
        return cudaErrorInvalidValue;
    if (m == 0 || n == 0)
        return cudaSuccess;
    return launch(gemm_register, grid, dim3(REGISTER_THREADS), stream, a, b, s, ret_c);
}

cudaError_t cuda_gemm_mma(const uint16_t *a, const uint16_t *w, size_t m, size_t n, size_t k,
                          float *ret_c, cudaStream_t stream)
{
    const struct shape s = {m, n, k};
    dim3 grid;
    if (k % 2 != 0 || !grid_of(s, BLOCK, BLOCK, &grid))
        return cudaErrorInvalidValue;
    if (m == 0 || n == 0)
        return cudaSuccess;
    return launch(gemm_mma, grid, dim3(MMA_THREADS), stream, a, w, s, ret_c);
}
