/* A test aid: runs the kernels of this folder on the host, one block at a time, until the virtual
 * GPU takes its place. It checks their logic, not their memory model and not their speed.
 *
 * Each thread of a block is a fiber that runs until it has to wait: at a barrier of the block or at
 * a warp-wide exchange. A barrier that part of its threads never reaches ends the program with a
 * message. Fibers run in ascending or in descending order (emulator.descending): a result that
 * depends on a missing barrier differs between the two. __shared__ is static, which is right as
 * long as there is one block at a time; nothing clears it between blocks.
 *
 * Only what the kernels use is here. Masks must name all 32 lanes, blocks must be whole warps. */
#pragma once

#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <ucontext.h>
#include <vector>

extern "C" {
#include "reference/quant/f16.h"
}

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__      static
#define __launch_bounds__(threads)

/* ---- types and errors of the runtime ---- */

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
    {
    }
};
struct alignas(16) float4 {
    float x, y, z, w;
};
enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorInvalidConfiguration = 9 };
typedef struct emulated_stream *cudaStream_t;

/* ---- fibers ---- */

struct emulated_barrier {
    unsigned arrived = 0, generation = 0;
};

struct emulated_warp {
    emulated_barrier barrier;
    uint32_t slots[32][8]; /* what each lane shows the others */
};

struct emulated_thread {
    ucontext_t start;
    jmp_buf resume;
    dim3 index;
    bool started, done;
};

struct emulated_device {
    bool descending = false;
    dim3 grid, block, at; /* of the launch; the block that runs */
    unsigned current = 0; /* the thread that runs */
    bool progress = false;
    jmp_buf scheduler;
    emulated_barrier barrier;
    std::vector<emulated_warp> warps;
    std::vector<emulated_thread> threads;
    std::vector<std::unique_ptr<char[]>> stacks; /* kept from launch to launch */
    std::function<void()> kernel;
};

inline emulated_device emulator;
inline constexpr size_t EMULATED_STACK = 256 * 1024;

#define threadIdx (emulator.threads[emulator.current].index)
#define blockIdx  (emulator.at)
#define blockDim  (emulator.block)
#define gridDim   (emulator.grid)

inline void emulated_wait(emulated_barrier &b, unsigned expected)
{
    const unsigned generation = b.generation;
    emulator.progress = true;
    if (++b.arrived == expected) {
        b.arrived = 0;
        b.generation++;
    }
    while (b.generation == generation)
        if (_setjmp(emulator.threads[emulator.current].resume) == 0)
            _longjmp(emulator.scheduler, 1);
}

inline void emulated_start()
{
    emulator.kernel();
    emulator.threads[emulator.current].done = true;
    emulator.progress = true;
    _longjmp(emulator.scheduler, 1);
}

inline void emulated_prepare(unsigned t)
{
    emulated_thread &thread = emulator.threads[t];
    const dim3 &b = emulator.block;
    thread.index = dim3(t % b.x, t / b.x % b.y, t / b.x / b.y);
    thread.started = thread.done = false;
    getcontext(&thread.start);
    thread.start.uc_stack.ss_sp = emulator.stacks[t].get();
    thread.start.uc_stack.ss_size = EMULATED_STACK;
    thread.start.uc_link = nullptr;
    makecontext(&thread.start, emulated_start, 0);
}

/* Runs the current thread until it waits or ends. Contexts only begin a fiber: changing one costs
 * two system calls, a jump costs none. */
inline void emulated_resume()
{
    if (_setjmp(emulator.scheduler) != 0)
        return;
    emulated_thread &thread = emulator.threads[emulator.current];
    if (thread.started)
        _longjmp(thread.resume, 1);
    thread.started = true;
    setcontext(&thread.start);
}

/* Every thread once, in order; how many have not ended. */
inline unsigned emulated_round()
{
    const unsigned n = (unsigned)emulator.threads.size();
    unsigned waiting = 0;
    for (unsigned i = 0; i < n; i++) {
        emulator.current = emulator.descending ? n - 1 - i : i;
        if (!emulator.threads[emulator.current].done)
            emulated_resume();
        waiting += !emulator.threads[emulator.current].done;
    }
    return waiting;
}

inline void emulated_block()
{
    const unsigned n = (unsigned)emulator.threads.size();
    emulator.barrier = emulated_barrier();
    emulator.warps.assign(n / 32, emulated_warp());
    for (unsigned t = 0; t < n; t++)
        emulated_prepare(t);
    while (emulated_round() > 0) {
        if (!emulator.progress) {
            fprintf(stderr,
                    "emulator: block (%u, %u, %u): threads wait at a barrier for others "
                    "that have ended or wait at another one\n",
                    emulator.at.x, emulator.at.y, emulator.at.z);
            abort();
        }
        emulator.progress = false;
    }
}

inline cudaError_t emulate(dim3 grid, dim3 block, cudaStream_t, std::function<void()> kernel)
{
    const unsigned n = block.x * block.y * block.z;
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || n == 0 || n > 1024 || n % 32 != 0)
        return cudaErrorInvalidConfiguration;
    emulator.grid = grid;
    emulator.block = block;
    emulator.kernel = kernel;
    emulator.threads.resize(n);
    while (emulator.stacks.size() < n)
        emulator.stacks.emplace_back(new char[EMULATED_STACK]);
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
                emulator.at = dim3(x, y, z);
                emulated_block();
            }
    return cudaSuccess;
}

/* ---- what threads say to each other ---- */

inline void __syncthreads()
{
    emulated_wait(emulator.barrier, (unsigned)emulator.threads.size());
}

inline emulated_warp &emulated_my_warp()
{
    return emulator.warps[emulator.current / 32];
}

inline void __syncwarp()
{
    emulated_wait(emulated_my_warp().barrier, 32);
}

template <typename T> inline T __shfl_sync(unsigned mask, T x, int from, int width = 32)
{
    static_assert(sizeof(T) == 4, "shuffles of the kernels move four bytes");
    if (mask != 0xffffffffu)
        abort();
    emulated_warp &warp = emulated_my_warp();
    const int lane = (int)(emulator.current % 32);
    memcpy(warp.slots[lane], &x, sizeof x);
    __syncwarp(); /* all have written */
    memcpy(&x, warp.slots[lane / width * width + from % width], sizeof x);
    __syncwarp(); /* all have read */
    return x;
}

template <typename T> inline T __shfl_xor_sync(unsigned mask, T x, int flip)
{
    return __shfl_sync(mask, x, (int)(emulator.current % 32) ^ flip);
}

/* ---- arithmetic ---- */

struct __half {
    uint16_t bits;
};
inline __half __ushort_as_half(uint16_t bits)
{
    return {bits};
}
inline uint16_t __half_as_ushort(__half h)
{
    return h.bits;
}
inline float __half2float(__half h)
{
    return ref_f16_to_f32(h.bits);
}
inline __half __float2half_rn(float x)
{
    return {ref_f16_from_f32(x)};
}

inline unsigned __float_as_uint(float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* c + the sum of four products of signed bytes */
inline int __dp4a(int a, int b, int c)
{
    for (int i = 0; i < 4; i++)
        c += (int8_t)((unsigned)a >> 8 * i) * (int8_t)((unsigned)b >> 8 * i);
    return c;
}

inline void sincospif(float x, float *ret_sin, float *ret_cos)
{
    *ret_sin = (float)std::sin((double)x * M_PI);
    *ret_cos = (float)std::cos((double)x * M_PI);
}

/* mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 by its documented fragments (PTX ISA 9.0,
 * "Matrix Fragments for mma.m16n8k16 with floating point type"): lane = 4 * group + t holds
 *
 *     a[r]  row group + 8 * (r % 2), columns 2t + 8 * (r / 2) and the next      two halves each
 *     b[r]  rows 2t + 8 * r and the next, column group                          two halves each
 *     d[r]  row group + 8 * (r / 2), column 2t + r % 2 */
inline float emulated_half_of(uint32_t pair, int which)
{
    return ref_f16_to_f32((uint16_t)(pair >> 16 * which));
}

inline void mma_m16n8k16(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    emulated_warp &warp = emulated_my_warp();
    const int lane = (int)(emulator.current % 32);
    memcpy(warp.slots[lane], a, 4 * sizeof *a);
    memcpy(warp.slots[lane] + 4, b, 2 * sizeof *b);
    __syncwarp();
    for (int r = 0; r < 4; r++) {
        const int row = lane / 4 + 8 * (r / 2), column = 2 * (lane % 4) + r % 2;
        for (int k = 0; k < 16; k++) {
            const int t = k % 8 / 2;
            const uint32_t pa = warp.slots[4 * (row % 8) + t][row / 8 + 2 * (k / 8)];
            const uint32_t pb = warp.slots[4 * column + t][4 + k / 8];
            d[r] += emulated_half_of(pa, k % 2) * emulated_half_of(pb, k % 2);
        }
    }
    __syncwarp();
}
