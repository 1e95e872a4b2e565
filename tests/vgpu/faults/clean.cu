/* Correct kernels that look like faults: nothing may be said of any. Launches: cases.def. */
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cuda_pipeline.h>
#include <cuda/barrier>

/* A barrier in shared memory is begun by init(), not by its constructor. */
#pragma nv_diag_suppress static_var_with_dynamic_init

namespace cg = cooperative_groups;

#define KERNEL(name) extern "C" __global__ void name(int *in, int *out, int *work, int *gone, int n)

KERNEL(last_block_adds_up)
{
    __shared__ int s[64];
    __shared__ bool last;
    int t = threadIdx.x;
    s[t] = in[blockIdx.x * 64 + t];
    __syncthreads();
    for (int k = 32; k > 0; k /= 2) {
        if (t < k)
            s[t] += s[t + k];
        __syncthreads();
    }
    if (t == 0) {
        work[64 + blockIdx.x] = s[0];
        __threadfence();
        last = atomicInc((unsigned *)work, gridDim.x) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && t == 0) {
        int sum = 0;
        for (int b = 0; b < gridDim.x; b++)
            sum += work[64 + b];
        out[0] = sum;
    }
}

KERNEL(every_thread_fences)
{
    __shared__ bool last;
    int t = threadIdx.x;
    work[64 + blockIdx.x * 64 + t] = in[t];
    __threadfence();
    __syncthreads();
    if (t == 0)
        last = atomicAdd(&work[0], 1) == gridDim.x - 1;
    __syncthreads();
    if (last)
        out[t] = ((volatile int *)work)[64 + t] + ((volatile int *)work)[128 + t];
}

KERNEL(look_back_scan)
{
    __shared__ int before;
    volatile int *flag = work, *sum = work + 64;
    int t = threadIdx.x, b = blockIdx.x;
    int mine = in[b * 32 + t];
    for (int k = 1; k < 32; k *= 2) {
        int up = __shfl_up_sync(0xffffffff, mine, k);
        mine += t >= k ? up : 0;
    }
    if (t == 31) {
        int prior = 0;
        if (b > 0) {
            while (flag[b - 1] == 0) {
            }
            __threadfence();
            prior = sum[b - 1];
        }
        sum[b] = prior + mine;
        __threadfence();
        flag[b] = 1;
        before = prior;
    }
    __syncthreads();
    out[b * 32 + t] = before + mine;
}

KERNEL(flag_after_fence)
{
    volatile int *flag = work;
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x == 0) {
        work[64] = in[0] + 5;
        __threadfence();
        flag[0] = 1;
    } else {
        while (flag[0] == 0) {
        }
        __threadfence();
        out[0] = work[64];
    }
}

KERNEL(lock_with_fences)
{
    if (threadIdx.x == 0) {
        while (atomicCAS(&work[0], 0, 1) != 0) {
        }
        __threadfence();
        work[64] += in[blockIdx.x];
        __threadfence();
        atomicExch(&work[0], 0);
    }
}

KERNEL(grid_sync_between_passes)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
    work[i] = in[i];
    cg::this_grid().sync();
    int v = work[all - 1 - i];
    cg::this_grid().sync();
    work[i] = v;
    cg::this_grid().sync();
    out[i] = work[all - 1 - i];
}

KERNEL(warp_sum_by_shuffles)
{
    int t = threadIdx.x, v = in[blockIdx.x * blockDim.x + t];
    for (int k = 16; k > 0; k /= 2)
        v += __shfl_down_sync(0xffffffff, v, k);
    if (t % 32 == 0)
        atomicAdd(&work[0], v);
}

KERNEL(block_sum_by_shuffles)
{
    __shared__ int s[32];
    int t = threadIdx.x, v = in[t];
    for (int k = 16; k > 0; k /= 2)
        v += __shfl_xor_sync(0xffffffff, v, k);
    if (t % 32 == 0)
        s[t / 32] = v;
    __syncthreads();
    if (t < 32) {
        v = t < blockDim.x / 32 ? s[t] : 0;
        for (int k = 16; k > 0; k /= 2)
            v += __shfl_xor_sync(0xffffffff, v, k);
        if (t == 0)
            out[0] = v;
    }
}

KERNEL(double_buffer)
{
    __shared__ int s[2][128];
    int t = threadIdx.x, sum = 0;
    s[0][t] = in[t];
    __syncthreads();
#pragma unroll 1
    for (int k = 0; k < 4; k++) {
        s[(k + 1) & 1][t] = in[128 * k + t];
        sum += s[k & 1][(t + 64) % 128];
        __syncthreads();
    }
    out[t] = sum;
}

KERNEL(scan_between_two_buffers)
{
    __shared__ int s[2][128];
    int t = threadIdx.x, from = 0;
    s[0][t] = in[t];
    __syncthreads();
#pragma unroll 1
    for (int k = 1; k < 128; k *= 2) {
        s[1 - from][t] = s[from][t] + (t >= k ? s[from][t - k] : 0);
        from = 1 - from;
        __syncthreads();
    }
    out[t] = s[from][t];
}

KERNEL(scan_in_place_with_two_barriers)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
#pragma unroll 1
    for (int k = 1; k < 128; k *= 2) {
        int v = t >= k ? s[t - k] : 0;
        __syncthreads();
        s[t] += v;
        __syncthreads();
    }
    out[t] = s[t];
}

KERNEL(groups_of_eight)
{
    __shared__ int s[128];
    auto tile = cg::tiled_partition<8>(cg::this_thread_block());
    int t = threadIdx.x;
    s[t] = in[t];
    tile.sync();
    int v = s[t ^ 7];
    tile.sync();
    s[t] = v + tile.shfl_xor(v, 1);
    tile.sync();
    out[t] = s[t ^ 1] + cg::reduce(tile, v, cg::plus<int>());
}

KERNEL(coalesced_group_counts)
{
    int t = threadIdx.x;
    if (in[t] & 1) {
        auto active = cg::coalesced_threads();
        int first = 0;
        if (active.thread_rank() == 0)
            first = atomicAdd(&work[0], active.size());
        first = active.shfl(first, 0);
        out[first + active.thread_rank()] = in[t];
    }
}

KERNEL(halves_of_a_warp)
{
    int t = threadIdx.x, v = in[t];
    if (t % 32 < 16)
        v += __shfl_xor_sync(0x0000ffff, v, 4);
    else
        v -= __shfl_xor_sync(0xffff0000, v, 8);
    out[t] = v;
}

KERNEL(mask_of_a_ballot)
{
    int t = threadIdx.x, v = in[t];
    unsigned who = __ballot_sync(0xffffffff, t < 20);
    if (t < 20)
        for (int k = 16; k > 0; k /= 2) {
            int u = __shfl_down_sync(who, v, k);
            v += t + k < 20 ? u : 0;
        }
    out[t] = v;
}

KERNEL(tail_leaves_early)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n - 4096 + 100)
        return;
    int any = __any_sync(0xffffffff, in[i] & 1);
    __syncthreads();
    out[i] = any;
}

KERNEL(atomics_on_the_same_words)
{
    __shared__ int bins[8];
    int t = threadIdx.x;
    if (t < 8)
        bins[t] = 0;
    __syncthreads();
    atomicAdd(&bins[in[t] & 7], 1);
    atomicMax(&bins[0], t);
    __syncthreads();
    if (t < 8)
        atomicAdd(&work[t], bins[t]);
    atomicCAS(&work[32], 0, t);
}

KERNEL(volatile_flag_between_blocks)
{
    volatile int *v = work;
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x == 0)
        v[0] = 7;
    else
        while (v[0] != 7) {
        }
    out[blockIdx.x] = 1;
}

KERNEL(same_thread_again)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    s[t] += 3;
    work[t] = s[t];
    work[t] *= 2;
    out[t] = work[t] + s[t];
}

KERNEL(neighbouring_bytes)
{
    __shared__ unsigned char s[128];
    int t = threadIdx.x;
    s[t] = (unsigned char)in[t];
    __syncthreads();
    ((unsigned char *)work)[t] = s[127 - t];
    if (t < 64)
        ((unsigned short *)out)[t] = s[2 * t];
}

KERNEL(vectors_and_a_tail)
{
    int t = threadIdx.x, whole = 123 / 4;
    for (int i = t; i < whole; i += blockDim.x)
        ((int4 *)out)[i] = ((int4 *)in)[i];
    for (int i = 4 * whole + t; i < 123; i += blockDim.x)
        out[i] = in[i] + 1;
}

struct padded {
    char a;
    int b;
    short c;
};

KERNEL(padding_is_copied)
{
    __shared__ padded s[64];
    int t = threadIdx.x;
    padded *p = (padded *)out;
    s[t].a = (char)in[t];
    s[t].b = in[t];
    s[t].c = (short)t;
    __syncthreads();
    for (int k = t; k < 64 * (int)sizeof(padded) / 4; k += blockDim.x)
        ((int *)p)[k] = ((int *)s)[k];
    __syncthreads();
    work[t] = p[63 - t].a + p[63 - t].b + p[63 - t].c;
}

KERNEL(pipeline_of_two_stages)
{
    __shared__ int s[2][128];
    int t = threadIdx.x, sum = 0;
    __pipeline_memcpy_async(&s[0][t], &in[t], 4);
    __pipeline_commit();
#pragma unroll 1
    for (int k = 0; k < 4; k++) {
        if (k < 3)
            __pipeline_memcpy_async(&s[(k + 1) & 1][t], &in[128 * (k + 1) + t], 4);
        __pipeline_commit();
        __pipeline_wait_prior(1);
        __syncthreads();
        sum += s[k & 1][127 - t];
        __syncthreads();
    }
    out[t] = sum;
}

KERNEL(warps_of_two_trades)
{
    __shared__ int s[32];
    int t = threadIdx.x;
    for (int k = 0; k < 4; k++) {
        if (t < 32) {
            s[t] = in[32 * k + t];
            asm volatile("bar.arrive 1, 64;" ::: "memory");
            asm volatile("bar.sync 2, 64;" ::: "memory");
        } else {
            asm volatile("bar.sync 1, 64;" ::: "memory");
            out[32 * k + t - 32] = s[63 - t];
            asm volatile("bar.arrive 2, 64;" ::: "memory");
        }
    }
}

KERNEL(barrier_object)
{
    __shared__ int s[64];
    __shared__ cuda::barrier<cuda::thread_scope_block> bar;
    int t = threadIdx.x;
    if (t == 0)
        init(&bar, 64);
    __syncthreads();
    s[t] = in[t];
    bar.arrive_and_wait();
    int v = s[63 - t];
    bar.arrive_and_wait();
    s[t] = v;
    bar.arrive_and_wait();
    out[t] = s[(t + 32) % 64];
}

KERNEL(flag_in_shared_memory)
{
    __shared__ int s[32];
    __shared__ volatile int flag;
    int t = threadIdx.x;
    if (t == 0)
        flag = 0;
    __syncthreads();
    if (t < 32) {
        s[t] = in[t];
        __threadfence_block();
        __syncwarp();
        if (t == 0)
            flag = 1;
    } else {
        while (flag == 0) {
        }
        __threadfence_block();
        out[t] = s[63 - t];
    }
}

KERNEL(warp_sum_with_syncwarp)
{
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = in[t];
    s[t + 32] = in[t + 32];
    __syncwarp();
    for (int k = 32; k > 0; k /= 2) {
        int v = t < k ? s[t + k] : 0;
        __syncwarp();
        if (t < k)
            s[t] += v;
        __syncwarp();
    }
    out[t] = s[0];
}

KERNEL(transpose_of_tiles)
{
    __shared__ int tile[16][17];
    int x = threadIdx.x, y = threadIdx.y;
    int bx = blockIdx.x % 2, by = blockIdx.x / 2;
    tile[y][x] = in[(by * 16 + y) * 32 + bx * 16 + x];
    __syncthreads();
    out[(bx * 16 + y) * 32 + by * 16 + x] = tile[x][y];
}

KERNEL(product_of_tiles)
{
    __shared__ int a[8][8], b[8][8];
    int x = threadIdx.x, y = threadIdx.y, sum = 0;
    for (int k = 0; k < 4; k++) {
        a[y][x] = in[y * 32 + 8 * k + x];
        b[y][x] = in[(8 * k + y) * 8 + x];
        __syncthreads();
        for (int j = 0; j < 8; j++)
            sum += a[y][j] * b[j][x];
        __syncthreads();
    }
    out[y * 8 + x] = sum;
}

KERNEL(barrier_in_a_uniform_branch)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    if (blockIdx.x % 2 == 0) {
        __syncthreads();
        out[blockIdx.x * 128 + t] = s[127 - t];
    } else {
        out[blockIdx.x * 128 + t] = s[t];
    }
}

KERNEL(all_write_one_flag_by_atomics)
{
    if (in[blockIdx.x * blockDim.x + threadIdx.x] == 3)
        atomicOr(&work[0], 1);
}

KERNEL(odd_and_even_halves_of_words)
{
    short *h = (short *)work;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    h[2 * (i % 64) + i / 64] = (short)in[i];
}

KERNEL(blocks_read_each_others_input)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
    out[i] = in[i] + in[(i + 1) % all] + __ldg(&in[(i + 64) % all]);
}

KERNEL(grid_stride)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        out[i] = in[i] * 2;
}

KERNEL(atomic_ticket)
{
    __shared__ int mine;
    int t = threadIdx.x;
    while (true) {
        if (t == 0)
            mine = atomicAdd(&work[0], 1);
        __syncthreads();
        int k = mine;
        __syncthreads();
        if (k >= 8)
            break;
        out[k * 64 + t] = in[k * 64 + t];
    }
}

KERNEL(half_written_half_used)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    if (t < 64)
        s[t] = in[t];
    __syncthreads();
    int v = s[t]; // read by all, used by half
    out[t] = t < 64 ? v : -1;
}

KERNEL(block_flag_in_global)
{
    volatile int *flag = work;
    int t = threadIdx.x;
    if (t < 32) {
        work[64 + t] = in[t];
        __threadfence();
        __syncwarp();
        if (t == 0)
            flag[0] = 1;
    } else {
        while (flag[0] == 0) {
        }
        __threadfence();
        out[t] = work[64 + 63 - t];
    }
}

KERNEL(votes_of_warps)
{
    int t = threadIdx.x;
    int odd = __syncthreads_count(in[t] & 1);
    int any = __syncthreads_or(in[t] == 5);
    out[t] = odd + any + __popc(__match_any_sync(0xffffffff, in[t]));
}

KERNEL(local_array)
{
    int a[16], t = threadIdx.x;
    for (int k = 0; k < 16; k++)
        a[k] = in[t + k];
    out[t] = a[in[t] & 15];
}

KERNEL(dynamic_parts)
{
    extern __shared__ int dynamic[];
    int *a = dynamic, *b = dynamic + 128;
    int t = threadIdx.x;
    a[t] = in[t];
    b[t] = in[t] + 1;
    __syncthreads();
    out[t] = a[127 - t] + b[127 - t];
}

KERNEL(release_and_acquire)
{
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x == 0) {
        work[64] = in[0];
        asm volatile("st.release.gpu.u32 [%0], 1;" ::"l"(work) : "memory");
    } else {
        int v = 0;
        do
            asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(v) : "l"(work) : "memory");
        while (v == 0);
        out[0] = work[64];
    }
}
