// Integer arithmetic: every operation on all pairs of edge values, against C++'s own or wider sums.
#include <algorithm>
#include <limits>

#include "conformance.h"

typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

static u32 slow_reverse(u64 x, int width)
{
    u64 ret = 0;
    for (int i = 0; i < width; i++)
        ret |= (x >> i & 1) << (width - 1 - i);
    return (u32)ret;
}

static int slow_ones(u64 x)
{
    int n = 0;
    for (; x; x &= x - 1)
        n++;
    return n;
}

static int slow_leading(u64 x, int width)
{
    int n = 0;
    while (n < width && !(x >> (width - 1 - n) & 1))
        n++;
    return n;
}

static u32 slow_permute(u32 a, u32 b, u32 selector)
{
    const u64 all = (u64)b << 32 | a;
    u32 ret = 0;
    for (int i = 0; i < 4; i++) {
        const u32 s = selector >> (4 * i) & 15;
        const u32 byte = all >> (8 * (s & 7)) & 255;
        ret |= (s & 8 ? (byte & 128 ? 255u : 0u) : byte) << (8 * i);
    }
    return ret;
}

static u32 slow_extract_u(u32 a, u32 at, u32 length)
{
    u32 ret = 0;
    for (u32 i = 0; i < (length & 255); i++)
        if (i < 32 && (at & 255) + i < 32)
            ret |= (a >> ((at & 255) + i) & 1) << i;
    return ret;
}

static s32 slow_extract_s(s32 a, u32 at, u32 length)
{
    const u32 begin = at & 255, n = length & 255;
    if (n == 0)
        return 0;
    const u32 top = begin + n - 1 < 31 ? begin + n - 1 : 31;
    u32 ret = 0;
    for (u32 i = 0; i < 32; i++) {
        const u32 from = i < n && begin + i < 32 ? begin + i : top;
        ret |= ((u32)a >> from & 1) << i;
    }
    return (s32)ret;
}

static u32 slow_insert(u32 a, u32 b, u32 at)
{
    u32 ret = b; // five bits of a, at `at`
    for (u32 i = 0; i < 5; i++)
        if ((at & 255) + i < 32) {
            const u32 where = (at & 255) + i;
            ret = (ret & ~(1u << where)) | (a >> i & 1) << where;
        }
    return ret;
}

template <class F> static u32 by_bytes(u32 x, u32 y, F f)
{
    u32 ret = 0;
    for (int i = 0; i < 32; i += 8)
        ret |= (u32)(f((int)(x >> i & 255), (int)(y >> i & 255)) & 255) << i;
    return ret;
}

template <class F> static u32 by_halves(u32 x, u32 y, F f)
{
    u32 ret = 0;
    for (int i = 0; i < 32; i += 16)
        ret |= (u32)(f((int)(x >> i & 65535), (int)(y >> i & 65535)) & 65535) << i;
    return ret;
}

static s32 clamp(s64 x, s64 low, s64 high)
{
    return (s32)(x < low ? low : x > high ? high : x);
}

#define UU(name, on_device, on_host) OPERATION(name, u32, u32, u32, u32, (on_device), (on_host))
#define SS(name, on_device, on_host) OPERATION(name, s32, s32, s32, s32, (on_device), (on_host))
#define LL(name, on_device, on_host) OPERATION(name, u64, u64, u64, u64, (on_device), (on_host))
#define KK(name, on_device, on_host) OPERATION(name, s64, s64, s64, s64, (on_device), (on_host))

UU(add_u32, x + y, x + y)
UU(sub_u32, x - y, x - y)
UU(mul_u32, x *y, x *y)
UU(mad_u32, x *y + z, x *y + z)
UU(div_u32, y ? x / y : 0, y ? x / y : 0)
UU(rem_u32, y ? x % y : 0, y ? x % y : 0)
SS(div_s32, y > 0 || y < -1 ? x / y : 1, y > 0 || y < -1 ? (s32)((s64)x / y) : 1)
SS(rem_s32, y > 0 || y < -1 ? x % y : 1, y > 0 || y < -1 ? (s32)((s64)x % y) : 1)
LL(div_u64, y ? x / y : 0, y ? x / y : 0)
LL(rem_u64, y ? x % y : 0, y ? x % y : 0)
KK(div_s64, y > 0 || y < -1 ? x / y : 1, y > 0 || y < -1 ? x / y : 1)
KK(rem_s64, y > 0 || y < -1 ? x % y : 1, y > 0 || y < -1 ? x % y : 1)
LL(add_mul_u64, x *y + z, x *y + z)
SS(mulhi_s32, __mulhi(x, y), (s32)((s64)x * y >> 32))
UU(mulhi_u32, __umulhi(x, y), (u32)((u64)x * y >> 32))
KK(mulhi_s64, __mul64hi(x, y), (s64)((__int128)x * y >> 64))
LL(mulhi_u64, __umul64hi(x, y), (u64)((unsigned __int128)x * y >> 64))
OPERATION(mul_wide_s32, s64, s32, s32, s64, (s64)x *y, (s64)x *y)
OPERATION(mad_wide_u32, u64, u32, u32, u64, (u64)x *y + z, (u64)x *y + z)
OPERATION(mul_wide_u16, u32, uint16_t, uint16_t, u32,
          PTX(u32, "=r", "mul.wide.u16 %0, %1, %2;", "h"(x), "h"(y)), (u32)x *y)
SS(mad_hi_s32, PTX(s32, "=r", "mad.hi.s32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   (s32)(u32)((u32)((s64)x * y >> 32) + (u32)z))
SS(mad_hi_sat_s32, PTX(s32, "=r", "mad.hi.sat.s32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   clamp(((s64)x * y >> 32) + z, INT32_MIN, INT32_MAX))
SS(mul24_s32, __mul24(x, y), (s32)((s64)((s32)((u32)x << 8) >> 8) * ((s32)((u32)y << 8) >> 8)))
UU(mul24_u32, __umul24(x, y), (u32)((u64)(x & 0xffffff) * (y & 0xffffff)))
UU(mad24_u32, PTX(u32, "=r", "mad24.lo.u32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   (u32)((u64)(x & 0xffffff) * (y & 0xffffff)) + z)
SS(add_sat_s32, PTX(s32, "=r", "add.sat.s32 %0, %1, %2;", "r"(x), "r"(y)),
   clamp((s64)x + y, INT32_MIN, INT32_MAX))
SS(sub_sat_s32, PTX(s32, "=r", "sub.sat.s32 %0, %1, %2;", "r"(x), "r"(y)),
   clamp((s64)x - y, INT32_MIN, INT32_MAX))
OPERATION(add_u16, uint16_t, uint16_t, uint16_t, uint16_t,
          PTX(uint16_t, "=h", "add.u16 %0, %1, %2;", "h"(x), "h"(y)), (uint16_t)(x + y))
OPERATION(mul_hi_s16, int16_t, int16_t, int16_t, int16_t,
          PTX(int16_t, "=h", "mul.hi.s16 %0, %1, %2;", "h"(x), "h"(y)), (int16_t)(x * y >> 16))
OPERATION(mad_lo_u16, uint16_t, uint16_t, uint16_t, uint16_t,
          PTX(uint16_t, "=h", "mad.lo.u16 %0, %1, %2, %3;", "h"(x), "h"(y), "h"(z)),
          (uint16_t)((u32)x * y + z))

static __device__ u64 add_with_carry(u64 x, u64 y, u64 z)
{
    u32 low, mid, high;
    asm("add.cc.u32 %0, %3, %5;\n\taddc.cc.u32 %1, %4, %6;\n\taddc.u32 %2, %7, 0;"
        : "=r"(low), "=r"(mid), "=r"(high)
        : "r"((u32)x), "r"((u32)(x >> 32)), "r"((u32)y), "r"((u32)(y >> 32)), "r"((u32)z));
    return ((u64)mid << 32 | low) ^ (u64)high << 7;
}
static u64 carry_truth(u64 x, u64 y, u64 z)
{
    const unsigned __int128 sum = (unsigned __int128)x + y + ((unsigned __int128)(u32)z << 64);
    return (u64)sum ^ (u64)(u32)(sum >> 64) << 7;
}
LL(add_carry, add_with_carry(x, y, z), carry_truth(x, y, z))

static __device__ u64 sub_with_borrow(u64 x, u64 y, u64 z)
{
    u32 low, mid, high;
    asm("sub.cc.u32 %0, %3, %5;\n\tsubc.cc.u32 %1, %4, %6;\n\tsubc.u32 %2, %7, 0;"
        : "=r"(low), "=r"(mid), "=r"(high)
        : "r"((u32)x), "r"((u32)(x >> 32)), "r"((u32)y), "r"((u32)(y >> 32)), "r"((u32)z));
    return ((u64)mid << 32 | low) ^ (u64)high << 7;
}
static u64 borrow_truth(u64 x, u64 y, u64 z)
{
    return (x - y) ^ (u64)((u32)z - (x < y)) << 7;
}
LL(sub_borrow, sub_with_borrow(x, y, z), borrow_truth(x, y, z))

static __device__ u64 square_by_words(u64 x, u64 y)
{
    u32 low, high;
    asm("mul.lo.u32 %0, %2, %4;\n\tmul.hi.u32 %1, %2, %4;\n\t"
        "mad.lo.cc.u32 %1, %3, %4, %1;\n\tmadc.lo.u32 %1, %2, %5, %1;"
        : "=&r"(low), "=&r"(high)
        : "r"((u32)x), "r"((u32)(x >> 32)), "r"((u32)y), "r"((u32)(y >> 32)));
    return (u64)high << 32 | low;
}
// The carry of the middle word would go to the third, so it spoils the second here: as wanted.
static u64 words_truth(u64 x, u64 y)
{
    const u32 x0 = (u32)x, x1 = (u32)(x >> 32), y0 = (u32)y, y1 = (u32)(y >> 32);
    const u32 middle = (u32)((u64)x0 * y0 >> 32);
    const u64 sum = (u64)(u32)(x1 * y0) + middle;
    return (u64)(u32)(x0 * y1 + (u32)sum + (u32)(sum >> 32)) << 32 | (u32)(x0 * y0);
}
LL(mad_carry, square_by_words(x, y), words_truth(x, y))

UU(logic, ((x & y) | (x ^ z)) + ~y, ((x & y) | (x ^ z)) + ~y)
UU(lop3, PTX(u32, "=r", "lop3.b32 %0, %1, %2, %3, 0x6a;", "r"(x), "r"(y), "r"(z)), (x & y) ^ z)
UU(cnot, PTX(u32, "=r", "cnot.b32 %0, %1;", "r"(x)), x == 0)
UU(shl_clamps, PTX(u32, "=r", "shl.b32 %0, %1, %2;", "r"(x), "r"(y)), y > 31 ? 0 : x << y)
UU(shr_clamps, PTX(u32, "=r", "shr.u32 %0, %1, %2;", "r"(x), "r"(y)), y > 31 ? 0 : x >> y)
SS(shr_s32_clamps, PTX(s32, "=r", "shr.s32 %0, %1, %2;", "r"(x), "r"(y)), x >> ((u32)y > 31 ? 31 : y))
OPERATION(shl_u64_clamps, u64, u64, u32, u32, PTX(u64, "=l", "shl.b64 %0, %1, %2;", "l"(x), "r"(y)),
          y > 63 ? 0 : x << y)
OPERATION(shr_s64_clamps, s64, s64, u32, u32, PTX(s64, "=l", "shr.s64 %0, %1, %2;", "l"(x), "r"(y)),
          x >> (y > 63 ? 63 : y))
UU(funnel_left, __funnelshift_l(x, y, z), (u32)(((u64)y << 32 | x) << (z & 31) >> 32))
UU(funnel_right, __funnelshift_r(x, y, z), (u32)(((u64)y << 32 | x) >> (z & 31)))
UU(funnel_left_clamps, __funnelshift_lc(x, y, z), z > 31 ? x : (u32)(((u64)y << 32 | x) << z >> 32))
UU(funnel_right_clamps, __funnelshift_rc(x, y, z), z > 31 ? y : (u32)(((u64)y << 32 | x) >> z))
UU(popc, __popc(x), slow_ones(x))
OPERATION(popc_u64, s32, u64, u32, u32, __popcll(x), slow_ones(x))
SS(clz, __clz(x), slow_leading((u32)x, 32))
OPERATION(clz_u64, s32, s64, u32, u32, __clzll(x), slow_leading((u64)x, 64))
UU(brev, __brev(x), slow_reverse(x, 32))
OPERATION(brev_u64, u64, u64, u32, u32, __brevll(x),
          (u64)slow_reverse(x & 0xffffffffu, 32) << 32 | slow_reverse(x >> 32, 32))
SS(find_first, __ffs(x), x ? 32 - slow_leading((u32)x & -(u32)x, 32) : 0)
UU(bfind_u32, PTX(u32, "=r", "bfind.u32 %0, %1;", "r"(x)), x ? 31 - slow_leading(x, 32) : ~0u)
UU(bfind_shift, PTX(u32, "=r", "bfind.shiftamt.u32 %0, %1;", "r"(x)), x ? slow_leading(x, 32) : ~0u)
OPERATION(bfind_s32, u32, s32, u32, u32, PTX(u32, "=r", "bfind.s32 %0, %1;", "r"(x)),
          (u32)(31 - slow_leading((u32)(x < 0 ? ~x : x), 32)))
OPERATION(bfind_u64, u32, u64, u32, u32, PTX(u32, "=r", "bfind.u64 %0, %1;", "l"(x)),
          (u32)(63 - slow_leading(x, 64)))
UU(fns_first, __fns(x, 0, 1), x ? 31 - slow_leading(x & -x, 32) : ~0u)
UU(bfe_u32, PTX(u32, "=r", "bfe.u32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   slow_extract_u(x, y, z))
OPERATION(bfe_s32, s32, s32, u32, u32, PTX(s32, "=r", "bfe.s32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
          slow_extract_s(x, y, z))
UU(bfi, PTX(u32, "=r", "bfi.b32 %0, %1, %2, %3, 5;", "r"(x), "r"(y), "r"(z)), slow_insert(x, y, z))
UU(bmsk_clamp, PTX(u32, "=r", "bmsk.clamp.b32 %0, %1, %2;", "r"(x), "r"(y)),
   x > 31 ? 0 : (u32)((y > 31 ? 0xffffffffull : (1ull << y) - 1) << x))
UU(prmt, __byte_perm(x, y, z), slow_permute(x, y, z & 0x7777))
UU(prmt_signs, PTX(u32, "=r", "prmt.b32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   slow_permute(x, y, z))
UU(prmt_f4e, PTX(u32, "=r", "prmt.b32.f4e %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   (u32)(((u64)y << 32 | x) >> (8 * (z & 3))))
UU(prmt_rc16, PTX(u32, "=r", "prmt.b32.rc16 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   slow_permute(x, y, z & 1 ? 0x3232 : 0x1010))
SS(minmax_s32, min(x, y) - max(y, z), (s32)((u32)std::min(x, y) - (u32)std::max(y, z)))
UU(minmax_u32, min(x, y) - max(y, z), std::min(x, y) - std::max(y, z))
KK(minmax_s64, min(x, y) ^ max(y, z), std::min(x, y) ^ std::max(y, z))
SS(abs_s32, abs(x), x < 0 ? (s32)(0u - (u32)x) : x)
KK(neg_abs_s64, -llabs(x), x < 0 ? x : (s64)(0 - (u64)x))
SS(sad_s32, (s32)__sad(x, y, z), (s32)((u32)std::abs((s64)x - y) + (u32)z))
UU(sad_u32, __usad(x, y, z), (x > y ? x - y : y - x) + z)
SS(hadd_s32, __hadd(x, y), (s32)(((s64)x + y) >> 1))
UU(rhadd_u32, __urhadd(x, y), (u32)(((u64)x + y + 1) >> 1))
SS(compare_s32, (x < y) | (x <= z) << 1 | (y == z) << 2 | (x > z) << 3 | (x >= y) << 4 | (x != z) << 5,
   (x < y) | (x <= z) << 1 | (y == z) << 2 | (x > z) << 3 | (x >= y) << 4 | (x != z) << 5)
UU(set_u32, PTX(u32, "=r", "set.lo.u32.u32 %0, %1, %2;", "r"(x), "r"(y)), x < y ? ~0u : 0)
UU(set_hs_u32, PTX(u32, "=r", "set.hs.u32.u32 %0, %1, %2;", "r"(x), "r"(y)), x >= y ? ~0u : 0)
UU(slct, PTX(u32, "=r", "slct.u32.s32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)), (s32)z >= 0 ? x : y)
UU(setp_and, PTX(u32, "=r", "{.reg .pred p, q, r;\n\tsetp.gt.u32 p, %1, %3;\n\t"
                 "setp.lt.and.u32 q|r, %1, %2, p;\n\tselp.u32 %0, 1, 2, q;\n\t@r add.u32 %0, %0, 4;}",
                 "r"(x), "r"(y), "r"(z)),
   (x < y && x > z ? 1 : 2) + (x >= y && x > z ? 4 : 0))

SS(dp4a_ss, __dp4a(x, y, z), [](u32 a, u32 b, u32 c) {
       for (int i = 0; i < 32; i += 8)
           c += (u32)((int8_t)(a >> i) * (int8_t)(b >> i));
       return (s32)c;
   }((u32)x, (u32)y, (u32)z))
UU(dp4a_uu, __dp4a(x, y, z), [](u32 a, u32 b, u32 c) {
       for (int i = 0; i < 32; i += 8)
           c += (a >> i & 255) * (b >> i & 255);
       return c;
   }(x, y, z))
SS(dp2a_lo_ss, __dp2a_lo(x, y, z),
   (s32)((u32)z + (u32)((int16_t)x * (int8_t)y) + (u32)((int16_t)(x >> 16) * (int8_t)(y >> 8))))
SS(dp2a_hi_ss, __dp2a_hi(x, y, z),
   (s32)((u32)z + (u32)((int16_t)x * (int8_t)(y >> 16)) + (u32)((int16_t)(x >> 16) * (int8_t)(y >> 24))))
SS(dp4a_us, PTX(s32, "=r", "dp4a.u32.s32 %0, %1, %2, %3;", "r"(x), "r"(y), "r"(z)),
   [](u32 a, u32 b, u32 c) {
       for (int i = 0; i < 32; i += 8)
           c += (a >> i & 255) * (u32)(int8_t)(b >> i);
       return (s32)c;
   }((u32)x, (u32)y, (u32)z))

UU(vadd4, __vadd4(x, y), by_bytes(x, y, [](int a, int b) { return a + b; }))
UU(vsub4, __vsub4(x, y), by_bytes(x, y, [](int a, int b) { return a - b; }))
UU(vaddss4, __vaddss4(x, y),
   by_bytes(x, y, [](int a, int b) { return clamp((int8_t)a + (int8_t)b, -128, 127); }))
UU(vsubss4, __vsubss4(x, y),
   by_bytes(x, y, [](int a, int b) { return clamp((int8_t)a - (int8_t)b, -128, 127); }))
UU(vaddus4, __vaddus4(x, y), by_bytes(x, y, [](int a, int b) { return clamp(a + b, 0, 255); }))
UU(vsadu4, __vsadu4(x, y), [](u32 a, u32 b) {
       u32 sum = 0;
       for (int i = 0; i < 32; i += 8)
           sum += (u32)abs((int)(a >> i & 255) - (int)(b >> i & 255));
       return sum;
   }(x, y))
UU(vabsdiffu4, __vabsdiffu4(x, y), by_bytes(x, y, [](int a, int b) { return abs(a - b); }))
UU(vmaxs4, __vmaxs4(x, y),
   by_bytes(x, y, [](int a, int b) { return std::max((int8_t)a, (int8_t)b); }))
UU(vminu4, __vminu4(x, y), by_bytes(x, y, [](int a, int b) { return std::min(a, b); }))
UU(vavgu4, __vavgu4(x, y), by_bytes(x, y, [](int a, int b) { return (a + b + 1) / 2; }))
UU(vcmpeq4, __vcmpeq4(x, y), by_bytes(x, y, [](int a, int b) { return a == b ? 255 : 0; }))
UU(vsetgtu4, __vsetgtu4(x, y), by_bytes(x, y, [](int a, int b) { return a > b; }))
UU(vadd2, __vadd2(x, y), by_halves(x, y, [](int a, int b) { return a + b; }))
UU(vsubus2, __vsubus2(x, y), by_halves(x, y, [](int a, int b) { return clamp(a - b, 0, 65535); }))
UU(vmaxs2, __vmaxs2(x, y),
   by_halves(x, y, [](int a, int b) { return std::max((int16_t)a, (int16_t)b); }))
UU(vabsss4, __vabsss4(x),
   by_bytes(x, 0, [](int a, int) { return std::min(abs((int8_t)a), 127); }))

#define P PROGRAM
PROGRAMS(P(add_u32), P(sub_u32), P(mul_u32), P(mad_u32), P(div_u32), P(rem_u32), P(div_s32),
         P(rem_s32), P(div_u64), P(rem_u64), P(div_s64), P(rem_s64), P(add_mul_u64), P(mulhi_s32),
         P(mulhi_u32), P(mulhi_s64), P(mulhi_u64), P(mul_wide_s32), P(mad_wide_u32),
         P(mul_wide_u16), P(mad_hi_s32), P(mad_hi_sat_s32), P(mul24_s32), P(mul24_u32),
         P(mad24_u32), P(add_sat_s32), P(sub_sat_s32), P(add_u16), P(mul_hi_s16), P(mad_lo_u16),
         P(add_carry), P(sub_borrow), P(mad_carry), P(logic), P(lop3), P(cnot), P(shl_clamps),
         P(shr_clamps), P(shr_s32_clamps), P(shl_u64_clamps), P(shr_s64_clamps), P(funnel_left),
         P(funnel_right), P(funnel_left_clamps), P(funnel_right_clamps), P(popc), P(popc_u64),
         P(clz), P(clz_u64), P(brev), P(brev_u64), P(find_first), P(bfind_u32), P(bfind_shift),
         P(bfind_s32), P(bfind_u64), P(fns_first), P(bfe_u32), P(bfe_s32), P(bfi), P(bmsk_clamp),
         P(prmt), P(prmt_signs), P(prmt_f4e), P(prmt_rc16), P(minmax_s32), P(minmax_u32),
         P(minmax_s64), P(abs_s32), P(neg_abs_s64), P(sad_s32), P(sad_u32), P(hadd_s32),
         P(rhadd_u32), P(compare_s32), P(set_u32), P(set_hs_u32), P(slct), P(setp_and), P(dp4a_ss),
         P(dp4a_uu), P(dp2a_lo_ss), P(dp2a_hi_ss), P(dp4a_us), P(vadd4), P(vsub4), P(vaddss4),
         P(vsubss4), P(vaddus4), P(vsadu4), P(vabsdiffu4), P(vmaxs4), P(vminu4), P(vavgu4),
         P(vcmpeq4), P(vsetgtu4), P(vadd2), P(vsubus2), P(vmaxs2), P(vabsss4))
