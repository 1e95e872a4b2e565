/* What every kernel of this folder starts from: the language of the device, the layouts of the
 * blocks, one way to launch, sums over a warp and over a block.
 *
 * nvcc compiles the .cu files for a GPU. Any C++17 compiler compiles the very same text with
 * emulator.h in place of CUDA's headers, for the tests.
 *
 * Every launcher of this folder:
 *   - takes device pointers and a stream, enqueues there, and neither waits nor allocates;
 *   - returns cudaErrorInvalidValue for shapes that its comment forbids, with nothing launched, and
 *     else what cudaGetLastError() says after each launch; faults on the device show at the next
 *     synchronisation, as always in CUDA;
 *   - returns cudaSuccess and launches nothing where there is nothing to do: a grid of 0 is an
 * error;
 *   - checks no address: buffers hold what the shapes say, outputs overlap no input unless said.
 *
 * Sums of floats are in the order of the kernel, with products fused: they differ from the scalar
 * reference by rounding. Quantised bytes and dequantised values do not differ at all. */
#pragma once

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __CUDACC__
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#else
#include "reference/cuda/emulator.h"
#endif

extern "C" {
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"
}

enum { WARP = 32 };
static constexpr unsigned ALL_LANES = 0xffffffffu;

/* Blocks that a grid's first dimension can have; the other two end at 65535. */
static constexpr size_t GRID_MAX = 0x7fffffff, GRID_YZ_MAX = 65535;

static inline size_t div_up(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

template <typename T> struct exactly {
    using type = T; /* the kernel alone decides the types of its parameters */
};

template <typename... P>
static inline cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block, cudaStream_t stream,
                                 typename exactly<P>::type... arguments)
{
#ifdef __CUDACC__
    kernel<<<grid, block, 0, stream>>>(arguments...);
    return cudaGetLastError();
#else
    return emulate(grid, block, stream, [=] { kernel(arguments...); });
#endif
}

static __device__ __forceinline__ float float_of_half(uint16_t bits)
{
    return __half2float(__ushort_as_half(bits));
}

static __device__ __forceinline__ uint16_t half_of_float(float x)
{
    return __half_as_ushort(__float2half_rn(x));
}

/* Butterflies: after log2(WIDTH) steps each of WIDTH neighbouring lanes has the result. All lanes
 * of the warp take part. */
template <int WIDTH = WARP> static __device__ __forceinline__ float lanes_sum(float x)
{
    for (int step = WIDTH / 2; step > 0; step /= 2)
        x += __shfl_xor_sync(ALL_LANES, x, step);
    return x;
}

template <int WIDTH = WARP> static __device__ __forceinline__ float lanes_max(float x)
{
    for (int step = WIDTH / 2; step > 0; step /= 2)
        x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, step));
    return x;
}
