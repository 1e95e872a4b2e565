/* Matrix products against three nested loops over whole matrices that the test lays out itself, by
 * the formulas of 9.7.14.5's figures written out per shape. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/arith/fragments.h"
#include "grader/vgpu/exec/arith/test_bench.h"

static struct bench_run run;

static void put(struct bench *b, const char *text)
{
    bench_open(b, text);
    if (!bench_find(b, 0, &run))
        fail_msg("no handler: %s", text);
}

/* Small whole numbers as f16 and bf16: exact sums, so that any order gives the same. */
static uint32_t half_of(int x)
{
    const float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return x == 0 ? 0 : (bits >> 16 & 0x8000) | ((bits >> 13 & 0x3ffff) - (112 << 10));
}

static uint32_t bfloat_of(int x)
{
    const float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits >> 16;
}

static uint32_t f32_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static int small_int(uint64_t *seed)
{
    return (int)(bench_random(seed) % 15) - 7;
}

/* mma.m16n8k16 of halves: element i of A is row g (+8 for i & 2), column 2t + (i & 1) (+8 for i &
 * 4). */
static void check_m16n8k16(const char *text, uint32_t (*code)(int))
{
    struct bench b;
    int a[16][16], bm[16][8], c[16][8];
    uint64_t seed = 21;
    put(&b, text);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++)
            a[i][j] = small_int(&seed);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 8; j++) {
            bm[i][j] = small_int(&seed);
            c[i][j] = small_int(&seed);
        }
    for (unsigned l = 0; l < VG_WARP; l++) {
        const unsigned g = l / 4, t = l % 4;
        for (unsigned r = 0; r < 4; r++) {
            const unsigned row = g + (r & 1 ? 8 : 0), column = 2 * t + (r & 2 ? 8 : 0);
            bench_set(&run, 4 + r, l, code(a[row][column]) | code(a[row][column + 1]) << 16);
            bench_set(&run, 10 + r, l, f32_bits((float)c[g + (r & 2 ? 8 : 0)][2 * t + (r & 1)]));
        }
        for (unsigned r = 0; r < 2; r++)
            bench_set(&run, 8 + r, l,
                      code(bm[2 * t + 8 * r][g]) | code(bm[2 * t + 8 * r + 1][g]) << 16);
    }
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    for (unsigned l = 0; l < VG_WARP; l++)
        for (unsigned r = 0; r < 4; r++) {
            const unsigned row = l / 4 + (r & 2 ? 8 : 0), column = 2 * (l % 4) + (r & 1);
            int want = c[row][column];
            for (int k = 0; k < 16; k++)
                want += a[row][k] * bm[k][column];
            if (bench_get(&run, r, l) != f32_bits((float)want))
                fail_msg("%s: register %u of lane %u", text, r, l);
        }
    bench_close(&b);
}

static void halves_multiply_in_the_layout_of_the_isa(void **state)
{
    (void)state;
#define OPERANDS " {%f0,%f1,%f2,%f3}, {%w4,%w5,%w6,%w7}, {%w8,%w9}, {%f10,%f11,%f12,%f13};"
    check_m16n8k16("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" OPERANDS, half_of);
    check_m16n8k16("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" OPERANDS, bfloat_of);
}

/* mma.m16n8k32 of bytes: element i of A is row g (+8 for i & 4), column 4t + (i & 3) (+16 for i &
 * 8). */
static void bytes_multiply_in_the_layout_of_the_isa(void **state)
{
    (void)state;
    struct bench b;
    uint8_t a[16][32], bm[32][8];
    uint64_t seed = 22;
    put(&b, "mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 {%w0,%w1,%w2,%w3},"
            " {%w4,%w5,%w6,%w7}, {%w8,%w9}, {%w10,%w11,%w12,%w13};");
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 32; j++)
            a[i][j] = (uint8_t)bench_random(&seed);
    for (int i = 0; i < 32; i++)
        for (int j = 0; j < 8; j++)
            bm[i][j] = (uint8_t)bench_random(&seed);
    for (unsigned l = 0; l < VG_WARP; l++) {
        const unsigned g = l / 4, t = l % 4;
        uint32_t word[6] = {0};
        for (unsigned i = 0; i < 16; i++)
            word[i / 4] |= (uint32_t)a[g + (i & 4 ? 8 : 0)][4 * t + (i & 3) + (i & 8 ? 16 : 0)]
                           << 8 * (i & 3);
        for (unsigned i = 0; i < 8; i++)
            word[4 + i / 4] |= (uint32_t)bm[4 * t + (i & 3) + (i & 4 ? 16 : 0)][g] << 8 * (i & 3);
        for (unsigned r = 0; r < 6; r++)
            bench_set(&run, 4 + r, l, word[r]);
        for (unsigned r = 0; r < 4; r++)
            bench_set(&run, 10 + r, l, 1000 * l + r);
    }
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    for (unsigned l = 0; l < VG_WARP; l++)
        for (unsigned r = 0; r < 4; r++) {
            const unsigned row = l / 4 + (r & 2 ? 8 : 0), column = 2 * (l % 4) + (r & 1);
            int32_t want = (int32_t)(1000 * l + r);
            for (int k = 0; k < 32; k++)
                want += (int8_t)a[row][k] * bm[k][column];
            assert_int_equal((int32_t)bench_get(&run, r, l), want);
        }
    bench_close(&b);
}

static void doubles_multiply(void **state)
{
    (void)state;
    struct bench b;
    double a[8][4], bm[4][8];
    uint64_t seed = 23;
    put(&b, "mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%F0,%F1}, {%F2}, {%F3}, {%F4,%F5};");
    for (unsigned l = 0; l < VG_WARP; l++) {
        a[l / 4][l % 4] = (double)bench_random(&seed) * 0x1p-64;
        bm[l % 4][l / 4] = (double)bench_random(&seed) * 0x1p-60;
        uint64_t bits;
        memcpy(&bits, &a[l / 4][l % 4], 8);
        bench_set(&run, 2, l, bits);
        memcpy(&bits, &bm[l % 4][l / 4], 8);
        bench_set(&run, 3, l, bits);
        bench_set(&run, 4, l, UINT64_C(0x3ff0000000000000));
        bench_set(&run, 5, l, UINT64_C(0x3ff0000000000000));
    }
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    for (unsigned l = 0; l < VG_WARP; l++)
        for (unsigned r = 0; r < 2; r++) {
            double want = 1;
            for (int k = 0; k < 4; k++)
                want = fma(a[l / 4][k], bm[k][2 * (l % 4) + r], want);
            uint64_t bits;
            memcpy(&bits, &want, 8);
            assert_true(bench_get(&run, r, l) == bits);
        }
    bench_close(&b);
}

/* The order of sums is a promise: 2^24 + 1 loses the 1, once per k. */
static void sums_ascend_in_k(void **state)
{
    (void)state;
    struct bench b;
    put(&b, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" OPERANDS);
    for (unsigned l = 0; l < VG_WARP; l++) {
        for (unsigned r = 4; r < 10; r++)
            bench_set(&run, r, l, 0x3c003c00);
        for (unsigned r = 10; r < 14; r++)
            bench_set(&run, r, l, 0x4b800000); /* 2^24 */
    }
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    assert_int_equal(bench_get(&run, 0, 0), 0x4b800000);
    bench_close(&b);
}

static void satfinite_clamps_integers(void **state)
{
    (void)state;
    struct bench b;
    for (int clamp = 0; clamp < 2; clamp++) {
        put(&b, clamp ? "mma.sync.aligned.m8n8k16.row.col.satfinite.s32.s8.s8.s32 {%w0,%w1}, {%w2},"
                        " {%w3}, {%w4,%w5};"
                      : "mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%w0,%w1}, {%w2}, {%w3},"
                        " {%w4,%w5};");
        for (unsigned l = 0; l < VG_WARP; l++)
            for (unsigned r = 2; r < 6; r++)
                bench_set(&run, r, l, r < 4 ? 0x01010101 : 0x7fffffff);
        bench_execute(&run, vg_isa_best(), UINT32_MAX);
        assert_int_equal(bench_get(&run, 1, 31), clamp ? 0x7fffffff : 0x8000000f);
        bench_close(&b);
    }
}

/* ---- fragments ---- */

/* Each element of C is held once, each of A and B at least once, by the registers that the ISA
 * counts. */
static void fragments_hold_every_element(void **state)
{
    (void)state;
    static const char *const names[] = {
        "wmma.load.a.sync.aligned.row.m16n16k16.f16", "wmma.load.b.sync.aligned.row.m8n32k16.f16",
        "wmma.load.a.sync.aligned.row.m32n8k16.f16",  "wmma.load.c.sync.aligned.row.m16n16k16.f16",
        "wmma.load.c.sync.aligned.row.m8n32k16.f32",  "wmma.load.c.sync.aligned.row.m32n8k16.s32",
        "wmma.load.a.sync.aligned.row.m16n16k16.s8",  "wmma.load.b.sync.aligned.col.m8n32k16.u8",
        "wmma.load.a.sync.aligned.row.m16n16k8.tf32", "wmma.load.b.sync.aligned.row.m32n8k16.bf16",
        "wmma.load.a.sync.aligned.row.m8n8k4.f64",    "wmma.load.c.sync.aligned.row.m8n8k4.f64",
    };
    static const uint32_t registers[] = {8, 8, 8, 4, 8, 8, 2, 4, 4, 2, 1, 2};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct bench b;
        char body[256];
        int n = snprintf(body, sizeof body, "%s {", names[k]);
        for (uint32_t r = 0; r < registers[k]; r++)
            n += snprintf(body + n, sizeof body - (size_t)n, "%s%%w%u", r ? ", " : "", r);
        snprintf(body + n, sizeof body - (size_t)n, "}, [%%d0], %%w20;\n");
        bench_open(&b, body);
        const struct ptx_instr *const i = &b.func->instrs[0];
        struct vg_tile tile;
        uint32_t count;
        assert_true(vg_wmma_tile(i, &tile, &count));
        assert_int_equal(count, registers[k]);
        const bool is_a = ptx_has(i, MOD_A), is_b = ptx_has(i, MOD_B);
        unsigned held[32][32] = {{0}};
        for (uint32_t r = 0; r < count; r++)
            for (uint32_t e = 0; e < (is_a || is_b ? vg_per(&tile) : vg_per_c(&tile)); e++)
                for (uint32_t l = 0; l < VG_WARP; l++) {
                    const struct vg_spot at = is_a   ? vg_spot_a(&tile, r, e, l)
                                              : is_b ? vg_spot_b(&tile, r, e, l)
                                                     : vg_spot_c(&tile, r, e, l);
                    held[at.row][at.column]++;
                }
        const unsigned rows = is_b ? tile.k : tile.m, columns = is_a ? tile.k : tile.n;
        for (unsigned row = 0; row < 32; row++)
            for (unsigned column = 0; column < 32; column++) {
                const bool inside = row < rows && column < columns;
                if (inside ? held[row][column] != held[0][0] || held[0][0] == 0
                           : held[row][column] != 0)
                    fail_msg("%s: element %u, %u is held %u times", names[k], row, column,
                             held[row][column]);
            }
        bench_close(&b);
    }
}

static void wmma_multiplies_what_its_fragments_say(void **state)
{
    (void)state;
    struct bench b;
    const struct vg_tile tile = {16, 16, 16, 16, 32};
    int a[16][16], bm[16][16], c[16][16];
    uint64_t seed = 24;
    put(&b, "wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32"
            " {%f0,%f1,%f2,%f3,%f4,%f5,%f6,%f7}, {%w8,%w9,%w10,%w11,%w12,%w13,%w14,%w15},"
            " {%w16,%w17,%w18,%w19,%w20,%w21,%w22,%w23},"
            " {%f24,%f25,%f26,%f27,%f28,%f29,%f30,%f31};");
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            a[i][j] = small_int(&seed);
            bm[i][j] = small_int(&seed);
            c[i][j] = small_int(&seed);
        }
    for (unsigned l = 0; l < VG_WARP; l++)
        for (unsigned r = 0; r < 8; r++) {
            uint32_t wa = 0, wb = 0;
            for (unsigned e = 0; e < 2; e++) {
                const struct vg_spot at = vg_spot_a(&tile, r, e, l);
                const struct vg_spot bt = vg_spot_b(&tile, r, e, l);
                wa |= half_of(a[at.row][at.column]) << 16 * e;
                wb |= half_of(bm[bt.row][bt.column]) << 16 * e;
            }
            const struct vg_spot ct = vg_spot_c(&tile, r, 0, l);
            bench_set(&run, 8 + r, l, wa);
            bench_set(&run, 16 + r, l, wb);
            bench_set(&run, 24 + r, l, f32_bits((float)c[ct.row][ct.column]));
        }
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    for (unsigned l = 0; l < VG_WARP; l++)
        for (unsigned r = 0; r < 8; r++) {
            const struct vg_spot at = vg_spot_c(&tile, r, 0, l);
            int want = c[at.row][at.column];
            for (int k = 0; k < 16; k++)
                want += a[at.row][k] * bm[k][at.column];
            assert_int_equal(bench_get(&run, r, l), f32_bits((float)want));
        }
    bench_close(&b);
}

static void movmatrix_transposes(void **state)
{
    (void)state;
    struct bench b;
    put(&b, "movmatrix.sync.aligned.m8n8.trans.b16 %w0, %w1;");
    for (unsigned l = 0; l < VG_WARP; l++) /* element (i, j) is 16 i + j */
        bench_set(&run, 1, l,
                  (16 * (l / 4) + 2 * (l % 4)) | (16 * (l / 4) + 2 * (l % 4) + 1) << 16);
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    for (unsigned l = 0; l < VG_WARP; l++) {
        const unsigned i = l / 4, j = 2 * (l % 4);
        assert_int_equal(bench_get(&run, 0, l), (16 * j + i) | (16 * (j + 1) + i) << 16);
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_multiply_in_the_layout_of_the_isa),
        cmocka_unit_test(bytes_multiply_in_the_layout_of_the_isa),
        cmocka_unit_test(doubles_multiply),
        cmocka_unit_test(sums_ascend_in_k),
        cmocka_unit_test(satfinite_clamps_integers),
        cmocka_unit_test(fragments_hold_every_element),
        cmocka_unit_test(wmma_multiplies_what_its_fragments_say),
        cmocka_unit_test(movmatrix_transposes),
    };
    return cmocka_run_group_tests_name("arith matrix", tests, NULL, NULL);
}
