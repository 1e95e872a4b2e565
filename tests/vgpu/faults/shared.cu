/* Kernels with one planted fault each, in shared memory or among the threads of a block. The lines
 * that a finding must name are marked: FAULT, and OTHER for the second side. Launches: cases.def. */
#include <cooperative_groups.h>

#define KERNEL(name) extern "C" __global__ void name(int *in, int *out, int *work, int *gone, int n)

KERNEL(reverse_without_barrier)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];          // OTHER
    out[t] = s[127 - t];   // FAULT
}

KERNEL(write_after_read)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
    int v = s[(t + 40) % 128]; // OTHER
    s[t] = v + 1;              // FAULT
    __syncthreads();
    out[t] = s[127 - t];
}

KERNEL(two_warps_write_one_word)
{
    __shared__ int s[1];
    int t = threadIdx.x;
    if (t % 32 == 0)
        s[0] = in[t]; // FAULT
    __syncthreads();
    out[t] = s[0];
}

KERNEL(bins_without_atomics)
{
    __shared__ int bins[8];
    int t = threadIdx.x;
    if (t < 8)
        bins[t] = 0;
    __syncthreads();
    bins[in[t] & 7]++; // FAULT
    __syncthreads();
    if (t < 8)
        out[t] = bins[t];
}

KERNEL(lanes_swap_without_syncwarp)
{
    __shared__ int s[32];
    int t = threadIdx.x;
    s[t] = in[t];       // OTHER
    out[t] = s[t ^ 1];  // FAULT
}

KERNEL(warp_sum_by_hope)
{
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = in[t];
    s[t + 32] = in[t + 32];
    __syncwarp();
    s[t] += s[t + 32];                 // FAULT
    if (t < 16) s[t] += s[t + 16];     // FAULT
    if (t < 8) s[t] += s[t + 8];       // FAULT
    __syncwarp();
    out[t] = s[0];
}

KERNEL(volatile_is_no_barrier)
{
    __shared__ int s[128];
    volatile int *v = s;
    int t = threadIdx.x;
    v[t] = in[t];              // OTHER
    out[t] = v[(t + 64) % 128]; // FAULT
}

KERNEL(sum_without_barriers)
{
    __shared__ int s[256];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
    for (int k = 128; k > 0; k /= 2)
        if (t < k)
            s[t] += s[t + k]; // FAULT
    __syncthreads();
    if (t == 0)
        out[0] = s[0];
}

KERNEL(sum_read_too_early)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    for (int k = 64; k > 0; k /= 2) {
        __syncthreads();
        if (t < k)
            s[t] += s[t + k]; // OTHER
    }
    out[t] = s[0]; // FAULT
}

KERNEL(double_buffer_of_one)
{
    __shared__ int s[2][128];
    int t = threadIdx.x, sum = 0;
    s[0][t] = in[t];
    __syncthreads();
#pragma unroll 1
    for (int k = 0; k < 4; k++) {
        s[k & 1][t] = in[t + k];          // FAULT
        sum += s[k & 1][(t + 64) % 128];  // OTHER
        __syncthreads();
    }
    out[t] = sum;
}

KERNEL(broadcast_without_barrier)
{
    __shared__ int s;
    int t = threadIdx.x;
    if (t == 0)
        s = in[0];      // OTHER
    out[t] = s + t;     // FAULT
}

KERNEL(tile_without_barrier)
{
    __shared__ int tile[16][17];
    int x = threadIdx.x, y = threadIdx.y;
    tile[y][x] = in[y * 16 + x];    // OTHER
    out[y * 16 + x] = tile[x][y];   // FAULT
}

KERNEL(scan_in_place)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
#pragma unroll 1
    for (int k = 1; k < 128; k *= 2) {
        if (t >= k)
            s[t] += s[t - k]; // FAULT
        __syncthreads();
    }
    out[t] = s[t];
}

KERNEL(barrier_in_the_wrong_place)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    __syncthreads();
    s[t] = in[t] * 2;              // OTHER
    out[t] = s[(t + 33) % 128];    // FAULT
}

KERNEL(halo_without_barrier)
{
    __shared__ int s[130];
    int t = threadIdx.x;
    s[t + 1] = in[t + 1];
    __syncthreads();
    if (t < 2)
        s[t * 129] = in[t * 129];             // OTHER
    out[t] = s[t] + s[t + 1] + s[t + 2];      // FAULT
}

KERNEL(arrays_overlap)
{
    extern __shared__ int dynamic[];
    int *a = dynamic, *b = dynamic + 64; // for 128 threads
    int t = threadIdx.x;
    a[t] = in[t];       // OTHER
    b[t] = in[t] + 1;   // FAULT
    __syncthreads();
    out[t] = a[t] + b[t];
}

KERNEL(counter_read_before_all_counted)
{
    __shared__ int count;
    int t = threadIdx.x;
    if (t == 0)
        count = 0;
    __syncthreads();
    if (in[t] & 1)
        atomicAdd(&count, 1); // FAULT
    out[t] = count;           // OTHER
}

KERNEL(counter_cleared_without_barrier)
{
    __shared__ int count;
    int t = threadIdx.x;
    if (t == 0)
        count = 0;              // OTHER
    atomicAdd(&count, in[t]);   // FAULT
    __syncthreads();
    out[t] = count;
}

KERNEL(syncwarp_for_a_block)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];               // OTHER
    __syncwarp();
    out[t] = s[(t + 32) % 128]; // FAULT
}

KERNEL(product_without_second_barrier)
{
    __shared__ int a[128];
    int t = threadIdx.x, sum = 0;
#pragma unroll 1
    for (int k = 0; k < 4; k++) {
        a[t] = in[k * 128 + t];     // FAULT
        __syncthreads();
        sum += a[(t + 64) % 128];   // OTHER
    }
    out[t] = sum;
}

KERNEL(half_of_a_warp_meets)
{
    __shared__ int s[32];
    int t = threadIdx.x;
    s[t] = in[t];               // OTHER
    if (t < 16)
        __syncwarp(0xffff);
    out[t] = s[(t + 16) % 32];  // FAULT
}

/* ---- barriers and masks ---- */

KERNEL(barrier_in_a_branch)
{
    int t = threadIdx.x;
    work[t] = t;
    if (in[t] & 1)
        __syncthreads(); // FAULT
    out[t] = work[t];
}

KERNEL(barrier_in_both_branches)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    if (in[t] & 1) {
        s[t] = t;
        __syncthreads();    // FAULT
        out[t] = s[t] + 1;
    } else {
        s[t] = 2 * t;
        __syncthreads();    // FAULT
        out[t] = s[t] + 2;
    }
}

KERNEL(barrier_in_a_loop_of_own_length)
{
    int t = threadIdx.x;
#pragma unroll 1
    for (int k = 0; k <= (t & 3); k++) {
        work[t] = k;
        __syncthreads(); // FAULT
    }
    out[t] = work[t];
}

KERNEL(shuffle_by_half_a_warp)
{
    int t = threadIdx.x, v = in[t];
    if (t < 16)
        v += __shfl_xor_sync(0xffffffff, v, 1); // FAULT
    out[t] = v;
}

KERNEL(ballot_by_half_a_warp)
{
    int t = threadIdx.x, v = 0;
    if (in[t] & 1)
        v = __ballot_sync(0xffffffff, t & 2); // FAULT
    out[t] = v;
}

KERNEL(caller_is_not_in_its_mask)
{
    int t = threadIdx.x, v = in[t];
    v += __shfl_xor_sync(0xfffffffe, v, 2); // FAULT
    out[t] = v;
}

KERNEL(shuffle_from_outside_of_the_mask)
{
    int t = threadIdx.x, v = in[t];
    if (t < 16)
        v += __shfl_sync(0xffff, v, 20); // FAULT
    out[t] = v;
}

KERNEL(shuffle_from_who_has_left)
{
    int t = threadIdx.x;
    if (t >= 20)
        return;
    int v = in[t];
    out[t] = v + __shfl_down_sync(0xffffffff, v, 16); // FAULT
}

KERNEL(named_barrier_of_too_many)
{
    int t = threadIdx.x;
    work[t] = t;
    if (t < 32)
        asm volatile("bar.sync 1, 64;" ::: "memory"); // FAULT
    out[t] = work[t];
}

KERNEL(warps_wait_for_each_other)
{
    int t = threadIdx.x;
    work[t] = t;
    if (t < 32)
        asm volatile("barrier.sync 1, 64;\n\tbarrier.sync 2, 64;" ::: "memory"); // FAULT
    else
        asm volatile("barrier.sync 2, 64;\n\tbarrier.sync 1, 64;" ::: "memory"); // FAULT
    out[t] = work[t];
}
