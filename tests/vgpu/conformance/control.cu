// Control flow, calls, and every kind of memory that one thread sees.
#include <cassert>
#include <limits>

#include "conformance.h"

typedef uint32_t u32;
typedef uint64_t u64;

// ---- branches and loops: the same function on the device and on the CPU ----

#define BOTH static __host__ __device__

BOTH int collatz(int n)
{
    int steps = 0;
    for (u64 x = (u64)n + 1; x != 1; x = x & 1 ? 3 * x + 1 : x / 2)
        steps++;
    return steps;
}

BOTH int many_ways(int n)
{
    switch (n % 13) {
    case 0: return n * 3;
    case 1: return n - 7;
    case 2: n += 5; // falls through
    case 3: return n ^ 0x55;
    case 4: return n << 3;
    case 5: return n / 3;
    case 6: return ~n;
    case 8: return n % 5;
    case 11: return n | 64;
    default: return -n;
    }
}

BOTH int nested_ifs(int n)
{
    int r = 0;
    if (n & 1) {
        r += 1;
        if (n & 2) {
            r += 10;
            if (n & 4)
                r += 100;
            else if (n & 8)
                r += 200;
        } else {
            r -= n;
        }
    } else if (n % 3 == 0 && (n & 16 || n > 100)) {
        r = 3 * n;
    }
    return r;
}

BOTH int leaves_loops(int n)
{
    int sum = 0;
    for (int i = 0; i < 20; i++) {
        if (i == n % 17)
            continue;
        for (int k = 0; k < 10; k++) {
            if (k * i > n)
                goto out;
            sum += k ^ i;
        }
        if (sum > 300 + n)
            break;
    }
out:
    return sum;
}

BOTH int early_return(int n)
{
    for (int i = 2; i * i <= n; i++)
        if (n % i == 0)
            return i;
    return n;
}

BOTH int irreducible(int n)
{
    int x = n, turns = 0;
    if (n & 1)
        goto middle;
top:
    x = x * 5 + 1;
middle:
    x ^= x >> 3;
    if (++turns < (n & 7))
        goto top;
    return x;
}

template <int F(int)> static __global__ void on_device(int *out)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = F(i);
}
template <int F(int)> static void as_on_the_cpu()
{
    const std::vector<int> got = results(512, 4, 128, on_device<F>);
    for (int i = 0; i < 512; i++)
        EXPECT(got[i] == F(i));
}
#define FLOW(name, function) static void name() { as_on_the_cpu<function>(); }
FLOW(loops_diverge, collatz)
FLOW(switches, many_ways)
FLOW(branches_nest, nested_ifs)
FLOW(break_continue_goto, leaves_loops)
FLOW(returns_in_loops, early_return)
FLOW(jumps_into_a_loop, irreducible)

static __global__ void some_leave(int *out)
{
    if (threadIdx.x % 3 == 0)
        return;
    if (threadIdx.x % 3 == 1)
        asm volatile("exit;");
    __syncthreads();
    out[threadIdx.x] = 1;
}
static void threads_exit()
{
    const std::vector<int> got = results(96, 1, 96, some_leave);
    for (int i = 0; i < 96; i++)
        EXPECT(got[i] == (i % 3 == 2));
}

static __global__ void branch_by_table(int *out)
{
    int r = 0;
    asm volatile("{ .reg .u32 i;\n\t"
                 "T: .branchtargets L0, L1, L2, L3;\n\t"
                 "and.b32 i, %1, 3;\n\t"
                 "brx.idx i, T;\n\t"
                 "L0: mov.u32 %0, 40; bra.uni E;\n\t"
                 "L1: mov.u32 %0, 41; bra.uni E;\n\t"
                 "L2: mov.u32 %0, 42; bra E;\n\t"
                 "L3: mov.u32 %0, 43;\n\t"
                 "E: }"
                 : "=r"(r)
                 : "r"(threadIdx.x));
    out[threadIdx.x] = r;
}
static void brx_idx()
{
    const std::vector<int> got = results(64, 1, 64, branch_by_table);
    for (int i = 0; i < 64; i++)
        EXPECT(got[i] == 40 + i % 4);
}

static __global__ void three_dimensions(u32 *out)
{
    const u32 block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const u32 thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    u32 lane, warp;
    asm volatile("mov.u32 %0, %%laneid;\n\tmov.u32 %1, %%warpid;" : "=r"(lane), "=r"(warp));
    out[block * 120 + thread] = block << 16 | thread << 4 | (lane == thread % 32) << 1 | (warp < 64);
}
static void indices()
{
    buffer<u32> out(24 * 120);
    three_dimensions<<<dim3(2, 3, 4), dim3(4, 5, 6)>>>(out.at);
    const std::vector<u32> got = out.read();
    for (u32 b = 0; b < 24; b++)
        for (u32 t = 0; t < 120; t++)
            EXPECT(got[b * 120 + t] == (b << 16 | t << 4 | 3));
}

// ---- calls ----

__device__ __noinline__ static int apart(int a, int b)
{
    return a * 3 - b;
}
__device__ __noinline__ static int factorial(int n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}
__device__ static int is_odd(int n);
__device__ __noinline__ static int is_even(int n)
{
    return n == 0 ? 1 : is_odd(n - 1);
}
__device__ __noinline__ static int is_odd(int n)
{
    return n == 0 ? 0 : is_even(n - 1);
}
struct wide {
    double a;
    int b[5];
    char c;
};
__device__ __noinline__ static wide changed(wide w, int by)
{
    w.a += by, w.b[by % 5] *= 2, w.c++;
    return w;
}
static __global__ void calls_kernel(int *out)
{
    const int i = threadIdx.x;
    wide w = {0.5, {1, 2, 3, 4, 5}, 'a'};
    w = changed(w, i);
    out[i] = apart(i, 7);
    out[64 + i] = factorial(i % 11);
    out[128 + i] = is_even(i % 9);
    out[192 + i] = (int)(w.a * 2) + w.b[i % 5] * 1000 + w.c * 100000;
}
static void calls()
{
    const std::vector<int> got = results(256, 1, 64, calls_kernel);
    for (int i = 0; i < 64; i++) {
        int f = 1;
        for (int k = 2; k <= i % 11; k++)
            f *= k;
        EXPECT(got[i] == 3 * i - 7);
        EXPECT(got[64 + i] == f);
        EXPECT(got[128 + i] == (i % 9 % 2 == 0));
        EXPECT(got[192 + i] == 1 + 2 * i + (i % 5 + 1) * 2000 + 98 * 100000);
    }
}

typedef int (*function)(int);
__device__ __noinline__ static int twice(int x)
{
    return 2 * x;
}
__device__ __noinline__ static int square(int x)
{
    return x * x;
}
__device__ __noinline__ static int minus(int x)
{
    return -x;
}
__device__ static const function functions[] = {twice, square, minus};
static __global__ void by_pointer(int *out, int first)
{
    out[threadIdx.x] = functions[(threadIdx.x + first) % 3]((int)threadIdx.x);
}
static void function_pointers()
{
    const std::vector<int> got = results(96, 1, 96, by_pointer, 1);
    for (int i = 0; i < 96; i++)
        EXPECT(got[i] == ((i + 1) % 3 == 0 ? 2 * i : (i + 1) % 3 == 1 ? i * i : -i));
}

struct shape {
    int side;
    __device__ shape(int s) : side(s) {}
    __device__ virtual int area() const { return side * side; }
    __device__ virtual ~shape() {}
};
struct triangle : shape {
    __device__ triangle(int s) : shape(s) {}
    __device__ int area() const override { return side * side / 2; }
};
static __global__ void virtual_kernel(int *out)
{
    shape *s = threadIdx.x & 1 ? new triangle((int)threadIdx.x) : new shape((int)threadIdx.x);
    out[threadIdx.x] = s->area();
    delete s;
}
static void virtual_functions()
{
    const std::vector<int> got = results(64, 1, 64, virtual_kernel);
    for (int i = 0; i < 64; i++)
        EXPECT(got[i] == (i & 1 ? i * i / 2 : i * i));
}

// ---- memory ----

static __global__ void local_kernel(int *out, int n)
{
    int heap[32];
    char bytes[40];
    for (int i = 0; i < 32; i++)
        heap[i] = (int)(threadIdx.x * 31 + i * 17) % 101, bytes[i] = (char)(i + threadIdx.x);
    for (int i = 1; i < n; i++) // insertion sort, with indices that nobody knows before
        for (int k = i; k > 0 && heap[k] < heap[k - 1]; k--) {
            const int t = heap[k];
            heap[k] = heap[k - 1], heap[k - 1] = t;
        }
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum = sum * 3 + heap[i] + bytes[(i * 7) % n];
    out[threadIdx.x] = sum;
}
static void local_arrays()
{
    const std::vector<int> got = results(64, 1, 64, local_kernel, 32);
    for (int t = 0; t < 64; t++) {
        std::vector<int> heap;
        for (int i = 0; i < 32; i++)
            heap.push_back((t * 31 + i * 17) % 101);
        for (int i = 1; i < 32; i++)
            for (int k = i; k > 0 && heap[k] < heap[k - 1]; k--)
                std::swap(heap[k], heap[k - 1]);
        u32 sum = 0;
        for (int i = 0; i < 32; i++)
            sum = sum * 3 + (u32)heap[i] + (u32)(char)((i * 7) % 32 + t);
        EXPECT(got[t] == (int)sum);
    }
}

static __global__ void reverse_static(int *out)
{
    __shared__ int s[128];
    __shared__ double d[128];
    s[threadIdx.x] = (int)(threadIdx.x * threadIdx.x);
    d[threadIdx.x] = threadIdx.x * 0.5;
    __syncthreads();
    out[threadIdx.x] = s[127 - threadIdx.x] + (int)(d[(threadIdx.x + 2) % 128] * 2);
}
static void static_shared()
{
    const std::vector<int> got = results(128, 1, 128, reverse_static);
    for (int i = 0; i < 128; i++)
        EXPECT(got[i] == (127 - i) * (127 - i) + (i + 2) % 128);
}

extern __shared__ unsigned char dynamic[];
static __global__ void carve(int *out, int n)
{
    int *ints = (int *)dynamic;
    short *shorts = (short *)(ints + n);
    unsigned char *bytes = (unsigned char *)(shorts + n);
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        ints[i] = i * 1000, shorts[i] = (short)(-i), bytes[i] = (unsigned char)(i * 3);
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        out[i] = ints[n - 1 - i] + shorts[n - 1 - i] + bytes[n - 1 - i];
}
static void dynamic_shared()
{
    const int n = 500;
    buffer<int> out(n);
    carve<<<1, 64, 7 * n>>>(out.at, n);
    const std::vector<int> got = out.read();
    for (int i = 0; i < n; i++) {
        const int k = n - 1 - i;
        EXPECT(got[i] == k * 1000 - k + (unsigned char)(k * 3));
    }
}

// A pointer may be to any memory: loads and stores without a space.
__device__ __noinline__ static void bump(int *p)
{
    *p += 3;
}
__device__ static int one_global = 4;
static __global__ void generic_kernel(int *out)
{
    __shared__ int s[32];
    int l[2] = {(int)threadIdx.x, 7};
    s[threadIdx.x] = 100 + (int)threadIdx.x;
    out[threadIdx.x] = 1000;
    int *p = threadIdx.x % 3 == 0 ? &l[out[0] & 1] : threadIdx.x % 3 == 1 ? &s[threadIdx.x] : &out[threadIdx.x];
    bump(p);
    const int which = __isGlobal(p) | __isShared(p) << 1 | __isLocal(p) << 2 | __isConstant(p) << 3;
    __syncwarp();
    out[32 + threadIdx.x] = *p * 16 + which;
    if (threadIdx.x == 0)
        bump(&one_global);
}
static void generic_addresses()
{
    const std::vector<int> got = results(64, 1, 32, generic_kernel);
    for (int i = 0; i < 32; i++)
        EXPECT(got[32 + i] == (i % 3 == 0 ? (i + 3) * 16 + 4 : i % 3 == 1 ? (103 + i) * 16 + 2 : 1003 * 16 + 1));
    int g;
    CHECK(cudaMemcpyFromSymbol(&g, one_global, sizeof g));
    EXPECT(g == 7);
}

__constant__ static float table[256];
__constant__ static const int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
__device__ static int grid_of[4][3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};
__device__ static int *into_grid = &grid_of[2][1];
static __global__ void constants_kernel(float *out)
{
    const int i = threadIdx.x;
    out[i] = table[255 - i] * primes[i % 8] + grid_of[i % 4][i % 3] + *into_grid;
}
static void constants_and_globals()
{
    std::vector<float> t(256);
    for (int i = 0; i < 256; i++)
        t[i] = i * 0.25f;
    CHECK(cudaMemcpyToSymbol(table, t.data(), 1024));
    const std::vector<float> got = results(256, 1, 256, constants_kernel);
    const int p[] = {2, 3, 5, 7, 11, 13, 17, 19};
    for (int i = 0; i < 256; i++)
        EXPECT(got[i] == (255 - i) * 0.25f * p[i % 8] + (i % 4 * 3 + i % 3 + 1) + 8);
}

struct parameters {
    char a;
    double b;
    short c[3];
    int64_t d;
    float2 e;
};
static __global__ void by_value(double *out, parameters p, short s, parameters q)
{
    out[threadIdx.x] = p.a + p.b + p.c[threadIdx.x % 3] + (double)p.d + p.e.y + s + q.b * q.c[threadIdx.x % 3];
}
static void struct_parameters()
{
    const parameters p = {3, 0.25, {-1, 5, 9}, -((int64_t)1 << 40), {1, 8}};
    const parameters q = {1, 2.5, {7, 8, 9}, 0, {0, 0}};
    const std::vector<double> got = results(32, 1, 32, by_value, p, (short)-300, q);
    for (int i = 0; i < 32; i++)
        EXPECT(got[i] == 3.25 + p.c[i % 3] - (double)((int64_t)1 << 40) + 8 - 300 + 2.5 * q.c[i % 3]);
}

template <class T> static __global__ void copy_of(T *out, const T *in, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] = in[n - 1 - i];
}
template <class T> static void reversed()
{
    const int n = 300;
    std::vector<T> x(n);
    for (auto &v : x)
        for (size_t k = 0; k < sizeof(T); k++)
            ((unsigned char *)&v)[k] = (unsigned char)next_random();
    buffer<T> in(x);
    const std::vector<T> got = results(n, 3, 128, copy_of<T>, (const T *)in.at, n);
    for (int i = 0; i < n; i++)
        EXPECT(memcmp(&got[i], &x[n - 1 - i], sizeof(T)) == 0);
}
static void vector_accesses()
{
    reversed<char>(), reversed<uchar2>(), reversed<uchar4>(), reversed<short>(), reversed<ushort2>();
    reversed<short4>(), reversed<int2>(), reversed<uint4>(), reversed<float4>(), reversed<double2>();
    reversed<float3>(), reversed<long long>(), reversed<longlong2>();
}

static __global__ void hinted(int *out, const int *x)
{
    const int i = threadIdx.x;
    const int sum = __ldg(x + i) + __ldcg(x + i) * 2 + __ldca(x + i) * 3 + __ldcs(x + i) * 4 +
                    __ldlu(x + i) * 5 + __ldcv(x + i) * 6;
    __stwb(out + i, sum), __stcg(out + 64 + i, sum), __stcs(out + 128 + i, sum), __stwt(out + 192 + i, sum);
    int r;
    asm volatile("prefetch.global.L2 [%0];" ::"l"(x + i));
    asm volatile("ld.global.nc.L1::no_allocate.L2::128B.s32 %0, [%1];" : "=r"(r) : "l"(x + i));
    out[256 + i] = r;
    asm volatile("ld.relaxed.gpu.global.s32 %0, [%1];" : "=r"(r) : "l"(x + i) : "memory");
    asm volatile("st.relaxed.sys.global.s32 [%0], %1;" ::"l"(out + 320 + i), "r"(r) : "memory");
    asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(r) : "l"(x + i) : "memory");
    asm volatile("st.release.cta.global.s32 [%0], %1;" ::"l"(out + 384 + i), "r"(r) : "memory");
    *(volatile int *)(out + 448 + i) = *(volatile const int *)(x + i);
}
static void cache_hints()
{
    std::vector<int> x(64);
    for (int i = 0; i < 64; i++)
        x[i] = i * i - 70;
    buffer<int> in(x);
    const std::vector<int> got = results(512, 1, 64, hinted, (const int *)in.at);
    for (int i = 0; i < 512; i++)
        EXPECT(got[i] == x[i % 64] * (i < 256 ? 21 : 1));
}

static __global__ void heap_kernel(int *out, int n)
{
    int *mine = (int *)malloc(n * sizeof(int));
    int sum = -1;
    if (mine) {
        for (int i = 0; i < n; i++)
            mine[i] = i + (int)threadIdx.x;
        sum = 0;
        for (int i = 0; i < n; i++)
            sum += mine[i];
        free(mine);
    }
    int *made = new int[4];
    made[1] = 1;
    out[threadIdx.x] = sum + made[1];
    delete[] made;
}
static void device_heap()
{
    const std::vector<int> got = results(64, 1, 64, heap_kernel, 50);
    for (int i = 0; i < 64; i++)
        EXPECT(got[i] == 49 * 25 + 50 * i + 1);
}

static __global__ void alloca_kernel(int *out, int n)
{
    int *x = (int *)__builtin_alloca((size_t)n * sizeof(int));
    for (int i = 0; i < n; i++)
        x[i] = i * (int)threadIdx.x;
    int sum = 0;
    for (int i = n - 1; i >= 0; i--)
        sum = sum * 2 + x[i];
    out[threadIdx.x] = sum;
}
static void stack_of_any_size()
{
    const std::vector<int> got = results(32, 1, 32, alloca_kernel, 9);
    for (int t = 0; t < 32; t++) {
        int sum = 0;
        for (int i = 8; i >= 0; i--)
            sum = sum * 2 + i * t;
        EXPECT(got[t] == sum);
    }
}

// ---- time, output, faults ----

static __global__ void clocks_kernel(u64 *out, const int *x)
{
    const u32 before = clock();
    const u64 long_before = clock64();
    u64 ns;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
    int y = x[threadIdx.x];
    for (int i = 0; i < 100; i++)
        y = y * 3 + i;
    __nanosleep(100);
    out[threadIdx.x] = (u64)clock64() - long_before;
    out[32 + threadIdx.x] = (u32)((u32)clock() - before);
    out[64 + threadIdx.x] = ns;
    out[96 + threadIdx.x] = (u64)y;
}
static void clocks()
{
    buffer<int> x(32);
    const std::vector<u64> got = results(128, 1, 32, clocks_kernel, (const int *)x.at);
    for (int i = 0; i < 32; i++) {
        EXPECT(got[i] >= 100 && got[i] < 1000000);
        EXPECT(got[32 + i] >= 100 && got[32 + i] < 1000000);
    }
}

static __global__ void machine_kernel(u32 *out)
{
    u32 sm, sms, grid;
    asm volatile("mov.u32 %0, %%smid;\n\tmov.u32 %1, %%nsmid;\n\tmov.u32 %2, %%nctaid.x;"
                 : "=r"(sm), "=r"(sms), "=r"(grid));
    u32 shared_bytes, dynamic_bytes;
    asm volatile("mov.u32 %0, %%total_smem_size;\n\tmov.u32 %1, %%dynamic_smem_size;"
                 : "=r"(shared_bytes), "=r"(dynamic_bytes));
    out[blockIdx.x] = (sm < sms) | (grid == gridDim.x) << 1 | (dynamic_bytes <= shared_bytes) << 2;
}
static void machine_registers()
{
    for (u32 v : results(16, 16, 1, machine_kernel))
        EXPECT(v == 7);
}

static __global__ void says()
{
    printf("%d %u %x %c %s %5.2f %-4d| %lld %p %%\n", -1, 4000000000u, 255u, 'q', "word", 2.5, 7,
           1ll << 40, (void *)16);
}
static void prints()
{
    says<<<1, 1>>>(); // ctest looks at what comes
    CHECK(cudaDeviceSynchronize());
}

static __global__ void asserts_kernel(int n)
{
    assert(n == 1);
}
static void asserts()
{
    asserts_kernel<<<1, 32>>>(1);
    CHECK(cudaDeviceSynchronize());
    asserts_kernel<<<1, 32>>>(2);
    EXPECT(cudaDeviceSynchronize() == cudaErrorAssert);
    CHECK(cudaDeviceReset());
    cudaGetLastError();
}

static __global__ void traps()
{
    if (threadIdx.x == 5)
        __trap();
}
static void trap()
{
    traps<<<1, 32>>>();
    EXPECT(cudaDeviceSynchronize() != cudaSuccess);
    CHECK(cudaDeviceReset());
    cudaGetLastError();
}

#define P PROGRAM
PROGRAMS(P(loops_diverge), P(switches), P(branches_nest), P(break_continue_goto),
         P(returns_in_loops), P(jumps_into_a_loop), P(threads_exit), P(brx_idx), P(indices),
         P(calls), P(function_pointers), P(virtual_functions), P(local_arrays), P(static_shared),
         P(dynamic_shared), P(generic_addresses), P(constants_and_globals), P(struct_parameters),
         P(vector_accesses), P(cache_hints), P(device_heap), P(stack_of_any_size), P(clocks),
         P(machine_registers), P(prints), P(asserts), P(trap))
