// Halves and bfloats: f32 on the CPU, rounded once by code of our own, is the truth for one operation.
#include <algorithm>
#include <limits>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "conformance.h"

typedef uint16_t u16;
typedef uint32_t u32;

// Rounds to nearest even in `kept` fraction bits with exponents from `least` (of normal numbers).
static double to_precision(double x, int kept, int least)
{
    if (x == 0 || !std::isfinite(x))
        return x;
    const int exponent = std::max(std::ilogb(x), least);
    return std::ldexp(std::nearbyint(std::ldexp(x, kept - exponent)), exponent - kept);
}

static u16 half_bits(double x)
{
    if (std::isnan(x))
        return 0x7fff;
    const u16 sign = std::signbit(x) ? 0x8000 : 0;
    const double r = std::fabs(to_precision(x, 10, -14));
    if (r >= 65536)
        return sign | 0x7c00;
    if (r < std::ldexp(1.0, -14))
        return (u16)(sign | (u16)std::ldexp(r, 24));
    const int e = std::ilogb(r);
    return (u16)(sign | ((e + 15) << 10) | ((int)std::ldexp(r, 10 - e) & 1023));
}

static double half_value(u16 h)
{
    const int e = h >> 10 & 31, f = h & 1023;
    const double r = e == 31 ? (f ? NAN : INFINITY) : e ? std::ldexp(1024 + f, e - 25) : std::ldexp(f, -24);
    return h & 0x8000 ? -r : r;
}

static u16 bfloat_bits(double x)
{
    const float f = std::isnan(x) ? NAN : (float)to_precision(x, 7, -126);
    u32 all;
    memcpy(&all, &f, 4);
    return std::isnan(x) ? 0x7fff : (u16)(all >> 16);
}

static double bfloat_value(u16 b)
{
    const u32 all = (u32)b << 16;
    float f;
    memcpy(&f, &all, 4);
    return f;
}

static bool half_nan(u16 h)
{
    return (h & 0x7fff) > 0x7c00;
}
static bool bfloat_nan(u16 b)
{
    return (b & 0x7fff) > 0x7f80;
}

static std::vector<u16> patterns(std::initializer_list<u16> edges)
{
    std::vector<u16> x;
    for (u16 v : edges)
        x.push_back(v), x.push_back(v ^ 0x8000);
    while (x.size() < 96)
        x.push_back((u16)next_random());
    while (x.size() < 160)
        x.push_back((u16)((next_random() & 0x83ff) | 0x3c00));
    return x;
}

template <class Op> __global__ void each16(u16 *out, const u16 *x, const u16 *y, const u16 *z, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] = Op::device(x[i], y[i], z[i]);
}

template <class Op>
static void compare16(const std::vector<u16> &s, double (*value)(u16), u16 (*to)(double), bool (*nan)(u16))
{
    std::vector<u16> a, b, c;
    for (size_t i = 0; i < s.size(); i++)
        for (size_t k = 0; k < s.size(); k++)
            a.push_back(s[i]), b.push_back(s[k]), c.push_back(s[(5 * i + k) % s.size()]);
    buffer<u16> x(a), y(b), z(c);
    const int n = (int)a.size();
    const std::vector<u16> got = results(n, n / 128, 128, each16<Op>, (const u16 *)x.at,
                                         (const u16 *)y.at, (const u16 *)z.at, n);
    for (int i = 0; i < n; i++) {
        const u16 want = to(Op::host(value(a[i]), value(b[i]), value(c[i])));
        if (got[i] != want && !(nan(got[i]) && nan(want)))
            throw std::runtime_error(bits(a[i]) + " " + bits(b[i]) + " " + bits(c[i]) + " gives " +
                                     bits(got[i]) + ", wants " + bits(want));
    }
}

// device in halves x, y, z; host in doubles of the same names.
#define OF16(name, T, load, store, edges, value, to, nan, on_device, on_host)                      \
    struct op_##name {                                                                             \
        static __device__ u16 device(u16 a, u16 b, u16 c)                                          \
        {                                                                                          \
            const T x = load(a), y = load(b), z = load(c);                                         \
            return (void)x, (void)y, (void)z, store(on_device);                                    \
        }                                                                                          \
        static double host(double x, double y, double z)                                           \
        {                                                                                          \
            return (void)x, (void)y, (void)z, on_host;                                             \
        }                                                                                          \
    };                                                                                             \
    static void name() { compare16<op_##name>(patterns edges, value, to, nan); }
#define HALF_EDGES ({0, 1, 0x3ff, 0x400, 0x3c00, 0x3555, 0x7bff, 0x7c00, 0x7e00, 0x4248})
#define BFLOAT_EDGES ({0, 1, 0x7f, 0x80, 0x3f80, 0x3eab, 0x7f7f, 0x7f80, 0x7fc0, 0x4049})
#define HALF(name, on_device, on_host)                                                             \
    OF16(name, __half, __ushort_as_half, __half_as_ushort, HALF_EDGES, half_value, half_bits,      \
         half_nan, (on_device), (on_host))
#define BFLOAT(name, on_device, on_host)                                                           \
    OF16(name, __nv_bfloat16, __ushort_as_bfloat16, __bfloat16_as_ushort, BFLOAT_EDGES,            \
         bfloat_value, bfloat_bits, bfloat_nan, (on_device), (on_host))

static double least(double x, double y)
{
    return std::isnan(x) ? y : std::isnan(y) ? x : x < y || (x == y && std::signbit(x)) ? x : y;
}
static double greatest(double x, double y)
{
    return -least(-x, -y);
}
static double relu(double x)
{
    return std::isnan(x) ? x : x > 0 ? x : 0.0;
}

// x * y + z rounded to odd in 53 bits, so that a later rounding to a half cannot be a second one. The
// product of two halves or bfloats is exact.
static double fused(double x, double y, double z)
{
    const double p = x * y, s = p + z;
    if (!std::isfinite(s))
        return s;
    const double z_part = s - p, lost = (p - (s - z_part)) + (z - z_part);
    uint64_t all;
    memcpy(&all, &s, 8);
    if (lost == 0 || all & 1)
        return s;
    return std::nextafter(s, lost > 0 ? INFINITY : -INFINITY);
}

HALF(hadd, __hadd(x, y), x + y)
HALF(hsub, __hsub(x, y), x - y)
HALF(hmul, __hmul(x, y), x *y)
HALF(hfma, __hfma(x, y, z), fused(x, y, z))
HALF(hfma_relu, __hfma_relu(x, y, z), relu(fused(x, y, z)))
HALF(hadd_sat, __hadd_sat(x, y), x + y > 0 ? std::min(x + y, 1.0) : 0.0)
HALF(hneg_abs, __hneg(__habs(x)), -std::fabs(x))
HALF(hmin, __hmin(x, y), least(x, y))
HALF(hmax, __hmax(x, y), greatest(x, y))
HALF(hmax_nan, __hmax_nan(x, y), std::isnan(x) || std::isnan(y) ? NAN : greatest(x, y))
HALF(half_ceil, hceil(x), std::ceil(x))
HALF(half_rint, hrint(x), std::nearbyint(x))
HALF(half_sqrt, hsqrt(x), std::sqrt(x))
HALF(half_by_f32, __float2half_rn(__half2float(x) * 0.3f), (double)((float)x * 0.3f))
HALF(half_choice, __hlt(x, y) ? z : __hgeu(x, y) ? x : y, x < y ? z : x)
BFLOAT(badd, __hadd(x, y), fused(x, 1, y))
BFLOAT(bmul, __hmul(x, y), x *y)
BFLOAT(bfma, __hfma(x, y, z), fused(x, y, z))
BFLOAT(bneg_abs, __hneg(__habs(x)), -std::fabs(x))
BFLOAT(bmin, __hmin(x, y), least(x, y))
BFLOAT(bmax, __hmax(x, y), greatest(x, y))
BFLOAT(bfloat_by_f32, __float2bfloat16_rn(__bfloat162float(x) * 0.3f), (double)((float)x * 0.3f))

// What the pairs of x2 instructions do is what the singles do, in both halves.
static __global__ void in_pairs(u32 *out, const u32 *x, const u32 *y, const u32 *z)
{
    const int i = threadIdx.x, n = blockDim.x;
    __half2 a, b, c;
    memcpy(&a, &x[i], 4), memcpy(&b, &y[i], 4), memcpy(&c, &z[i], 4);
    const __half2 all[] = {__hadd2(a, b), __hsub2(a, b), __hmul2(a, b), __hfma2(a, b, c),
                           __hmin2(a, b), __hmax2(a, b), __hneg2(a),    __habs2(b)};
    for (int k = 0; k < 8; k++)
        memcpy(&out[k * n + i], &all[k], 4);
}
static __global__ void in_singles(u32 *out, const u32 *x, const u32 *y, const u32 *z)
{
    const int i = threadIdx.x, n = blockDim.x;
    for (int side = 0; side < 32; side += 16) {
        const __half a = __ushort_as_half((u16)(x[i] >> side));
        const __half b = __ushort_as_half((u16)(y[i] >> side));
        const __half c = __ushort_as_half((u16)(z[i] >> side));
        const __half all[] = {__hadd(a, b), __hsub(a, b), __hmul(a, b), __hfma(a, b, c),
                              __hmin(a, b), __hmax(a, b), __hneg(a),    __habs(b)};
        for (int k = 0; k < 8; k++)
            out[k * n + i] |= (u32)__half_as_ushort(all[k]) << side;
    }
}
static __global__ void bfloats_in_pairs(u32 *out, const u32 *x, const u32 *y, const u32 *z)
{
    const int i = threadIdx.x, n = blockDim.x;
    __nv_bfloat162 a, b, c;
    memcpy(&a, &x[i], 4), memcpy(&b, &y[i], 4), memcpy(&c, &z[i], 4);
    const __nv_bfloat162 all[] = {__hadd2(a, b), __hmul2(a, b), __hfma2(a, b, c), __hmin2(a, b), __hmax2(a, b)};
    for (int k = 0; k < 5; k++)
        memcpy(&out[k * n + i], &all[k], 4);
}
static __global__ void bfloats_in_singles(u32 *out, const u32 *x, const u32 *y, const u32 *z)
{
    const int i = threadIdx.x, n = blockDim.x;
    for (int side = 0; side < 32; side += 16) {
        const __nv_bfloat16 a = __ushort_as_bfloat16((u16)(x[i] >> side));
        const __nv_bfloat16 b = __ushort_as_bfloat16((u16)(y[i] >> side));
        const __nv_bfloat16 c = __ushort_as_bfloat16((u16)(z[i] >> side));
        const __nv_bfloat16 all[] = {__hadd(a, b), __hmul(a, b), __hfma(a, b, c), __hmin(a, b), __hmax(a, b)};
        for (int k = 0; k < 5; k++)
            out[k * n + i] |= (u32)__bfloat16_as_ushort(all[k]) << side;
    }
}
static void pairs_as_singles(void (*pairs)(u32 *, const u32 *, const u32 *, const u32 *),
                             void (*singles)(u32 *, const u32 *, const u32 *, const u32 *), int kinds)
{
    std::vector<u32> r[3];
    for (auto &v : r)
        for (int i = 0; i < 256; i++)
            v.push_back(next_random() & 0xbfffbfff);
    buffer<u32> x(r[0]), y(r[1]), z(r[2]);
    equal(results(256 * kinds, 1, 256, pairs, (const u32 *)x.at, (const u32 *)y.at, (const u32 *)z.at),
          results(256 * kinds, 1, 256, singles, (const u32 *)x.at, (const u32 *)y.at, (const u32 *)z.at));
}
static void half2_as_singles()
{
    pairs_as_singles(in_pairs, in_singles, 8);
}
static void bfloat2_as_singles()
{
    pairs_as_singles(bfloats_in_pairs, bfloats_in_singles, 5);
}

static __global__ void to_halves(u16 *out, const float *x, int n)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        out[i] = __half_as_ushort(__float2half_rn(x[i]));
        out[n + i] = __bfloat16_as_ushort(__float2bfloat16_rn(x[i]));
        const __half2 both = __floats2half2_rn(x[i], -x[i]);
        out[2 * n + i] = __half_as_ushort(__high2half(both));
        const __nv_bfloat162 b = __floats2bfloat162_rn(x[i], -x[i]);
        out[3 * n + i] = __bfloat16_as_ushort(__high2bfloat16(b));
    }
}
static void narrowing()
{
    const std::vector<float> x = samples<float>();
    const int n = (int)x.size();
    buffer<float> in(x);
    const std::vector<u16> got = results(4 * n, 1, 64, to_halves, (const float *)in.at, n);
    for (int i = 0; i < n; i++) {
        if (std::isnan(x[i]))
            continue;
        EXPECT(got[i] == half_bits(x[i]));
        EXPECT(got[n + i] == bfloat_bits(x[i]));
        EXPECT(got[2 * n + i] == half_bits(-x[i]));
        EXPECT(got[3 * n + i] == bfloat_bits(-x[i]));
    }
}

static __global__ void directed(u16 *out, const float *x, int n)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        out[i] = __half_as_ushort(__float2half_rz(x[i]));
        out[n + i] = __half_as_ushort(__float2half_rd(x[i]));
        out[2 * n + i] = __half_as_ushort(__float2half_ru(x[i]));
    }
}
// Down and up enclose x, towards zero is one of them, and they are neighbours or equal.
static void directed_narrowing()
{
    std::vector<float> x;
    for (int i = 0; i < 512; i++)
        x.push_back(std::ldexp((float)next_random() / 4294967296.0f - 0.5f, i % 40 - 24));
    const int n = (int)x.size();
    buffer<float> in(x);
    const std::vector<u16> got = results(3 * n, 1, 64, directed, (const float *)in.at, n);
    for (int i = 0; i < n; i++) {
        const u16 zero = got[i], down = got[n + i], up = got[2 * n + i];
        EXPECT(half_value(down) <= x[i] && x[i] <= half_value(up));
        EXPECT(zero == (x[i] < 0 ? up : down));
        EXPECT(down == up || std::abs((down & 0x7fff) - (up & 0x7fff)) == 1);
    }
}

static __global__ void all_halves(float *out)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = __half2float(__ushort_as_half((u16)i));
    out[65536 + i] = __bfloat162float(__ushort_as_bfloat16((u16)i));
}
static void widening()
{
    const std::vector<float> got = results(2 * 65536, 256, 256, all_halves);
    for (int i = 0; i < 65536; i++) {
        EXPECT(same(got[i], (float)half_value((u16)i)));
        EXPECT(same(got[65536 + i], (float)bfloat_value((u16)i)));
    }
}

static __global__ void half_whole(int *out, const u16 *x, int n)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        const __half h = __ushort_as_half(x[i]);
        out[i] = __half2int_rn(h);
        out[n + i] = __half2int_rz(h);
        out[2 * n + i] = __half_as_ushort(__int2half_rn((int)x[i] - 32768));
    }
}
static void half_and_int()
{
    std::vector<u16> x;
    for (int i = 0; i < 512; i++)
        x.push_back((u16)(next_random() & 0xfbff));
    const int n = (int)x.size();
    buffer<u16> in(x);
    const std::vector<int> got = results(3 * n, 1, 64, half_whole, (const u16 *)in.at, n);
    for (int i = 0; i < n; i++) {
        const double v = half_value(x[i]);
        if (std::isfinite(v)) {
            EXPECT(got[i] == (int)std::nearbyint(v));
            EXPECT(got[n + i] == (int)v);
        }
        EXPECT(got[2 * n + i] == half_bits((int)x[i] - 32768));
    }
}

static __global__ void half_functions(float *out, const float *x)
{
    const int i = threadIdx.x, n = blockDim.x;
    const __half h = __float2half_rn(x[i]);
    const __half all[] = {hexp(h), hlog(h), hsin(h), hcos(h), hrcp(h), hrsqrt(h), hexp2(h), hlog2(h), htanh(h)};
    for (int k = 0; k < 9; k++)
        out[k * n + i] = __half2float(all[k]);
}
static void half_approximations()
{
    std::vector<float> x;
    for (int i = 0; i < 256; i++)
        x.push_back(0.05f + 3.0f * i / 256);
    buffer<float> in(x);
    const std::vector<float> got = results(9 * 256, 1, 256, half_functions, (const float *)in.at);
    for (int i = 0; i < 256; i++) {
        const double v = half_value(half_bits(x[i]));
        const double want[] = {std::exp(v), std::log(v), std::sin(v),  std::cos(v), 1 / v,
                               1 / std::sqrt(v), std::exp2(v), std::log2(v), std::tanh(v)};
        for (int k = 0; k < 9; k++)
            EXPECT(std::fabs(got[k * 256 + i] - want[k]) <= 1e-3 + 1.5e-3 * std::fabs(want[k]));
    }
}

#define P PROGRAM
PROGRAMS(P(hadd), P(hsub), P(hmul), P(hfma), P(hfma_relu), P(hadd_sat), P(hneg_abs), P(hmin),
         P(hmax), P(hmax_nan), P(half_ceil), P(half_rint), P(half_sqrt), P(half_by_f32), P(half_choice),
         P(badd), P(bmul), P(bfma), P(bneg_abs), P(bmin), P(bmax), P(bfloat_by_f32),
         P(half2_as_singles), P(bfloat2_as_singles), P(narrowing), P(directed_narrowing),
         P(widening), P(half_and_int), P(half_approximations))
