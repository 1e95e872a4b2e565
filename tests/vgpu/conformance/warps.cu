// Threads together: shuffles, votes, barriers, fences, atomics of every type, cooperative groups.
#include <algorithm>
#include <limits>

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cuda/atomic>
#include <cuda/barrier>
#include <cuda_fp16.h>
#include <cuda_bf16.h>

#include "conformance.h"

namespace cg = cooperative_groups;
typedef uint32_t u32;
typedef uint64_t u64;
enum { ALL = 0xffffffff };

// ---- shuffles: kinds, widths, offsets, against the rule of the ISA (9.7.9.6) ----

static int shuffled_from(int kind, int lane, int by, int width)
{
    const int begin = lane & ~(width - 1);
    switch (kind) {
    case 0: return begin + (by & (width - 1));
    case 1: return lane - by < begin ? lane : lane - by;
    case 2: return lane + by >= begin + width ? lane : lane + by;
    default: return (lane ^ by) >= begin + width ? lane : lane ^ by;
    }
}
static __global__ void shuffle_kernel(int *out)
{
    const int lane = threadIdx.x;
    for (int width = 1, w = 0; width <= 32; width *= 2, w++)
        for (int by = 0; by < 32; by++) {
            int *row = out + ((w * 32 + by) * 4) * 32 + lane;
            row[0] = __shfl_sync(ALL, lane, by, width);
            row[32] = __shfl_up_sync(ALL, lane, by, width);
            row[64] = __shfl_down_sync(ALL, lane, by, width);
            row[96] = __shfl_xor_sync(ALL, lane, by, width);
        }
}
static void shuffles()
{
    const std::vector<int> got = results(6 * 32 * 4 * 32, 1, 32, shuffle_kernel);
    size_t i = 0;
    for (int width = 1; width <= 32; width *= 2)
        for (int by = 0; by < 32; by++)
            for (int kind = 0; kind < 4; kind++)
                for (int lane = 0; lane < 32; lane++)
                    EXPECT(got[i++] == shuffled_from(kind, lane, by, width));
}

static __global__ void shuffle_types_kernel(double *out)
{
    const int lane = threadIdx.x;
    const float f = __shfl_down_sync(ALL, lane * 0.5f, 1);
    const double d = __shfl_xor_sync(ALL, lane * 1e100, 16);
    const long long l = __shfl_up_sync(ALL, (long long)lane << 40, 3);
    const float h = __half2float(__shfl_sync(ALL, __float2half((float)lane), 9));
    out[lane] = f, out[32 + lane] = d, out[64 + lane] = (double)l, out[96 + lane] = h;
    int inside;
    asm volatile("{ .reg .pred p; .reg .b32 t;\n\tshfl.sync.up.b32 t|p, %1, 4, 0, -1;\n\tselp.s32 %0, 1, 0, p;}"
                 : "=r"(inside)
                 : "r"(lane));
    out[128 + lane] = inside;
}
static void shuffles_of_types()
{
    const std::vector<double> got = results(160, 1, 32, shuffle_types_kernel);
    for (int i = 0; i < 32; i++) {
        EXPECT(got[i] == std::min(i + 1, 31) * 0.5);
        EXPECT(got[32 + i] == (i ^ 16) * 1e100);
        EXPECT(got[64 + i] == (double)((int64_t)(i < 3 ? i : i - 3) << 40));
        EXPECT(got[96 + i] == 9 && got[128 + i] == (i >= 4));
    }
}

// ---- votes, matches, reductions ----

static __global__ void votes_kernel(u32 *out)
{
    const int i = threadIdx.x;
    out[i] = __ballot_sync(ALL, i % 3 == 0);
    out[32 + i] = __any_sync(ALL, i == 31) | __any_sync(ALL, i > 31) << 1 | __all_sync(ALL, i < 32) << 2 |
                  __all_sync(ALL, i < 31) << 3 | __uni_sync(ALL, i < 40) << 4 | __uni_sync(ALL, i & 1) << 5;
    if (i & 1)
        out[64 + i] = __activemask();
    if (i >= 8)
        out[96 + i] = __ballot_sync(0xffffff00, i & 2);
    u32 lt, ge;
    asm volatile("mov.u32 %0, %%lanemask_lt;\n\tmov.u32 %1, %%lanemask_ge;" : "=r"(lt), "=r"(ge));
    out[128 + i] = lt ^ ge ^ (1u << i);
}
static void votes()
{
    const std::vector<u32> got = results(160, 1, 32, votes_kernel);
    for (u32 i = 0; i < 32; i++) {
        EXPECT(got[i] == 0x49249249 && got[32 + i] == 0x15);
        EXPECT(got[64 + i] == (i & 1 ? 0xaaaaaaaa : 0));
        EXPECT(got[96 + i] == (i >= 8 ? 0xcccccc00 : 0));
        EXPECT(got[128 + i] == (0xffffffff ^ (1u << i)));
    }
}

static __global__ void matches_kernel(u32 *out)
{
    const int i = threadIdx.x;
    int same_value, other;
    out[i] = __match_any_sync(ALL, i % 5);
    out[32 + i] = __match_all_sync(ALL, 7ll, &same_value);
    out[64 + i] = __match_all_sync(ALL, i / 31, &other);
    out[96 + i] = same_value | other << 1;
    out[128 + i] = __match_any_sync(ALL, (u64)(i & 1) << 33);
}
static void matches()
{
    const std::vector<u32> got = results(160, 1, 32, matches_kernel);
    for (int i = 0; i < 32; i++) {
        u32 mask = 0;
        for (int k = i % 5; k < 32; k += 5)
            mask |= 1u << k;
        EXPECT(got[i] == mask && got[32 + i] == 0xffffffff && got[64 + i] == 0 && got[96 + i] == 1);
        EXPECT(got[128 + i] == (i & 1 ? 0xaaaaaaaa : 0x55555555));
    }
}

static __global__ void redux_kernel(u32 *out, const u32 *x)
{
    const int i = threadIdx.x;
    const u32 v = x[i];
    u32 *o = out + i;
    o[0] = __reduce_add_sync(ALL, v), o[32] = __reduce_min_sync(ALL, v), o[64] = __reduce_max_sync(ALL, v);
    o[96] = (u32)__reduce_min_sync(ALL, (int)v), o[128] = (u32)__reduce_max_sync(ALL, (int)v);
    o[160] = __reduce_and_sync(ALL, v | 0xff), o[192] = __reduce_or_sync(ALL, v & 0xff), o[224] = __reduce_xor_sync(ALL, v);
    if (i % 4 == 1)
        o[256] = __reduce_add_sync(0x22222222, v);
}
static void reductions()
{
    std::vector<u32> x(32);
    u32 want[9] = {0, ALL, 0, INT32_MAX, (u32)INT32_MIN, ALL, 0, 0, 0};
    for (int i = 0; i < 32; i++) {
        const u32 v = x[i] = next_random();
        want[0] += v, want[1] = std::min(want[1], v), want[2] = std::max(want[2], v);
        want[3] = (u32)std::min((int)want[3], (int)v), want[4] = (u32)std::max((int)want[4], (int)v);
        want[5] &= v | 0xff, want[6] |= v & 0xff, want[7] ^= v;
        want[8] += i % 4 == 1 ? v : 0;
    }
    buffer<u32> in(x);
    const std::vector<u32> got = results(288, 1, 32, redux_kernel, (const u32 *)in.at);
    for (int i = 0; i < 288; i++)
        EXPECT(got[i] == (i < 256 || i % 4 == 1 ? want[i / 32] : 0));
}

static __global__ void meets_kernel(int *out)
{
    __shared__ volatile int flag[32], turn;
    const int lane = threadIdx.x;
    flag[lane] = 0;
    __syncwarp();
    if (lane == 0) { // spins on what a later lane of its own warp writes
        while (!flag[31])
            ;
        turn = 5;
    } else if (lane == 31) {
        flag[31] = 1;
    }
    __syncwarp();
    if (lane < 16)
        __syncwarp(0x0000ffff);
    else
        __syncwarp(0xffff0000);
    out[lane] = turn + __shfl_sync(ALL, lane, 3);
}
static void lanes_wait_for_lanes()
{
    for (int v : results(32, 1, 32, meets_kernel))
        EXPECT(v == 8);
}

// ---- barriers ----

static __global__ void counting_kernel(int *out)
{
    const int i = threadIdx.x;
    const int n = __syncthreads_count(i % 3 == 0);
    const int both = __syncthreads_and(i < 200), one = __syncthreads_or(i == 77), none = __syncthreads_or(i == 500);
    out[i] = n + (both != 0) * 1000 + (one != 0) * 2000 + (none != 0) * 4000;
}
static void barriers_that_count()
{
    for (int v : results(160, 1, 160, counting_kernel))
        EXPECT(v == 54 + 3000);
}

// Two halves of a block, a producer and a consumer, with a barrier each way.
static __global__ void named_kernel(int *out)
{
    __shared__ int cell[64];
    const int i = threadIdx.x % 64;
    int sum = 0;
    for (int turn = 0; turn < 5; turn++)
        if (threadIdx.x < 64) {
            cell[i] = i * 10 + turn;
            asm volatile("bar.arrive 1, 128;" ::: "memory");
            asm volatile("bar.sync 2, 128;" ::: "memory");
        } else {
            asm volatile("barrier.sync 1, 128;" ::: "memory");
            sum = sum * 3 + cell[63 - i];
            asm volatile("barrier.arrive 2, 128;" ::: "memory");
        }
    if (threadIdx.x >= 64)
        out[i] = sum;
    asm volatile("barrier.sync.aligned 3;" ::: "memory");
    int reduced;
    asm volatile("{ .reg .pred p;\n\tsetp.lt.s32 p, %1, 5;\n\tbar.red.popc.u32 %0, 4, p;}"
                 : "=r"(reduced)
                 : "r"((int)threadIdx.x));
    if (threadIdx.x < 64)
        out[64 + i] = reduced;
}
static void named_barriers()
{
    const std::vector<int> got = results(128, 1, 128, named_kernel);
    for (int i = 0; i < 64; i++) {
        int sum = 0;
        for (int turn = 0; turn < 5; turn++)
            sum = sum * 3 + (63 - i) * 10 + turn;
        EXPECT(got[i] == sum && got[64 + i] == 5);
    }
}

#pragma nv_diag_suppress static_var_with_dynamic_init // init() follows
static __global__ void object_kernel(int *out)
{
    __shared__ cuda::barrier<cuda::thread_scope_block> bar;
    __shared__ int cell[128];
    if (threadIdx.x == 0)
        init(&bar, blockDim.x);
    __syncthreads();
    int sum = 0;
    for (int turn = 0; turn < 4; turn++) {
        cell[threadIdx.x] = (int)threadIdx.x + turn;
        auto token = bar.arrive();
        bar.wait(std::move(token));
        sum += cell[127 - threadIdx.x];
        bar.arrive_and_wait();
    }
    out[threadIdx.x] = sum;
}
static void barrier_objects()
{
    const std::vector<int> got = results(128, 1, 128, object_kernel);
    for (int i = 0; i < 128; i++)
        EXPECT(got[i] == 4 * (127 - i) + 6);
}

// ---- fences: the last block sums what all others left ----

__device__ static u32 done_blocks;
static __global__ void last_block_kernel(u32 *out, u32 *partial)
{
    __shared__ bool last;
    partial[blockIdx.x] = (blockIdx.x + 1) * 3;
    __threadfence();
    last = atomicInc(&done_blocks, gridDim.x - 1) == gridDim.x - 1;
    if (!last)
        return;
    __threadfence_block();
    u32 sum = 0;
    for (u32 i = 0; i < gridDim.x; i++)
        sum += ((volatile u32 *)partial)[i];
    __threadfence_system();
    asm volatile("fence.sc.gpu;\n\tfence.acq_rel.cta;\n\tmembar.gl;" ::: "memory");
    out[0] = sum;
}
static void fences()
{
    buffer<u32> partial(50);
    for (int turn = 0; turn < 2; turn++) // the counter wraps to zero
        EXPECT(results(1, 50, 1, last_block_kernel, partial.at)[0] == 50 * 51 / 2 * 3);
}

// ---- atomics ----

// 512 threads in 4 blocks; cells of every kind. Integer sums do not care for order.
static __global__ void atomics_kernel(u64 *c)
{
    const u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    int *s = (int *)c;
    u32 *u = (u32 *)(c + 16);
    atomicAdd(&s[0], -(int)i), atomicSub(&s[1], (int)i), atomicMin(&s[2], 5 - (int)i), atomicMax(&s[3], (int)i - 600);
    atomicAdd(&u[0], i), atomicMin(&u[1], 4000000000u - i), atomicMax(&u[2], i * 7), atomicAnd(&u[3], ~(i << 4));
    atomicOr(&u[4], 1u << (i % 20)), atomicXor(&u[5], i * 2654435761u), atomicInc(&u[6], 99), atomicDec(&u[7], 99);
    u64 *l = c + 32;
    atomicAdd((unsigned long long *)&l[0], (unsigned long long)i << 32);
    atomicMin((unsigned long long *)&l[1], ~(unsigned long long)i), atomicMax((unsigned long long *)&l[2], (unsigned long long)i << 40);
    atomicAnd((unsigned long long *)&l[3], ~((unsigned long long)1 << (i % 50)));
    atomicOr((unsigned long long *)&l[4], (unsigned long long)1 << (i % 60));
    atomicXor((unsigned long long *)&l[5], i * 0x9e3779b97f4a7c15ull);
    atomicMin((long long *)&l[6], 100 - (long long)i), atomicMax((long long *)&l[7], (long long)i - 1000);
}
static void integer_atomics()
{
    std::vector<u64> start(48, 0);
    start[16 + 1] = 0;
    u32 *su = (u32 *)&start[16];
    su[1] = ALL, su[3] = ALL, start[33] = ~0ull, start[35] = ~0ull;
    ((int *)start.data())[3] = INT32_MIN, ((int64_t *)start.data())[39] = INT64_MIN;
    buffer<u64> c(start);
    atomics_kernel<<<4, 128>>>(c.at);
    const std::vector<u64> got = c.read();
    const int *s = (const int *)got.data();
    const u32 *u = (const u32 *)&got[16];
    const u64 *l = &got[32];
    u32 x = 0, inc = 0, dec = 0, all = ALL;
    u64 lx = 0, land = ~0ull;
    for (u32 i = 0; i < 512; i++) {
        x ^= i * 2654435761u, lx ^= i * 0x9e3779b97f4a7c15ull;
        inc = inc >= 99 ? 0 : inc + 1, dec = dec == 0 || dec > 99 ? 99 : dec - 1;
        all &= ~(i << 4), land &= ~((u64)1 << (i % 50));
    }
    const int sum = 511 * 256;
    EXPECT(s[0] == -sum && s[1] == -sum && s[2] == 5 - 511 && s[3] == 511 - 600);
    EXPECT(u[0] == (u32)sum && u[1] == 4000000000u - 511 && u[2] == 511 * 7 && u[3] == all);
    EXPECT(u[4] == (1u << 20) - 1 && u[5] == x && u[6] == inc && u[7] == dec);
    EXPECT(l[0] == (u64)sum << 32 && l[1] == ~(u64)511 && l[2] == (u64)511 << 40 && l[3] == land);
    EXPECT(l[4] == ((u64)1 << 60) - 1 && l[5] == lx && (int64_t)l[6] == 100 - 511 && (int64_t)l[7] == 511 - 1000);
}

// Each thread's old value is one that no other saw: a ticket.
static __global__ void tickets_kernel(u32 *out, u32 *counter)
{
    __shared__ u32 inside;
    if (threadIdx.x == 0)
        inside = 0;
    __syncthreads();
    out[atomicAdd(counter, 1)] = 1 + atomicAdd_block(&inside, 2);
}
static void old_values()
{
    buffer<u32> counter(1);
    std::vector<u32> got = results(256, 2, 128, tickets_kernel, counter.at);
    std::sort(got.begin(), got.end());
    for (u32 i = 0; i < 256; i++)
        EXPECT(got[i] == 1 + i / 2 * 2);
}

static __global__ void exchanges_kernel(int *out, int *list, float *f, unsigned long long *l, unsigned short *h)
{
    const int i = threadIdx.x;
    out[i] = atomicExch(list, i + 1); // a list through old heads
    atomicExch(f, 0.5f), atomicExch(l, 1ull << 50);
    int seen = atomicCAS(&list[1], 0, i + 1), now;
    while (seen != 0 && (now = atomicCAS(&list[1], seen, seen)) != seen)
        seen = now;
    unsigned long long old = *l, guess;
    do {
        guess = old;
        old = atomicCAS(&l[1], guess, guess + 3);
    } while (old != guess);
    unsigned short short_old = 0, short_guess;
    do {
        short_guess = short_old;
        short_old = atomicCAS(h, short_guess, (unsigned short)(short_guess + 1));
    } while (short_old != short_guess);
}
static void exchanges()
{
    buffer<int> list(2);
    buffer<float> f(1);
    buffer<unsigned long long> l(2);
    buffer<unsigned short> h(2);
    const std::vector<int> next = results(96, 1, 96, exchanges_kernel, list.at, f.at, l.at, h.at);
    const std::vector<int> head = list.read();
    int n = 0;
    for (int at = head[0]; at != 0 && n < 200; at = next[at - 1])
        n++;
    EXPECT(n == 96 && head[1] > 0 && head[1] <= 96);
    EXPECT(f.read()[0] == 0.5f && l.read()[0] == 1ull << 50 && l.read()[1] == 3 * 96 && h.read()[0] == 96);
}

static __global__ void float_atomics_kernel(float *f, double *d, __half2 *h, __nv_bfloat162 *b, __half *one)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(f, i * 0.25f), atomicAdd(d, i * 0.125), atomicAdd(h, __floats2half2_rn(1, 0.5f));
    atomicAdd(b, __floats2bfloat162_rn(0.5f, 1)), atomicAdd(one, __float2half(0.25f));
    __shared__ float s;
    if (threadIdx.x == 0)
        s = 0;
    __syncthreads();
    atomicAdd(&s, 1.0f);
    __syncthreads();
    if (threadIdx.x == 0)
        atomicAdd(f + 1, s);
}
static void float_atomics()
{
    buffer<float> f(2);
    buffer<double> d(1);
    buffer<__half2> h(1);
    buffer<__nv_bfloat162> b(1);
    buffer<__half> one(1);
    float_atomics_kernel<<<2, 64>>>(f.at, d.at, h.at, b.at, one.at);
    EXPECT(f.read()[0] == 127 * 64 * 0.25f && f.read()[1] == 128 && d.read()[0] == 127 * 64 * 0.125);
    EXPECT(__low2float(h.read()[0]) == 128 && __high2float(h.read()[0]) == 64);
    EXPECT(__low2float(b.read()[0]) == 64 && __high2float(b.read()[0]) == 128);
    EXPECT(__half2float(one.read()[0]) == 32);
}

static __global__ void scopes_kernel(int *c)
{
    cuda::atomic_ref<int, cuda::thread_scope_device> device(c[0]);
    cuda::atomic_ref<int, cuda::thread_scope_system> system(c[1]);
    cuda::atomic_ref<unsigned, cuda::thread_scope_block> block(*(unsigned *)&c[2]);
    device.fetch_add(1, cuda::memory_order_relaxed);
    system.fetch_max((int)threadIdx.x, cuda::memory_order_seq_cst);
    block.fetch_or(1u << (threadIdx.x % 32), cuda::memory_order_acq_rel);
    int expected = c[3];
    cuda::atomic_ref<int, cuda::thread_scope_device> counted(c[3]);
    while (!counted.compare_exchange_weak(expected, expected + 2, cuda::memory_order_acquire))
        ;
    atomicAdd_system(&c[4], 1), atomicMax_block(&c[5], (int)threadIdx.x);
    int old, older;
    asm volatile("atom.acquire.gpu.global.add.s32 %0, [%1], 1;" : "=r"(older) : "l"(&c[6]) : "memory");
    asm volatile("atom.release.cta.global.exch.b32 %0, [%1], %2;" : "=r"(old) : "l"(&c[7]), "r"(9) : "memory");
    asm volatile("red.relaxed.sys.global.add.s32 [%0], 2;" ::"l"(&c[8]) : "memory");
    asm volatile("red.global.xor.b32 [%0], 0;" ::"l"(&c[8]) : "memory");
    if (threadIdx.x == 0 && older + old >= 0)
        device.store(device.load(cuda::memory_order_acquire), cuda::memory_order_release);
}
static void orders_and_scopes()
{
    buffer<int> c(9);
    scopes_kernel<<<1, 32>>>(c.at);
    equal(c.read(), std::vector<int>{32, 31, -1, 64, 32, 31, 32, 9, 64});
}

// A lock and a flag between blocks, as programs do it by hand.
static __global__ void lock_kernel(int *lock, int *sum)
{
    if (threadIdx.x != 0)
        return;
    while (atomicCAS(lock, 0, 1) != 0)
        ;
    __threadfence();
    *(volatile int *)sum = *(volatile int *)sum + (int)blockIdx.x;
    __threadfence();
    atomicExch(lock, 0);
}
static void locks()
{
    buffer<int> lock(1), sum(1);
    lock_kernel<<<20, 32>>>(lock.at, sum.at);
    EXPECT(sum.read()[0] == 190);
}

// ---- cooperative groups ----

static __global__ void tiles_kernel(int *out)
{
    const cg::thread_block block = cg::this_thread_block();
    const auto tile = cg::tiled_partition<8>(block);
    const auto warp = cg::tiled_partition<32>(block);
    const int i = (int)block.thread_rank();
    int *o = out + i;
    o[0] = cg::reduce(tile, i, cg::plus<int>()), o[64] = cg::reduce(warp, i, cg::greater<int>());
    o[128] = cg::inclusive_scan(tile, i), o[192] = tile.shfl_down(i, 2);
    o[256] = (int)(tile.meta_group_rank() * 100 + tile.thread_rank());
    o[320] = (int)tile.ballot(i % 2 == 0) | tile.any(i == 9) << 8 | tile.all(i > 7) << 9;
    o[384] = cg::exclusive_scan(warp, i);
    tile.sync();
    block.sync();
}
static void group_tiles()
{
    const std::vector<int> got = results(448, 1, 64, tiles_kernel);
    for (int i = 0; i < 64; i++) {
        const int t = i / 8 * 8, w = i / 32 * 32;
        EXPECT(got[i] == 8 * t + 28 && got[64 + i] == w + 31);
        EXPECT(got[128 + i] == (i - t + 1) * (i + t) / 2);
        EXPECT(got[192 + i] == (i - t < 6 ? i + 2 : i) && got[256 + i] == t / 8 * 100 + i - t);
        EXPECT(got[320 + i] == (0x55 | (t == 8) << 8 | (t >= 8) << 9));
        EXPECT(got[384 + i] == (i - w) * (i + w - 1) / 2);
    }
}

static __global__ void coalesced_kernel(int *out, int *counter)
{
    const int i = threadIdx.x;
    out[i] = -1;
    if (i % 3 == 1) {
        const cg::coalesced_group g = cg::coalesced_threads();
        int first = 0;
        if (g.thread_rank() == 0) // one atomic for all
            first = atomicAdd(counter, (int)g.size());
        out[i] = g.shfl(first, 0) * 0 + (int)(g.thread_rank() * 100 + g.size()) + cg::reduce(g, i, cg::plus<int>()) * 10000;
    }
    const auto by_parity = cg::labeled_partition(cg::tiled_partition<32>(cg::this_thread_block()), i & 1);
    out[64 + i] = (int)by_parity.size() * 100 + (int)by_parity.thread_rank();
}
static void coalesced_groups()
{
    buffer<int> counter(1);
    const std::vector<int> got = results(128, 1, 64, coalesced_kernel, counter.at);
    for (int i = 0; i < 64; i++) {
        int want = -1, rank = 0, size = 0, sum = 0;
        for (int k = i / 32 * 32; k < i / 32 * 32 + 32; k++)
            if (k % 3 == 1)
                rank += k < i, size++, sum += k;
        if (i % 3 == 1)
            want = rank * 100 + size + sum * 10000;
        EXPECT(got[i] == want && got[64 + i] == 1600 + i % 32 / 2);
    }
    EXPECT(counter.read()[0] == 21);
}

#define P PROGRAM
PROGRAMS(P(shuffles), P(shuffles_of_types), P(votes), P(matches), P(reductions),
         P(lanes_wait_for_lanes), P(barriers_that_count), P(named_barriers), P(barrier_objects),
         P(fences), P(integer_atomics), P(old_values), P(exchanges), P(float_atomics),
         P(orders_and_scopes), P(locks), P(group_tiles), P(coalesced_groups))
