/* Parts of the cost model by themselves: addresses, caches, weights, waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/cost/access.h"
#include "grader/vgpu/cost/cache.h"
#include "grader/vgpu/cost/rates.h"
#include "grader/vgpu/cost/score.h"

static void fill(uint64_t a[COST_LANES], uint64_t first, uint64_t stride)
{
    for (unsigned i = 0; i < COST_LANES; i++)
        a[i] = first + i * stride;
}

static void sectors_are_counted_once(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t first, stride;
        uint32_t mask, bytes;
        unsigned sectors, ideal;
    } cases[] = {
        {"neighbours", 0, 4, UINT32_MAX, 4, 4, 4},
        {"neighbours, off by 4", 4, 4, UINT32_MAX, 4, 5, 4},
        {"16 bytes each", 0, 16, UINT32_MAX, 16, 16, 16},
        {"one for all", 96, 0, UINT32_MAX, 4, 1, 4},
        {"every second", 0, 8, UINT32_MAX, 4, 8, 4},
        {"a column", 0, 4096, UINT32_MAX, 4, 32, 4},
        {"one lane", 0, 4, 1, 4, 1, 1},
        {"bytes", 0, 1, UINT32_MAX, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t a[COST_LANES], found[COST_LANES];
        fill(a, cases[i].first, cases[i].stride);
        const unsigned n = cost_sectors(a, cases[i].mask, cases[i].bytes, found);
        const unsigned ideal = cost_sectors_ideal(cases[i].mask, cases[i].bytes);
        if (n != cases[i].sectors || ideal != cases[i].ideal)
            fail_msg("%s: %u sectors, %u at best", cases[i].what, n, ideal);
    }
}

static void banks_serve_one_word_at_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t stride;
        uint32_t mask, bytes;
        bool one_by_one;
        unsigned taken, least;
    } cases[] = {
        {"neighbours", 4, UINT32_MAX, 4, false, 1, 1},
        {"a column of 32", 128, UINT32_MAX, 4, false, 32, 1},
        {"a column of 33", 132, UINT32_MAX, 4, false, 1, 1},
        {"every second", 8, UINT32_MAX, 4, false, 2, 1},
        {"one word for all", 0, UINT32_MAX, 4, false, 1, 1},
        {"one word, atomically", 0, UINT32_MAX, 4, true, 32, 1},
        {"8 bytes: half warps", 8, UINT32_MAX, 8, false, 2, 2},
        {"16 bytes: quarter warps", 16, UINT32_MAX, 16, false, 4, 4},
        {"16 bytes, 8 lanes", 16, 0xff, 16, false, 1, 1},
        {"bytes of one word", 1, UINT32_MAX, 1, false, 1, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t a[COST_LANES];
        fill(a, 0, cases[i].stride);
        const struct cost_wavefronts w =
            cost_shared(a, cases[i].mask, cases[i].bytes, cases[i].one_by_one);
        if (w.taken != cases[i].taken || w.least != cases[i].least)
            fail_msg("%s: %u wavefronts, %u at best", cases[i].what, w.taken, w.least);
    }
}

static void a_full_set_loses_its_oldest_line(void **state)
{
    (void)state;
    struct cost_cache *c = NULL;
    unsigned written;
    assert_int_equal(cost_cache_new(&c, 256, 2, NULL), OK); /* one set of two lines */
    assert_false(cost_cache_touch(c, 0, true, &written));
    assert_false(cost_cache_touch(c, 1, false, &written)); /* same line, other sector */
    assert_true(cost_cache_touch(c, 0, false, &written));
    assert_false(cost_cache_touch(c, 4, false, &written));
    assert_true(cost_cache_touch(c, 1, false, &written)); /* line 0 is the newer one again */
    assert_false(cost_cache_touch(c, 8, false, &written));
    assert_false(cost_cache_holds(c, 4));
    assert_int_equal(written, 0);
    assert_false(cost_cache_touch(c, 12, false, &written));
    assert_int_equal(written, 1); /* line 0 had one dirty sector */
    assert_false(cost_cache_holds(c, 0));
    assert_false(cost_cache_touch(c, 16, true, &written));
    assert_int_equal(cost_cache_flush(c), 1);
    assert_int_equal(cost_cache_flush(c), 0);
    cost_cache_reset(c, 256);
    assert_false(cost_cache_holds(c, 16));
    cost_cache_free(c);
}

static struct ptx_instr instr(enum ptx_op op, enum ptx_type type, int mod)
{
    struct ptx_instr i = {.op = (uint16_t)op, .n_types = 1, .types = {(uint8_t)type}};
    if (mod >= 0)
        i.mods[i.n_mods++] = (uint8_t)mod;
    return i;
}

static void nothing_is_free_and_the_unknown_is_dear(void **state)
{
    (void)state;
    for (int op = 0; op < PTX_OPS; op++) {
        const struct ptx_instr i = instr((enum ptx_op)op, PTX_B32, -1);
        const struct cost_weight w = cost_weigh(&i);
        if (!(w.issue > 0) || w.latency == 0)
            fail_msg("%s costs nothing", ptx_op_text((enum ptx_op)op));
    }
    const struct ptx_instr fma = instr(PTX_FMA, PTX_F32, MOD_RN);
    const struct ptx_instr div = instr(PTX_DIV, PTX_F32, MOD_RN);
    const struct ptx_instr quick = instr(PTX_DIV, PTX_F32, MOD_FULL);
    const struct ptx_instr video = instr(PTX_VSET4, PTX_U32, -1);
    assert_true(cost_weigh(&quick).issue > cost_weigh(&fma).issue);
    assert_true(cost_weigh(&div).issue > cost_weigh(&quick).issue);
    assert_true(cost_weigh(&video).issue > cost_weigh(&div).issue);
}

static void tensor_work_follows_the_shape_and_the_type(void **state)
{
    (void)state;
    struct ptx_instr i = instr(PTX_MMA, PTX_F32, MOD_M16N8K16);
    i.n_types = 4;
    i.types[1] = i.types[2] = PTX_F16;
    assert_int_equal(cost_weigh(&i).tensor, 16 * 8 * 16);
    i.mods[0] = MOD_M16N8K8;
    i.types[1] = PTX_TF32;
    assert_int_equal(cost_weigh(&i).tensor, 16 * 8 * 8 * 2);
    i.mods[0] = MOD_M16N8K32;
    i.types[1] = PTX_S8;
    assert_int_equal(cost_weigh(&i).tensor, 16 * 8 * 32 / 2);
}

static void a_reader_waits_and_its_neighbour_does_not(void **state)
{
    (void)state;
    struct vg_operand operands[2] = {{.at = 64, .bank = VG_FRAME}, {.at = 192, .bank = VG_FRAME}};
    struct vg_operand reads[2] = {{.at = 320, .bank = VG_FRAME}, {.at = 64, .bank = VG_FRAME}};
    const struct vg_insn load = {
        .operands = operands, .n_operands = 2, .n_results = 1, .guard = UINT32_MAX};
    const struct vg_insn use = {
        .operands = reads, .n_operands = 2, .n_results = 1, .guard = UINT32_MAX};
    const struct cost_weight w = {.issue = 1, .latency = 4};
    struct cost_score *s = cost_score_new(2);
    assert_non_null(s);
    cost_score_memory(s, 0, (uint32_t[]){200, 470});
    cost_score_issue(s, 0, &load, &w);
    uint64_t cycles[COST_VIEWS];
    cost_score_cycles(s, cycles);
    assert_int_equal(cycles[COST_ALL_IN_DRAM], 1); /* issued, not waited for */
    cost_score_issue(s, 1, &use, &w);              /* another warp has other registers */
    cost_score_cycles(s, cycles);
    assert_int_equal(cycles[COST_ALL_IN_DRAM], 1);
    cost_score_issue(s, 0, &use, &w);
    cost_score_cycles(s, cycles);
    assert_int_equal(cycles[COST_ALL_IN_L2], 200 + 1);
    assert_int_equal(cycles[COST_ALL_IN_DRAM], 470 + 1);
    cost_score_barrier(s);
    cost_score_issue(s, 1, &load, &w);
    cost_score_cycles(s, cycles);
    assert_int_equal(cycles[COST_ALL_IN_L2], 202);
    cost_score_free(s);
}

/* load x; load y; x + 1; y + 1: nvcc writes load, use, load, use. */
static void a_load_moves_up_past_who_waits_but_not_past_a_store(void **state)
{
    (void)state;
    static const struct ptx_instr ld = {.op = PTX_LD}, st = {.op = PTX_ST};
    struct vg_operand x[2] = {{.at = 64, .bank = VG_FRAME}, {.at = 192, .bank = VG_FRAME}};
    struct vg_operand y[2] = {{.at = 448, .bank = VG_FRAME}, {.at = 192, .bank = VG_FRAME}};
    struct vg_insn load_x = {
        .operands = x, .n_operands = 2, .n_results = 1, .guard = UINT32_MAX, .source = &ld};
    struct vg_insn load_y = load_x;
    load_y.operands = y;
    const struct vg_insn store_x = {
        .operands = x, .n_operands = 1, .guard = UINT32_MAX, .source = &st};
    const struct vg_insn use_y = {.operands = y, .n_operands = 1, .guard = UINT32_MAX};
    const struct cost_weight w = {.pipe = VG_LSU, .issue = 1, .latency = 4};
    struct cost_score *s = cost_score_new(2);
    assert_non_null(s);
    for (uint32_t warp = 0; warp < 2; warp++) {
        uint64_t cycles[COST_VIEWS];
        cost_score_memory(s, warp, (uint32_t[]){200, 470});
        cost_score_issue(s, warp, &load_x, &w);
        cost_score_issue(s, warp, warp == 0 ? &use_y : &store_x, &w);
        cost_score_memory(s, warp, (uint32_t[]){200, 470});
        cost_score_issue(s, warp, &load_y, &w);
        cost_score_issue(s, warp, &use_y, &w);
        cost_score_cycles(s, cycles);
        assert_int_equal(cycles[COST_ALL_IN_L2], warp == 0 ? 2 + 200 + 1 : 200 + 200 + 1);
    }
    cost_score_free(s);
}

static void a_slice_keeps_the_proportions(void **state)
{
    (void)state;
    struct cost_rates whole, slice;
    struct err why;
    assert_int_equal(cost_rates_find("a100", &whole, &why), OK);
    assert_int_equal(cost_rates_find("a100/8", &slice, &why), OK);
    assert_int_equal(slice.sms, 8);
    assert_true(slice.lanes[VG_FP32] == whole.lanes[VG_FP32]);
    assert_true(slice.dram_bytes * 108 - whole.dram_bytes * 8 < 1e-6);
    /* 1,555 GB/s of 108 SMs are 115 GB/s of eight (module 4, section A.7). */
    assert_true(slice.dram_bytes * slice.ghz > 114 && slice.dram_bytes * slice.ghz < 116);
    assert_int_not_equal(cost_rates_find("voodoo", &slice, &why), OK);
    assert_non_null(strstr(why.text, "a100"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sectors_are_counted_once),
        cmocka_unit_test(banks_serve_one_word_at_a_time),
        cmocka_unit_test(a_full_set_loses_its_oldest_line),
        cmocka_unit_test(nothing_is_free_and_the_unknown_is_dear),
        cmocka_unit_test(tensor_work_follows_the_shape_and_the_type),
        cmocka_unit_test(a_reader_waits_and_its_neighbour_does_not),
        cmocka_unit_test(a_load_moves_up_past_who_waits_but_not_past_a_store),
        cmocka_unit_test(a_slice_keeps_the_proportions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
