/* Kernels with one planted fault each, in global memory: between blocks, of values, of addresses.
 * The lines that a finding must name are marked: FAULT, and OTHER for the second side. */
#include <cooperative_groups.h>

#define KERNEL(name) extern "C" __global__ void name(int *in, int *out, int *work, int *gone, int n)

KERNEL(counter_of_all_blocks)
{
    if (threadIdx.x == 0)
        work[0]++; // FAULT
    out[blockIdx.x * blockDim.x + threadIdx.x] = in[threadIdx.x];
}

KERNEL(flag_without_fence)
{
    volatile int *flag = work;
    int *data = work + 64;
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x == 0) {
        data[0] = in[0] + 5; // OTHER
        flag[0] = 1;
    } else {
        while (flag[0] == 0) {
        }
        out[0] = data[0]; // FAULT
    }
}

KERNEL(tiles_overlap)
{
    out[blockIdx.x * (blockDim.x - 8) + threadIdx.x] = in[threadIdx.x] + blockIdx.x; // FAULT
}

KERNEL(last_block_without_fence)
{
    __shared__ bool last;
    int t = threadIdx.x;
    if (t == 0) {
        work[64 + blockIdx.x] = in[blockIdx.x]; // OTHER
        last = atomicAdd(&work[0], 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && t < gridDim.x)
        out[t] = work[64 + t]; // FAULT
}

KERNEL(maximum_without_atomics)
{
    int v = in[blockIdx.x * blockDim.x + threadIdx.x];
    if (threadIdx.x == 0 && v > work[0]) // OTHER
        work[0] = v + 1;                 // FAULT
}

KERNEL(stencil_in_place)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int v = work[i] + work[(i + 1) % (gridDim.x * blockDim.x)]; // OTHER
    __syncthreads();
    work[i] = v; // FAULT
}

KERNEL(global_bins_without_atomics)
{
    work[in[blockIdx.x * blockDim.x + threadIdx.x] & 7]++; // FAULT
}

KERNEL(barrier_of_a_block_for_the_grid)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
    work[i] = in[i] * 3; // OTHER
    __syncthreads();
    out[i] = work[(i + blockDim.x) % all]; // FAULT
}

KERNEL(neighbours_of_a_block_without_barrier)
{
    int t = threadIdx.x;
    work[t] = in[t] * 3;              // OTHER
    out[t] = work[(t + 64) % 128];    // FAULT
}

KERNEL(atomic_and_plain)
{
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x < 3)
        atomicAdd(&work[0], in[0]); // OTHER
    else
        out[0] = work[0];           // FAULT
}

KERNEL(lock_without_fence)
{
    if (threadIdx.x == 0) {
        while (atomicCAS(&work[0], 0, 1) != 0) {
        }
        work[64] += in[blockIdx.x]; // FAULT
        atomicExch(&work[0], 0);
    }
}

KERNEL(two_passes_without_grid_sync)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
    work[i] = in[i]; // OTHER
    cooperative_groups::this_thread_block().sync();
    out[i] = work[all - 1 - i]; // FAULT
}

KERNEL(fence_too_late)
{
    if (threadIdx.x != 0)
        return;
    if (blockIdx.x == 0) {
        work[64] = in[0];           // OTHER
        atomicExch(&work[0], 1);
        __threadfence();
    } else {
        while (atomicAdd(&work[0], 0) == 0) {
        }
        out[0] = work[64]; // FAULT
    }
}

KERNEL(read_only_load_of_what_is_written)
{
    int t = threadIdx.x;
    work[t] = in[t] + 1; // OTHER
    __syncthreads();
    out[t] = __ldg(&work[127 - t]); // FAULT
}

/* ---- values that nobody wrote ---- */

KERNEL(shared_never_written)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    if (n < 0)
        s[t] = 1;
    out[t] = s[t ^ 32] + 1; // FAULT
}

KERNEL(shared_written_by_half)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    if (t < 64)
        s[t] = in[t];
    __syncthreads();
    out[t] = s[127 - t] * 2; // FAULT
}

KERNEL(global_never_written)
{
    int t = threadIdx.x;
    work[t] = out[t] + in[t]; // FAULT
}

KERNEL(sum_onto_nothing)
{
    int t = threadIdx.x;
    out[t] += in[t]; // FAULT
}

KERNEL(atomic_onto_nothing)
{
    atomicAdd(&out[threadIdx.x & 7], in[threadIdx.x]); // FAULT
}

KERNEL(halo_not_loaded)
{
    __shared__ int s[130];
    int t = threadIdx.x;
    s[t + 1] = in[t];
    __syncthreads();
    work[t] = s[t] + s[t + 2]; // FAULT
}

KERNEL(index_never_written)
{
    __shared__ int index[32];
    int t = threadIdx.x;
    if (n < 0)
        index[t] = t;
    __syncwarp();
    out[t] = in[index[31 - t] & 15]; // FAULT
}

KERNEL(branch_on_nothing)
{
    int t = threadIdx.x;
    if (out[t] > 3) // FAULT
        work[t] = in[t];
}

KERNEL(field_never_written)
{
    struct pair {
        int a, b;
    };
    __shared__ pair s[32];
    int t = threadIdx.x;
    s[t].a = in[t];
    if (n < 0)
        s[t].b = 0;
    __syncwarp();
    work[t] = s[31 - t].a + s[31 - t].b; // FAULT
}

KERNEL(three_bytes_of_four)
{
    int t = threadIdx.x;
    unsigned char *b = (unsigned char *)(out + t);
    b[0] = b[1] = b[2] = (unsigned char)in[t];
    __syncthreads();
    work[t] = out[31 - t] + 1; // FAULT
}

KERNEL(copied_then_used)
{
    int t = threadIdx.x;
    out[2048 + t] = out[t]; // only copied
    __syncthreads();
    work[t] = out[2048 + 31 - t] * 3; // FAULT
}

/* ---- addresses ---- */

KERNEL(one_too_many)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i <= n)
        out[i] = in[i & 15]; // FAULT
}

KERNEL(one_below)
{
    int t = threadIdx.x;
    work[t] = in[t - 1]; // FAULT
}

KERNEL(in_between)
{
    int t = threadIdx.x;
    work[t] = in[n + 32 + t]; // FAULT
}

KERNEL(freed)
{
    int t = threadIdx.x;
    work[t] = gone[t]; // FAULT
}

KERNEL(null_pointer)
{
    int *p = (int *)(size_t)(n - 4096); /* n is 4096 */
    work[threadIdx.x] = p[threadIdx.x]; // FAULT
}

KERNEL(far_away)
{
    work[(size_t)threadIdx.x << 33] = 1; // FAULT
}

KERNEL(shared_one_too_many)
{
    extern __shared__ int s[];
    int t = threadIdx.x;
    s[t + 1] = in[t]; // FAULT
    __syncthreads();
    out[t] = s[t];
}

KERNEL(atomic_beyond_the_end)
{
    atomicAdd(&in[n + 200], 1); // FAULT
}

KERNEL(vector_out_of_line)
{
    int t = threadIdx.x;
    ((float4 *)work)[t] = *(float4 *)(in + 1 + 4 * t); // FAULT
}

KERNEL(word_at_odd_byte)
{
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = in[t];
    s[t + 32] = 0;
    __syncthreads();
    work[t] = *(int *)((char *)s + 4 * t + (n & 1) + 1); // FAULT
}

KERNEL(pair_of_words_at_odd_word)
{
    int2 *p = (int2 *)(work + 1);
    p[threadIdx.x] = make_int2(1, 2); // FAULT
}

KERNEL(waits_for_a_later_block)
{
    volatile int *flag = work;
    if (blockIdx.x == 0)
        while (flag[1] == 0) { // FAULT
        }
    else
        flag[2] = 1; /* the wrong flag */
    out[blockIdx.x] = 0;
}
