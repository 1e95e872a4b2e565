#include "reference/cuda/matvec.cuh"

enum { ROWS = 4, THREADS = ROWS * WARP, LANES_A_BLOCK = 4 };
static constexpr size_t ROWS_MAX = (size_t)1 << 32;
static constexpr int ONES = 0x01010101, EIGHTS = 0x08080808, LOW_NIBBLES = 0x0f0f0f0f;

/* Four bytes at an even address: blocks of 18 or 34 bytes allow no wider loads. */
static __device__ __forceinline__ int load_at_even(const void *p)
{
    const uint16_t *half = (const uint16_t *)p;
    return (int)(half[0] | (unsigned)half[1] << 16);
}

static __device__ __forceinline__ int load_int(const void *p)
{
    return *(const int *)p;
}

/* ---- what one lane adds: a quarter of a block of 32 ---- */

static __device__ float quarter_dot(const struct ref_q4_0 *w, const struct ref_q8_1 *x, int quarter)
{
    const int codes = load_at_even(w->qs + 4 * quarter);
    const int low = load_int(x->q + 4 * quarter), high = load_int(x->q + 16 + 4 * quarter);
    int sum = __dp4a(codes & LOW_NIBBLES, low, 0);
    sum = __dp4a(codes >> 4 & LOW_NIBBLES, high, sum);
    sum -= __dp4a(EIGHTS, low, __dp4a(EIGHTS, high, 0)); /* codes count from -8 */
    return float_of_half(w->d) * float_of_half(x->d) * (float)sum;
}

static __device__ float quarter_dot(const struct ref_q8_0 *w, const struct ref_q8_1 *x, int quarter)
{
    const int8_t *q = w->q + 8 * quarter, *p = x->q + 8 * quarter;
    int sum = __dp4a(load_at_even(q), load_int(p), 0);
    sum = __dp4a(load_at_even(q + 4), load_int(p + 4), sum);
    return float_of_half(w->d) * float_of_half(x->d) * (float)sum;
}

template <typename Block>
static __device__ float lane_dot(const Block *w, const struct ref_q8_1 *x, size_t columns, int lane)
{
    float sum = 0.0f;
    for (size_t b = lane / LANES_A_BLOCK; b < columns / 32; b += WARP / LANES_A_BLOCK)
        sum += quarter_dot(&w[b], &x[b], lane % LANES_A_BLOCK);
    return sum;
}

/* ---- Q4_K: a warp reads the 128 bytes of codes of a super-block at once, 4 a lane ---- */

static __device__ __forceinline__ void scale_and_min(const uint8_t *bytes, int g, int *ret_scale,
                                                     int *ret_min)
{
    if (g < 4) {
        *ret_scale = bytes[g] & 63;
        *ret_min = bytes[g + 4] & 63;
    } else {
        *ret_scale = (bytes[g + 4] & 15) | bytes[g - 4] >> 6 << 4;
        *ret_min = bytes[g + 4] >> 4 | bytes[g] >> 6 << 4;
    }
}

static __device__ __forceinline__ float group_dot(const struct ref_q4_k *w, int g, int codes,
                                                  const struct ref_q8_1 *x, int at)
{
    int scale, min;
    scale_and_min(w->scales, g, &scale, &min);
    const int p = load_int(x->q + at);
    const float product = float_of_half(w->d) * (float)(scale * __dp4a(codes, p, 0));
    return float_of_half(x->d) *
           (product - float_of_half(w->dmin) * (float)(min * __dp4a(ONES, p, 0)));
}

static __device__ float lane_dot(const struct ref_q4_k *w, const struct ref_q8_1 *x, size_t columns,
                                 int lane)
{
    const int low = lane / 8 * 2,
              at = lane % 8 * 4; /* two groups share bytes: low and high nibbles */
    float sum = 0.0f;
    for (size_t b = 0; b < columns / REF_K_WEIGHTS; b++) {
        const int codes = load_int(w[b].qs + 4 * lane);
        const struct ref_q8_1 *y = x + b * 8 + low;
        sum += group_dot(&w[b], low, codes & LOW_NIBBLES, &y[0], at);
        sum += group_dot(&w[b], low + 1, codes >> 4 & LOW_NIBBLES, &y[1], at);
    }
    return sum;
}

/* ---- one warp a row ---- */

template <typename Block>
__global__ void __launch_bounds__(THREADS)
    matvec(const Block *__restrict__ w, const struct ref_q8_1 *__restrict__ x, size_t rows,
           size_t columns, size_t row_blocks, float *__restrict__ ret_y)
{
    const size_t row = (size_t)blockIdx.x * ROWS + threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    if (row >= rows) /* a whole warp leaves */
        return;
    const float sum = lanes_sum(lane_dot(w + row * row_blocks, x, columns, lane));
    if (lane == 0)
        ret_y[row] = sum;
}

template <typename Block>
static cudaError_t matvec_of(const Block *w, size_t weights, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream)
{
    if (rows == 0)
        return cudaSuccess;
    if (columns == 0 || columns % weights != 0 || rows > ROWS_MAX)
        return cudaErrorInvalidValue;
    return launch(matvec<Block>, dim3((unsigned)div_up(rows, ROWS)), dim3(THREADS), stream, w, x,
                  rows, columns, columns / weights, ret_y);
}

cudaError_t cuda_matvec_q4_0(const struct ref_q4_0 *w, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream)
{
    return matvec_of(w, REF_LEGACY_WEIGHTS, x, rows, columns, ret_y, stream);
}

cudaError_t cuda_matvec_q8_0(const struct ref_q8_0 *w, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream)
{
    return matvec_of(w, REF_LEGACY_WEIGHTS, x, rows, columns, ret_y, stream);
}

cudaError_t cuda_matvec_q4_k(const struct ref_q4_k *w, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream)
{
    return matvec_of(w, REF_K_WEIGHTS, x, rows, columns, ret_y, stream);
}
