#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "grader/vgpu/exec/arith/test_bench.h"

static const char head[] = ".version 9.0\n.target sm_80\n.address_size 64\n"
                           ".visible .entry k()\n{\n"
                           ".reg .pred %p<32>;\n.reg .b8 %b<32>;\n.reg .b16 %h<32>;\n"
                           ".reg .b16 %e<32>;\n.reg .b32 %w<32>;\n.reg .f32 %f<32>;\n"
                           ".reg .b64 %d<32>;\n.reg .f64 %F<32>;\n";

void bench_open(struct bench *b, const char *body)
{
    const size_t bytes = sizeof head + strlen(body) + 4;
    char *const text = malloc(bytes);
    assert_non_null(text);
    const int n = snprintf(text, bytes, "%s%s}\n", head, body);
    arena_init(&b->arena, 256 << 20);
    struct err why;
    if (ptx_parse(text, (size_t)n, &b->arena, &b->module, &why) != OK)
        fail_msg("%s", why.text);
    b->func = &b->module.funcs[0];
    free(text);
}

void bench_close(struct bench *b)
{
    arena_done(&b->arena);
}

static enum ptx_type type_of_letter(char letter)
{
    switch (letter) {
    case 'p':
        return PTX_PRED;
    case 'b':
        return PTX_B8;
    case 'h':
    case 'e':
        return PTX_B16;
    case 'w':
        return PTX_B32;
    case 'f':
        return PTX_F32;
    case 'F':
        return PTX_F64;
    default:
        return PTX_B64;
    }
}

/* The flattened operands: registers have their own type, literals the shape's. */
static void place_operand(const struct bench *b, const struct ptx_operand *o, struct bench_run *r,
                          char letter)
{
    const uint32_t k = r->insn.n_operands++;
    enum ptx_type type = type_of_letter(letter);
    if (o->kind == OPERAND_REG)
        type = b->func->regs[o->index].type;
    r->operands[k] = (struct vg_operand){.at = (k + 1) * BENCH_LANE_BYTES,
                                         .bank = VG_FRAME,
                                         .type = (uint8_t)type,
                                         .negated = o->negated};
    if (o->kind == OPERAND_INT || o->kind == OPERAND_F32 || o->kind == OPERAND_F64)
        for (unsigned l = 0; l < VG_WARP; l++)
            bench_set(r, k, l, o->bits);
}

bool bench_find(const struct bench *b, size_t instr, struct bench_run *ret)
{
    const struct ptx_instr *const i = &b->func->instrs[instr];
    memset(ret, 0, sizeof *ret);
    for (unsigned isa = 0; isa < VG_ISAS; isa++)
        ret->run[isa] = vg_arith_find(i, b->func, (enum vg_isa)isa);
    ret->shape = vg_arith_shape(i, b->func);
    if (ret->run[VG_PORTABLE] == NULL || ret->shape == NULL)
        return false;
    ret->insn = (struct vg_insn){.operands = ret->operands, .source = i};
    const size_t sources = strlen(strchr(ret->shape, '=') + 1);
    char letters[2 * BENCH_OPERANDS] = "";
    size_t n = 0;
    for (const char *at = ret->shape; *at != '\0'; at++)
        if (*at != '=' && *at != '?')
            letters[n++] = *at;
    size_t count = 0;
    for (unsigned k = 0; k < i->n_operands; k++)
        count += i->operands[k].count > 0 ? i->operands[k].count : 1;
    const char *letter = letters + (n - sources) - (count - sources);
    for (unsigned k = 0; k < i->n_operands; k++) {
        const struct ptx_operand *const o = &i->operands[k];
        for (unsigned e = 0; e < (o->count > 0 ? o->count : 1u); e++)
            place_operand(b, o->count > 0 ? &b->func->elements[o->index + e] : o, ret, *letter++);
    }
    ret->insn.n_results = (uint32_t)(count - sources);
    return true;
}

void *bench_lanes(struct bench_run *r, unsigned operand)
{
    return r->frame + r->operands[operand].at;
}

void bench_execute(struct bench_run *r, enum vg_isa isa, uint32_t mask)
{
    struct vg_warp w = {.bank = {r->frame, NULL}, .mask = mask, .live = UINT32_MAX};
    r->run[isa](&w, &r->insn, mask);
}

char bench_letter(const struct bench_run *r, unsigned operand)
{
    switch (r->operands[operand].type) {
    case PTX_PRED:
        return 'p';
    case PTX_F32:
        return 'f';
    case PTX_F64:
        return 'F';
    default:
        return ptx_type_bits(r->operands[operand].type) == 64   ? 'd'
               : ptx_type_bits(r->operands[operand].type) == 32 ? 'w'
                                                                : 'h';
    }
}

uint64_t bench_get(struct bench_run *r, unsigned operand, unsigned lane)
{
    const unsigned char *const at = bench_lanes(r, operand);
    const unsigned bits = ptx_type_bits(r->operands[operand].type);
    if (bits == 1)
        return *(const uint32_t *)(const void *)at >> lane & 1;
    uint64_t v = 0;
    const unsigned bytes = bits <= 16 ? 2 : bits / 8;
    memcpy(&v, at + (size_t)lane * bytes, bytes);
    return v;
}

void bench_set(struct bench_run *r, unsigned operand, unsigned lane, uint64_t bits)
{
    unsigned char *const at = bench_lanes(r, operand);
    const unsigned width = ptx_type_bits(r->operands[operand].type);
    if (width == 1) {
        uint32_t *const word = (uint32_t *)(void *)at;
        *word = (*word & ~(1u << lane)) | (uint32_t)(bits & 1) << lane;
        return;
    }
    const unsigned bytes = width <= 16 ? 2 : width / 8;
    memcpy(at + (size_t)lane * bytes, &bits, bytes);
}

/* xorshift64*: George Marsaglia, "Xorshift RNGs", 2003. */
uint64_t bench_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* Floats of one format: zeros, subnormals, ends of the range, ones, halves, infinities, NaNs. */
static uint64_t special_float(uint64_t pick, unsigned bits, unsigned fraction)
{
    const uint64_t sign = (pick >> 32 & 1) << (bits - 1), one = UINT64_C(1) << fraction;
    const uint64_t infinity = ((UINT64_C(1) << (bits - 1)) - 1) >> fraction << fraction;
    const uint64_t bias = infinity >> 1 >> fraction << fraction;
    const uint64_t list[] = {0,
                             1,
                             one - 1,
                             one,
                             one + 1,
                             infinity - 1,
                             infinity,
                             infinity + 1,
                             infinity + one / 2,
                             infinity + one - 1,
                             bias,
                             bias - 1,
                             bias + 1,
                             bias + one / 2,
                             bias + one,
                             bias - one,
                             bias + 7 * one,
                             bias + fraction * one,
                             bias - fraction * one - 3,
                             bias + 31 * one / 2 * 2,
                             bias - 14 * one,
                             bias + (fraction + 1) * one + 1};
    return sign | (list[pick % (sizeof list / sizeof *list)] & (infinity | (one - 1)));
}

static uint64_t special_integer(uint64_t pick)
{
    static const uint64_t list[] = {0,
                                    1,
                                    2,
                                    3,
                                    7,
                                    8,
                                    15,
                                    16,
                                    17,
                                    31,
                                    32,
                                    33,
                                    63,
                                    64,
                                    65,
                                    127,
                                    128,
                                    255,
                                    256,
                                    32767,
                                    32768,
                                    65535,
                                    65536,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x100000000,
                                    INT64_MAX,
                                    UINT64_C(1) << 63};
    const uint64_t v = list[pick % (sizeof list / sizeof *list)];
    return pick >> 32 & 1 ? 0 - v : v;
}

uint64_t bench_special(uint64_t *state, char letter)
{
    const uint64_t pick = bench_random(state), kind = bench_random(state) >> 60;
    if (kind < 4)
        return bench_random(state);
    if (kind < 8 && letter != 'f' && letter != 'F')
        return special_integer(pick);
    switch (letter) {
    case 'F':
    case 'd':
        return special_float(pick, 64, 52);
    case 'f':
        return special_float(pick, 32, 23);
    case 'w': /* integers, floats, and pairs of halves and bfloats */
        return kind < 12   ? special_float(pick, 32, 23)
               : kind < 14 ? special_float(pick, 16, 10) | special_float(pick >> 8, 16, 10) << 16
                           : special_float(pick, 16, 7) | special_float(pick >> 8, 16, 7) << 16;
    case 'h':
        return kind < 12 ? special_float(pick, 16, 10) : special_float(pick, 16, 7);
    default:
        return pick;
    }
}
