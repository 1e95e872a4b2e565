// Matrices and the copies that feed them: ldmatrix, mma.sync, wmma, cp.async. Elements are small
// whole numbers, so that every order of summing gives the same.
#include <limits>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <mma.h>

#include "conformance.h"

typedef uint16_t u16;
typedef uint32_t u32;

// C = A B + C0 for row-major A (m, k), B (k, n).
template <class T> static std::vector<float> product(const std::vector<T> &a, const std::vector<T> &b, int m, int n, int k, float c0)
{
    std::vector<float> c(m * n, c0);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            for (int l = 0; l < k; l++)
                c[i * n + j] += (float)a[i * k + l] * (float)b[l * n + j];
    return c;
}

template <class T> static std::vector<T> small_numbers(int n, int from, int to)
{
    std::vector<T> x(n);
    for (auto &v : x)
        v = (T)(float)(from + (int)(next_random() % (u32)(to - from + 1)));
    return x;
}

// ---- mma.sync: fragments laid out by hand as the ISA draws them (9.7.14.5) ----

// One kernel for all shapes m16n8kK whose elements are of `Bytes`: a register holds 4 / Bytes
// elements of one row of A or one column of B.
template <class T> __device__ static u32 packed(const T *first, int step)
{
    u32 ret = 0;
    for (unsigned i = 0; i < 4 / sizeof(T); i++) {
        u32 piece = 0;
        memcpy(&piece, first + i * step, sizeof(T));
        ret |= piece << (8 * sizeof(T) * i);
    }
    return ret;
}

struct of_f16 {
    __device__ static void mma(float *d, const u32 *a, const u32 *b)
    {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
};
struct of_bf16 {
    __device__ static void mma(float *d, const u32 *a, const u32 *b)
    {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
};
struct of_tf32 {
    __device__ static void mma(float *d, const u32 *a, const u32 *b)
    {
        asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
};
struct of_s8 {
    __device__ static void mma(float *d, const u32 *a, const u32 *b)
    {
        int e[4] = {(int)d[0], (int)d[1], (int)d[2], (int)d[3]};
        asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+r"(e[0]), "+r"(e[1]), "+r"(e[2]), "+r"(e[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
        for (int i = 0; i < 4; i++)
            d[i] = (float)e[i];
    }
};
struct of_u8 {
    __device__ static void mma(float *d, const u32 *a, const u32 *b)
    {
        int e[4] = {(int)d[0], (int)d[1], (int)d[2], (int)d[3]};
        asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+r"(e[0]), "+r"(e[1]), "+r"(e[2]), "+r"(e[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
        for (int i = 0; i < 4; i++)
            d[i] = (float)e[i];
    }
};

template <class Op, class T> static __global__ void mma_kernel(float *c, const T *a, const T *b)
{
    const int per = 4 / sizeof(T), k = 8 * per;
    const int group = threadIdx.x / 4, within = threadIdx.x % 4;
    u32 fa[4], fb[2];
    for (int r = 0; r < 4; r++)
        fa[r] = packed(a + (group + 8 * (r & 1)) * k + per * within + (r / 2) * k / 2, 1);
    for (int r = 0; r < 2; r++)
        fb[r] = packed(b + (per * within + r * k / 2) * 8 + group, 8);
    float d[4] = {2, 2, 2, 2};
    Op::mma(d, fa, fb);
    for (int r = 0; r < 4; r++)
        c[(group + 8 * (r / 2)) * 8 + 2 * within + (r & 1)] = d[r];
}
template <class Op, class T> static void mma_of(int from, int to)
{
    const int k = 32 / (int)sizeof(T);
    const std::vector<T> a = small_numbers<T>(16 * k, from, to), b = small_numbers<T>(k * 8, from, to);
    buffer<T> da(a), db(b);
    equal(results(128, 1, 32, mma_kernel<Op, T>, (const T *)da.at, (const T *)db.at), product(a, b, 16, 8, k, 2.0f));
}
static void mma_f16() { mma_of<of_f16, __half>(-8, 8); }
static void mma_bf16() { mma_of<of_bf16, __nv_bfloat16>(-8, 8); }
static void mma_tf32() { mma_of<of_tf32, float>(-8, 8); }
static void mma_s8() { mma_of<of_s8, signed char>(-128, 127); }
static void mma_u8() { mma_of<of_u8, unsigned char>(0, 255); }

static __global__ void mma_f64_kernel(double *c, const double *a, const double *b)
{
    const int group = threadIdx.x / 4, within = threadIdx.x % 4;
    double d0 = 1, d1 = 1;
    asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
        : "+d"(d0), "+d"(d1)
        : "d"(a[group * 4 + within]), "d"(b[within * 8 + group]));
    c[group * 8 + 2 * within] = d0, c[group * 8 + 2 * within + 1] = d1;
}
static void mma_f64()
{
    const std::vector<double> a = small_numbers<double>(32, -99, 99), b = small_numbers<double>(32, -99, 99);
    buffer<double> da(a), db(b);
    const std::vector<double> got = results(64, 1, 32, mma_f64_kernel, (const double *)da.at, (const double *)db.at);
    const std::vector<float> want = product(a, b, 8, 8, 4, 1.0f);
    for (int i = 0; i < 64; i++)
        EXPECT(got[i] == want[i]);
}

static __global__ void mma_half_sums_kernel(u16 *c, const __half *a, const __half *b)
{
    const int group = threadIdx.x / 4, within = threadIdx.x % 4;
    u32 fa[2], fb, d0 = 0, d1 = 0;
    for (int r = 0; r < 2; r++)
        fa[r] = packed(a + (group + 8 * r) * 8 + 2 * within, 1);
    fb = packed(b + 2 * within * 8 + group, 8);
    asm("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3}, {%4}, {%0,%1};"
        : "+r"(d0), "+r"(d1)
        : "r"(fa[0]), "r"(fa[1]), "r"(fb));
    memcpy(c + group * 8 + 2 * within, &d0, 4), memcpy(c + (group + 8) * 8 + 2 * within, &d1, 4);
}
static void mma_half_sums()
{
    const std::vector<__half> a = small_numbers<__half>(128, -8, 8), b = small_numbers<__half>(64, -8, 8);
    buffer<__half> da(a), db(b);
    const std::vector<u16> got = results(128, 1, 32, mma_half_sums_kernel, (const __half *)da.at, (const __half *)db.at);
    const std::vector<float> want = product(a, b, 16, 8, 8, 0.0f);
    for (int i = 0; i < 128; i++) {
        __half h;
        memcpy(&h, &got[i], 2);
        EXPECT(__half2float(h) == want[i]);
    }
}

// ---- ldmatrix and movmatrix ----

static __global__ void ldmatrix_kernel(u32 *out)
{
    __shared__ __align__(16) u16 tile[32][8];
    for (int i = threadIdx.x; i < 256; i += 32)
        tile[i / 8][i % 8] = (u16)(i / 64 * 1000 + i % 64);
    __syncwarp();
    u32 r[4], t[4], one, two[2], moved;
    const u32 row = (u32)__cvta_generic_to_shared(&tile[threadIdx.x][0]);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(t[0]), "=r"(t[1]), "=r"(t[2]), "=r"(t[3])
                 : "r"(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(one) : "r"(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(two[0]), "=r"(two[1]) : "r"(row));
    asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(moved) : "r"(one));
    const u32 all[] = {r[0], r[1], r[2], r[3], t[0], t[1], t[2], t[3], one, two[1], moved};
    for (int k = 0; k < 11; k++)
        out[32 * k + threadIdx.x] = all[k];
}
static void matrix_loads()
{
    const std::vector<u32> got = results(11 * 32, 1, 32, ldmatrix_kernel);
    for (u32 lane = 0; lane < 32; lane++) {
        const u32 row = lane / 4, column = lane % 4 * 2;
        const u32 plain = (row * 8 + column) | (row * 8 + column + 1) << 16;
        const u32 turned = (column * 8 + row) | ((column + 1) * 8 + row) << 16;
        for (u32 k = 0; k < 4; k++) {
            EXPECT(got[32 * k + lane] == plain + k * 1000 * 0x10001);
            EXPECT(got[32 * (4 + k) + lane] == turned + k * 1000 * 0x10001);
        }
        EXPECT(got[32 * 8 + lane] == plain && got[32 * 9 + lane] == turned + 1000 * 0x10001);
        EXPECT(got[32 * 10 + lane] == turned);
    }
}

// ---- wmma ----

template <int M, int N, int K, class T, class F, class C, class LA, class LB>
static __global__ void wmma_kernel(C *c, const T *a, const T *b)
{
    using namespace nvcuda::wmma;
    fragment<matrix_a, M, N, K, F, LA> fa;
    fragment<matrix_b, M, N, K, F, LB> fb;
    fragment<accumulator, M, N, K, C> fc;
    fill_fragment(fc, (C)1.0f);
    load_matrix_sync(fa, a, std::is_same<LA, row_major>::value ? K : M);
    load_matrix_sync(fb, b, std::is_same<LB, row_major>::value ? N : K);
    mma_sync(fc, fa, fb, fc);
    for (int i = 0; i < fc.num_elements; i++)
        fc.x[i] = fc.x[i] + fc.x[i];
    store_matrix_sync(c, fc, N, mem_row_major);
}
template <class T> static std::vector<T> turned(const std::vector<T> &x, int rows, int columns)
{
    std::vector<T> y(x.size());
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < columns; k++)
            y[k * rows + i] = x[i * columns + k];
    return y;
}
template <int M, int N, int K, class T, class F, class C, bool TURN_A, bool TURN_B> static void wmma_of()
{
    using namespace nvcuda::wmma;
    typedef typename std::conditional<TURN_A, col_major, row_major>::type LA;
    typedef typename std::conditional<TURN_B, col_major, row_major>::type LB;
    const int low = std::is_same<T, unsigned char>::value ? 0 : -7;
    const std::vector<T> a = small_numbers<T>(M * K, low, 7), b = small_numbers<T>(K * N, low, 7);
    buffer<T> da(TURN_A ? turned(a, M, K) : a), db(TURN_B ? turned(b, K, N) : b);
    const std::vector<C> got = results(M * N, 1, 32, wmma_kernel<M, N, K, T, F, C, LA, LB>, (const T *)da.at, (const T *)db.at);
    const std::vector<float> want = product(a, b, M, N, K, 1.0f);
    for (int i = 0; i < M * N; i++)
        EXPECT((float)got[i] == 2 * want[i]);
}
namespace wm = nvcuda::wmma;
static void wmma_f16() { wmma_of<16, 16, 16, __half, __half, float, false, false>(); }
static void wmma_f16_columns() { wmma_of<16, 16, 16, __half, __half, float, true, true>(); }
static void wmma_f16_wide() { wmma_of<8, 32, 16, __half, __half, float, false, true>(); }
static void wmma_f16_tall() { wmma_of<32, 8, 16, __half, __half, float, true, false>(); }
static void wmma_half_sums() { wmma_of<16, 16, 16, __half, __half, __half, false, true>(); }
static void wmma_bf16() { wmma_of<16, 16, 16, __nv_bfloat16, __nv_bfloat16, float, false, true>(); }
static void wmma_s8() { wmma_of<16, 16, 16, signed char, signed char, int, false, true>(); }
static void wmma_u8_tall() { wmma_of<32, 8, 16, unsigned char, unsigned char, int, false, true>(); }
static void wmma_tf32() { wmma_of<16, 16, 8, float, wm::precision::tf32, float, false, true>(); }
static void wmma_f64() { wmma_of<8, 8, 4, double, double, double, false, true>(); }

static __global__ void to_tf32_kernel(u32 *out, const float *x)
{
    out[threadIdx.x] = __float_as_uint(wm::__float_to_tf32(x[threadIdx.x]));
}
// cvt.rna.tf32: ten bits stay, ties go away from zero.
static void tf32_rounding()
{
    std::vector<float> x;
    for (int i = 0; i < 64; i++)
        x.push_back(std::ldexp((float)(int)next_random(), i - 60));
    buffer<float> in(x);
    const std::vector<u32> got = results(64, 1, 64, to_tf32_kernel, (const float *)in.at);
    for (int i = 0; i < 64; i++) {
        u32 all;
        memcpy(&all, &x[i], 4);
        EXPECT((got[i] & ~0x1fffu) == ((all + 0x1000) & ~0x1fffu));
    }
}

// ---- cp.async ----

static __global__ void pipeline_kernel(int *out, const int *in, int tiles)
{
    __shared__ __align__(16) int stage[3][256];
    const int t = threadIdx.x;
    int sum = 0;
    for (int i = 0; i < tiles + 2; i++) {
        if (i < tiles)
            __pipeline_memcpy_async(&stage[i % 3][4 * t], in + i * 256 + 4 * t, 16);
        __pipeline_commit();
        __pipeline_wait_prior(2);
        __syncthreads();
        if (i >= 2)
            for (int k = 0; k < 4; k++)
                sum = sum * 5 + stage[(i - 2) % 3][255 - 4 * t - k];
        __syncthreads();
    }
    out[t] = sum;
}
static void pipelines()
{
    const int tiles = 7;
    std::vector<int> x(tiles * 256);
    for (auto &v : x)
        v = (int)(next_random() % 1000);
    buffer<int> in(x);
    const std::vector<int> got = results(64, 1, 64, pipeline_kernel, (const int *)in.at, tiles);
    for (int t = 0; t < 64; t++) {
        u32 sum = 0;
        for (int i = 0; i < tiles; i++)
            for (int k = 0; k < 4; k++)
                sum = sum * 5 + (u32)x[i * 256 + 255 - 4 * t - k];
        EXPECT((u32)got[t] == sum);
    }
}

static __global__ void async_kernel(int *out, const int *in)
{
    __shared__ __align__(16) int s[4 * 64];
    __shared__ __align__(8) uint64_t bar;
    const int t = threadIdx.x;
    const u32 at = (u32)__cvta_generic_to_shared(&s[t]), b = (u32)__cvta_generic_to_shared(&bar);
    if (t == 0)
        asm volatile("mbarrier.init.shared.b64 [%0], 64;" ::"r"(b) : "memory");
    s[t + 128] = s[t + 192] = -1;
    __syncthreads();
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(at), "l"(in + t) : "memory");
    asm volatile("cp.async.commit_group;\n\tcp.async.wait_group 0;" ::: "memory");
    if (t < 32) // 4 bytes of 8; the rest is zeros
        asm volatile("cp.async.ca.shared.global [%0], [%1], 8, 4;" ::"r"(at + 256 + 4 * t), "l"(in + 2 * t) : "memory");
    if (t < 16)
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(at + 512 + 12 * t), "l"(in + 64 + 4 * t) : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
    if (t < 32)
        asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(at + 768 + 4 * t), "l"(in + 128 + 2 * t) : "memory");
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(b) : "memory");
    u32 done = 0;
    while (!done)
        asm volatile("{ .reg .pred p;\n\tmbarrier.test_wait.parity.shared.b64 p, [%1], 0;\n\tselp.u32 %0, 1, 0, p;}"
                     : "=r"(done)
                     : "r"(b)
                     : "memory");
    for (int k = 0; k < 4; k++)
        out[64 * k + t] = s[64 * k + (t ^ 1)];
}
static void asynchronous_copies()
{
    std::vector<int> x(192), want(256);
    for (auto &v : x)
        v = (int)next_random();
    buffer<int> in(x);
    for (int t = 0; t < 64; t++) {
        want[t] = x[t ^ 1], want[64 + t] = (t ^ 1) & 1 ? 0 : x[t ^ 1];
        want[128 + t] = x[64 + (t ^ 1)], want[192 + t] = x[128 + (t ^ 1)];
    }
    equal(results(256, 1, 64, async_kernel, (const int *)in.at), want);
}

#define P PROGRAM
PROGRAMS(P(mma_f16), P(mma_bf16), P(mma_tf32), P(mma_s8), P(mma_u8), P(mma_f64), P(mma_half_sums),
         P(matrix_loads), P(wmma_f16), P(wmma_f16_columns), P(wmma_f16_wide), P(wmma_f16_tall),
         P(wmma_half_sums), P(wmma_bf16), P(wmma_s8), P(wmma_u8_tall), P(wmma_tf32), P(wmma_f64),
         P(tf32_rounding), P(pipelines), P(asynchronous_copies))
