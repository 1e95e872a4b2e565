/* Integers and bits against their definitions, written one bit or one wide product at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/arith/test_bench.h"

typedef __int128 s128;

/* Operands as the instruction sees them: a, b, c, d; signed ones extended by the caller. */
struct args {
    uint64_t a, b, c, d;
    unsigned bits;  /* of the type */
    bool is_signed; /* the type */
};

static s128 value(uint64_t x, unsigned bits, bool is_signed)
{
    const uint64_t up = x << (64 - bits);
    return is_signed ? (s128)((int64_t)up >> (64 - bits)) : (s128)(up >> (64 - bits));
}

static s128 va(const struct args *x)
{
    return value(x->a, x->bits, x->is_signed);
}

static s128 vb(const struct args *x)
{
    return value(x->b, x->bits, x->is_signed);
}

static s128 vc(const struct args *x)
{
    return value(x->c, x->bits, x->is_signed);
}

static s128 product(const struct args *x)
{
    return x->bits == 64 && !x->is_signed ? (s128)((unsigned __int128)x->a * x->b) : va(x) * vb(x);
}

static s128 high(const struct args *x)
{
    return x->bits == 64 && !x->is_signed ? (s128)(((unsigned __int128)x->a * x->b) >> 64)
                                          : product(x) >> x->bits;
}

static uint64_t clip32(s128 x)
{
    return (uint64_t)(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x);
}

#define TRUTH(name, expression)                                                                    \
    static uint64_t name(const struct args *x)                                                     \
    {                                                                                              \
        return (uint64_t)(expression);                                                             \
    }
TRUTH(t_add, va(x) + vb(x))
TRUTH(t_sub, va(x) - vb(x))
TRUTH(t_mul_lo, product(x))
TRUTH(t_mul_hi, high(x))
TRUTH(t_mad_lo, product(x) + vc(x))
TRUTH(t_mad_hi, high(x) + vc(x))
TRUTH(t_mad_wide, product(x) + (s128)x->c)
TRUTH(t_sad, vc(x) + (va(x) > vb(x) ? va(x) - vb(x) : vb(x) - va(x)))
TRUTH(t_div, vb(x) == 0 ? -1 : va(x) / vb(x))
TRUTH(t_rem, vb(x) == 0 ? va(x) : va(x) % vb(x))
TRUTH(t_min, va(x) < vb(x) ? va(x) : vb(x))
TRUTH(t_max, va(x) > vb(x) ? va(x) : vb(x))
TRUTH(t_abs, va(x) < 0 ? -va(x) : va(x))
TRUTH(t_neg, -va(x))
TRUTH(t_add_sat, clip32(va(x) + vb(x)))
TRUTH(t_sub_sat, clip32(va(x) - vb(x)))
TRUTH(t_mad_sat, clip32(high(x) + vc(x)))
TRUTH(t_shl, (uint32_t)x->b >= x->bits ? 0 : x->a << (uint32_t)x->b)
TRUTH(t_shr, va(x) >> ((uint32_t)x->b > x->bits ? x->bits : (uint32_t)x->b))
TRUTH(t_mul24, value(x->a, 24, x->is_signed) * value(x->b, 24, x->is_signed))
TRUTH(t_mad24_hi, (value(x->a, 24, x->is_signed) * value(x->b, 24, x->is_signed) >> 16) + vc(x))

static bool bit(uint64_t x, int at)
{
    return x >> at & 1;
}

/* 9.7.1.19's pseudo-code. */
static uint64_t t_bfe(const struct args *x)
{
    const int msb = (int)x->bits - 1, at = x->b & 0xff, length = x->c & 0xff;
    bool sign = false;
    if (x->is_signed && length > 0)
        sign = bit(x->a, at + length - 1 < msb ? at + length - 1 : msb);
    uint64_t r = 0;
    for (int i = 0; i <= msb; i++)
        r |= (uint64_t)(i < length && at + i <= msb ? bit(x->a, at + i) : sign) << i;
    return r;
}

/* 9.7.1.20's. */
static uint64_t t_bfi(const struct args *x)
{
    const int msb = (int)x->bits - 1, at = x->c & 0xff, length = x->d & 0xff;
    uint64_t r = x->b;
    for (int i = 0; i < length && at + i <= msb; i++)
        r = (r & ~(UINT64_C(1) << (at + i))) | (uint64_t)bit(x->a, i) << (at + i);
    return r;
}

static uint64_t t_popc(const struct args *x)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < x->bits; i++)
        n += bit(x->a, (int)i);
    return n;
}

static uint64_t t_bfind(const struct args *x)
{
    const s128 v = va(x) < 0 ? ~va(x) : va(x);
    for (int i = (int)x->bits - 1; i >= 0; i--)
        if (v >> i & 1)
            return (uint64_t)i;
    return UINT64_MAX;
}

static uint64_t t_bfind_shift(const struct args *x)
{
    const uint64_t at = t_bfind(x);
    return at == UINT64_MAX ? at : x->bits - 1 - at;
}

static uint64_t t_clz(const struct args *x)
{
    uint64_t n = 0;
    while (n < x->bits && !bit(x->a, (int)(x->bits - 1 - n)))
        n++;
    return n;
}

static uint64_t t_brev(const struct args *x)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < x->bits; i++)
        r |= (uint64_t)bit(x->a, (int)i) << (x->bits - 1 - i);
    return r;
}

static uint64_t t_prmt(const struct args *x)
{
    uint64_t r = 0;
    const uint64_t bytes = x->b << 32 | (uint32_t)x->a;
    for (int i = 0; i < 4; i++) {
        const unsigned s = x->c >> 4 * i & 15;
        const uint8_t byte = (uint8_t)(bytes >> 8 * (s & 7));
        r |= (uint64_t)(s & 8 ? (byte >> 7 ? 0xff : 0) : byte) << 8 * i;
    }
    return r;
}

static uint64_t t_lop3(const struct args *x)
{
    uint64_t r = 0;
    for (int i = 0; i < 32; i++)
        r |= (uint64_t)(0x96 >> (4 * bit(x->a, i) + 2 * bit(x->b, i) + bit(x->c, i)) & 1) << i;
    return r;
}

static uint64_t t_shf_l(const struct args *x)
{
    const uint32_t n = (uint32_t)x->c > 32 ? 32 : (uint32_t)x->c;
    return (x->b << 32 | (uint32_t)x->a) << n >> 32;
}

static uint64_t t_shf_r(const struct args *x)
{
    return (x->b << 32 | (uint32_t)x->a) >> (x->c & 31);
}

static uint64_t t_dp4a(const struct args *x)
{
    int64_t r = (int32_t)x->c;
    for (int i = 0; i < 4; i++)
        r += (int64_t)(int8_t)(x->a >> 8 * i) * (uint8_t)(x->b >> 8 * i);
    return (uint64_t)r;
}

static uint64_t t_dp2a_hi(const struct args *x)
{
    int64_t r = (int32_t)x->c;
    for (int i = 0; i < 2; i++)
        r += (int64_t)(uint16_t)(x->a >> 16 * i) * (int8_t)(x->b >> (16 + 8 * i));
    return (uint64_t)r;
}

static uint64_t t_fns(const struct args *x)
{
    const int32_t offset = (int32_t)x->c;
    int64_t at = (uint32_t)x->b, count = offset < 0 ? -(int64_t)offset - 1 : (int64_t)offset - 1;
    if (offset == 0)
        return at < 32 && bit(x->a, (int)at) ? (uint64_t)at : UINT64_MAX;
    for (; at >= 0 && at<32; at += offset> 0 ? 1 : -1)
        if (bit(x->a, (int)at) && count-- == 0)
            return (uint64_t)at;
    return UINT64_MAX;
}

/* 9.7.1.22 and 9.7.1.21. */
static uint64_t t_bmsk(const struct args *x)
{
    uint64_t r = 0;
    for (uint64_t i = (uint32_t)x->a; i < (uint64_t)(uint32_t)x->a + (uint32_t)x->b && i < 32; i++)
        r |= UINT64_C(1) << i;
    return r;
}

static uint64_t t_szext(const struct args *x)
{
    const unsigned n = x->b & 31;
    return n == 0 ? 0 : (uint64_t)value(x->a, n, x->is_signed);
}

static uint64_t t_relu(const struct args *x)
{
    const s128 least = va(x) < vb(x) ? va(x) : vb(x);
    return (uint64_t)(least < 0 ? 0 : least);
}

static const struct {
    const char *text; /* with %u32 and so on replaced by nothing: as it is */
    unsigned bits;
    bool is_signed;
    uint64_t (*truth)(const struct args *);
} cases[] = {
    {"add.u16 %h0, %h1, %h2", 16, false, t_add},
    {"add.s64 %d0, %d1, %d2", 64, true, t_add},
    {"sub.s32 %w0, %w1, %w2", 32, true, t_sub},
    {"add.sat.s32 %w0, %w1, %w2", 32, true, t_add_sat},
    {"sub.sat.s32 %w0, %w1, %w2", 32, true, t_sub_sat},
    {"mul.lo.s16 %h0, %h1, %h2", 16, true, t_mul_lo},
    {"mul.lo.u64 %d0, %d1, %d2", 64, false, t_mul_lo},
    {"mul.hi.u16 %h0, %h1, %h2", 16, false, t_mul_hi},
    {"mul.hi.s32 %w0, %w1, %w2", 32, true, t_mul_hi},
    {"mul.hi.u32 %w0, %w1, %w2", 32, false, t_mul_hi},
    {"mul.hi.s64 %d0, %d1, %d2", 64, true, t_mul_hi},
    {"mul.hi.u64 %d0, %d1, %d2", 64, false, t_mul_hi},
    {"mul.wide.s16 %w0, %h1, %h2", 16, true, t_mul_lo},
    {"mul.wide.u32 %d0, %w1, %w2", 32, false, t_mul_lo},
    {"mul.wide.s32 %d0, %w1, %w2", 32, true, t_mul_lo},
    {"mad.lo.s32 %w0, %w1, %w2, %w3", 32, true, t_mad_lo},
    {"mad.hi.s64 %d0, %d1, %d2, %d3", 64, true, t_mad_hi},
    {"mad.wide.s32 %d0, %w1, %w2, %d3", 32, true, t_mad_wide},
    {"mad.wide.u32 %d0, %w1, %w2, %d3", 32, false, t_mad_wide},
    {"mad.hi.sat.s32 %w0, %w1, %w2, %w3", 32, true, t_mad_sat},
    {"mul24.lo.s32 %w0, %w1, %w2", 32, true, t_mul24},
    {"mul24.lo.u32 %w0, %w1, %w2", 32, false, t_mul24},
    {"mad24.hi.s32 %w0, %w1, %w2, %w3", 32, true, t_mad24_hi},
    {"sad.s32 %w0, %w1, %w2, %w3", 32, true, t_sad},
    {"sad.u16 %h0, %h1, %h2, %h3", 16, false, t_sad},
    {"div.s16 %h0, %h1, %h2", 16, true, t_div},
    {"div.s32 %w0, %w1, %w2", 32, true, t_div},
    {"div.u32 %w0, %w1, %w2", 32, false, t_div},
    {"div.s64 %d0, %d1, %d2", 64, true, t_div},
    {"rem.s32 %w0, %w1, %w2", 32, true, t_rem},
    {"rem.u64 %d0, %d1, %d2", 64, false, t_rem},
    {"rem.s64 %d0, %d1, %d2", 64, true, t_rem},
    {"min.s16 %h0, %h1, %h2", 16, true, t_min},
    {"max.u64 %d0, %d1, %d2", 64, false, t_max},
    {"min.relu.s32 %w0, %w1, %w2", 32, true, t_relu},
    {"abs.s32 %w0, %w1", 32, true, t_abs},
    {"neg.s64 %d0, %d1", 64, true, t_neg},
    {"shl.b16 %h0, %h1, %w2", 16, false, t_shl},
    {"shl.b32 %w0, %w1, %w2", 32, false, t_shl},
    {"shl.b64 %d0, %d1, %w2", 64, false, t_shl},
    {"shr.u32 %w0, %w1, %w2", 32, false, t_shr},
    {"shr.s32 %w0, %w1, %w2", 32, true, t_shr},
    {"shr.s16 %h0, %h1, %w2", 16, true, t_shr},
    {"shr.s64 %d0, %d1, %w2", 64, true, t_shr},
    {"shr.b64 %d0, %d1, %w2", 64, false, t_shr},
    {"shf.l.clamp.b32 %w0, %w1, %w2, %w3", 32, false, t_shf_l},
    {"shf.r.wrap.b32 %w0, %w1, %w2, %w3", 32, false, t_shf_r},
    {"bfe.u32 %w0, %w1, %w2, %w3", 32, false, t_bfe},
    {"bfe.s32 %w0, %w1, %w2, %w3", 32, true, t_bfe},
    {"bfe.u64 %d0, %d1, %w2, %w3", 64, false, t_bfe},
    {"bfe.s64 %d0, %d1, %w2, %w3", 64, true, t_bfe},
    {"bfi.b32 %w0, %w1, %w2, %w3, %w4", 32, false, t_bfi},
    {"bfi.b64 %d0, %d1, %d2, %w3, %w4", 64, false, t_bfi},
    {"popc.b64 %w0, %d1", 64, false, t_popc},
    {"popc.b32 %w0, %w1", 32, false, t_popc},
    {"clz.b32 %w0, %w1", 32, false, t_clz},
    {"clz.b64 %w0, %d1", 64, false, t_clz},
    {"brev.b32 %w0, %w1", 32, false, t_brev},
    {"brev.b64 %d0, %d1", 64, false, t_brev},
    {"bfind.u32 %w0, %w1", 32, false, t_bfind},
    {"bfind.s32 %w0, %w1", 32, true, t_bfind},
    {"bfind.s64 %w0, %d1", 64, true, t_bfind},
    {"bfind.shiftamt.s32 %w0, %w1", 32, true, t_bfind_shift},
    {"bfind.shiftamt.u64 %w0, %d1", 64, false, t_bfind_shift},
    {"bmsk.clamp.b32 %w0, %w1, %w2", 32, false, t_bmsk},
    {"szext.wrap.s32 %w0, %w1, %w2", 32, true, t_szext},
    {"szext.wrap.u32 %w0, %w1, %w2", 32, false, t_szext},
    {"fns.b32 %w0, %w1, %w2, %w3", 32, false, t_fns},
    {"lop3.b32 %w0, %w1, %w2, %w3, 0x96", 32, false, t_lop3},
    {"prmt.b32 %w0, %w1, %w2, %w3", 32, false, t_prmt},
    {"dp4a.s32.u32 %w0, %w1, %w2, %w3", 32, false, t_dp4a},
    {"dp2a.hi.u32.s32 %w0, %w1, %w2, %w3", 32, false, t_dp2a_hi},
};

static unsigned bits_of_operand(struct bench_run *r, unsigned k)
{
    return ptx_type_bits(r->operands[k].type);
}

static void check_lanes(struct bench_run *r, struct bench_run *done, const char *text,
                        struct args x, uint64_t (*truth)(const struct args *))
{
    const unsigned n = r->insn.n_operands, bits = bits_of_operand(r, 0);
    for (unsigned l = 0; l < VG_WARP; l++) {
        x.a = bench_get(r, 1, l);
        x.b = n > 2 ? bench_get(r, 2, l) : 0;
        x.c = n > 3 ? bench_get(r, 3, l) : 0;
        x.d = n > 4 ? bench_get(r, 4, l) : 0;
        const uint64_t want = truth(&x) & UINT64_MAX >> (64 - bits);
        const uint64_t got = bench_get(done, 0, l);
        if (want != got)
            fail_msg("%s of 0x%llx, 0x%llx, 0x%llx, 0x%llx: 0x%llx, not 0x%llx", text,
                     (unsigned long long)x.a, (unsigned long long)x.b, (unsigned long long)x.c,
                     (unsigned long long)x.d, (unsigned long long)got, (unsigned long long)want);
    }
}

static void integers_follow_their_definitions(void **state)
{
    (void)state;
    uint64_t seed = 2;
    static struct bench_run r, done;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct bench b;
        char body[128];
        snprintf(body, sizeof body, "%s;\n", cases[k].text);
        bench_open(&b, body);
        if (!bench_find(&b, 0, &r))
            fail_msg("no handler: %s", cases[k].text);
        const bool literal = b.func->instrs[0].op == PTX_LOP3;
        for (int round = 0; round < 200; round++) {
            for (unsigned o = 1; o < r.insn.n_operands - literal; o++)
                for (unsigned l = 0; l < VG_WARP; l++)
                    bench_set(&r, o, l, bench_special(&seed, bench_letter(&r, o)));
            done = r;
            bench_execute(&done, vg_isa_best(), UINT32_MAX);
            check_lanes(&r, &done, cases[k].text,
                        (struct args){.bits = cases[k].bits, .is_signed = cases[k].is_signed},
                        cases[k].truth);
        }
        bench_close(&b);
    }
}

/* Runs one instruction with the same operands in all lanes, lane 0's result back. */
static uint64_t run_one(const char *text, const uint64_t *sources, uint32_t *carries)
{
    struct bench b;
    static struct bench_run r;
    bench_open(&b, text);
    assert_true(bench_find(&b, 0, &r));
    for (unsigned k = r.insn.n_results; k < r.insn.n_operands; k++)
        for (unsigned l = 0; l < VG_WARP; l++)
            bench_set(&r, k, l, sources[k - r.insn.n_results]);
    memcpy(r.frame, carries, sizeof *carries);
    bench_execute(&r, vg_isa_best(), UINT32_MAX);
    memcpy(carries, r.frame, sizeof *carries);
    const uint64_t result = bench_get(&r, 0, 0);
    bench_close(&b);
    return result;
}

static void carries_join_sums_of_128_bits(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int k = 0; k < 200; k++) {
        const uint64_t a0 = bench_special(&seed, 'd'), a1 = bench_random(&seed);
        const uint64_t b0 = bench_special(&seed, 'd'), b1 = bench_random(&seed);
        const unsigned __int128 a = (unsigned __int128)a1 << 64 | a0;
        const unsigned __int128 b = (unsigned __int128)b1 << 64 | b0;
        uint32_t carry = 0;
        const uint64_t low[] = {a0, b0}, high[] = {a1, b1};
        assert_true(run_one("add.cc.u64 %d0, %d1, %d2;", low, &carry) == (uint64_t)(a + b));
        assert_true(run_one("addc.u64 %d0, %d1, %d2;", high, &carry) == (uint64_t)((a + b) >> 64));
        assert_true(run_one("sub.cc.s64 %d0, %d1, %d2;", low, &carry) == (uint64_t)(a - b));
        assert_true(run_one("subc.cc.s64 %d0, %d1, %d2;", high, &carry) ==
                    (uint64_t)((a - b) >> 64));
        assert_int_equal(carry, a < b ? UINT32_MAX : 0);
    }
}

static void carries_join_products(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int k = 0; k < 200; k++) {
        const uint32_t a = (uint32_t)bench_special(&seed, 'w'), b = (uint32_t)bench_random(&seed);
        const uint64_t c = bench_special(&seed, 'd');
        const uint64_t sum = (uint64_t)a * b + c;
        uint32_t carry = 0;
        const uint64_t low[] = {a, b, (uint32_t)c}, high[] = {a, b, c >> 32};
        assert_true(run_one("mad.lo.cc.u32 %w0, %w1, %w2, %w3;", low, &carry) == (uint32_t)sum);
        assert_true(run_one("madc.hi.cc.u32 %w0, %w1, %w2, %w3;", high, &carry) == sum >> 32);
        assert_int_equal(carry, sum < c ? UINT32_MAX : 0);
    }
}

static void video_follows_the_pseudo_code(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t sources[3], want;
    } table[] = {
        {"vabsdiff4.u32.u32.u32.add %w0, %w1, %w2, %w3;", {0x01ff8000, 0x02007f10, 5}, 0x116},
        {"vadd4.s32.s32.s32.sat %w0, %w1, %w2, %w3;", {0x7f80017f, 0x01ff0181, 0}, 0x7f800200},
        {"vadd2.u32.u32.u32 %w0, %w1, %w2, %w3;", {0xffff0001, 0x00010002, 7}, 0x00000003},
        {"vavrg4.u32.u32.u32 %w0, %w1, %w2, %w3;", {0x00ff0102, 0x01ff0203, 7}, 0x01ff0203},
        {"vset4.u32.u32.lt %w0, %w1, %w2, %w3;", {0x01020304, 0x02020204, 0}, 0x01000000},
        {"vadd.s32.s32.s32.sat %w0, %w1, %w2;", {0x7fffffff, 1, 0}, 0x7fffffff},
        {"vsub.u32.u32.u32.sat %w0, %w1, %w2;", {1, 2, 0}, 0},
        {"vmin.s32.u32.s32.add %w0, %w1, %w2, %w3;", {5, 0xfffffffe, 10}, 8},
        {"vshl.u32.u32.u32.clamp %w0, %w1, %w2;", {3, 33, 0}, 0},
        {"vshl.u32.u32.u32.wrap %w0, %w1, %w2;", {3, 33, 0}, 6},
        {"vmad.s32.s32.u32 %w0, %w1, %w2, %w3;", {0xffffffff, 3, 10}, 7},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        uint32_t carry = 0;
        const uint64_t got = run_one(table[k].text, table[k].sources, &carry);
        if (got != table[k].want)
            fail_msg("%s: 0x%llx, not 0x%llx", table[k].text, (unsigned long long)got,
                     (unsigned long long)table[k].want);
    }
}

static void vectors_pack_low_parts_first(void **state)
{
    (void)state;
    uint32_t carry = 0;
    const uint64_t words[] = {0x11223344, 0x55667788}, wide[] = {UINT64_C(0x1122334455667788)};
    const uint64_t halves[] = {1, 2, 3, 4};
    assert_true(run_one("mov.b64 %d0, {%w1, %w2};", words, &carry) == UINT64_C(0x5566778811223344));
    assert_true(run_one("mov.b64 {%w0, %w1}, %d2;", wide, &carry) == 0x55667788);
    assert_true(run_one("mov.b64 {_, %w1}, %d2;", wide, &carry) == 0x55667788);
    assert_true(run_one("mov.b64 %d0, {%h1, %h2, %h3, %h4};", halves, &carry) ==
                UINT64_C(0x0004000300020001));
    assert_true(run_one("mov.b32 %w0, {%h1, %h2};", halves, &carry) == 0x00020001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_follow_their_definitions),
        cmocka_unit_test(carries_join_sums_of_128_bits),
        cmocka_unit_test(carries_join_products),
        cmocka_unit_test(video_follows_the_pseudo_code),
        cmocka_unit_test(vectors_pack_low_parts_first),
    };
    return cmocka_run_group_tests_name("arith int", tests, NULL, NULL);
}
