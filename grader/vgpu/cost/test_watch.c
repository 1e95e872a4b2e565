/* The model beside the executor: kernels whose counts can be told by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/cost/cost.h"
#include "grader/vgpu/exec/test_machine.h"

struct bench {
    struct machine m;
    struct cost *cost;
};

static void done(struct bench *b)
{
    cost_free(b->cost);
    free(b->m.launch.issued);
    free(b->m.launch.active);
    machine_done(&b->m);
}

/* A kernel with this body, in blocks of 64 threads. */
static void begin(struct bench *b, const char *body, uint32_t blocks)
{
    struct err why;
    machine_body(&b->m, body);
    if (cost_new(&b->cost, "a100/8", &why) != OK)
        fail_msg("%s", why.text);
    struct vg_launch *l = &b->m.launch;
    const uint32_t n = vg_program_pcs(b->m.program);
    l->issued = calloc(n, sizeof(uint64_t));
    l->active = calloc(n, sizeof(uint64_t));
    l->grid[0] = blocks;
    l->block[0] = 64;
    l->watchers[1] = cost_watcher(b->cost);
}

static const struct cost_kernel *go(struct bench *b)
{
    const size_t bytes = vg_program_pcs(b->m.program) * sizeof(uint64_t);
    memset(b->m.launch.issued, 0, bytes);
    memset(b->m.launch.active, 0, bytes);
    machine_go(&b->m);
    const struct cost_kernel *k = cost_last(b->cost);
    assert_non_null(k);
    return k;
}

/* %rd2 = out + (thread of the grid) * STRIDE */
#define ADDRESS(STRIDE)                                                                            \
    "mov.u32 %r10, %ctaid.x;\nmov.u32 %r11, %ntid.x;\nmad.lo.s32 %r1, %r10, %r11, %r0;\n"          \
    "mul.wide.u32 %rd1, %r1, " #STRIDE ";\nadd.s64 %rd2, %rd0, %rd1;\n"

static void a_load_asks_for_the_sectors_that_its_lanes_touch(void **state)
{
    (void)state;
    static const struct {
        const char *what, *body;
        uint64_t requests, sectors, ideal;
    } cases[] = {
        /* 8 blocks of 2 warps */
        {"neighbours", ADDRESS(4) "ld.global.f32 %f1, [%rd2];\nret;", 16, 16 * 4, 16 * 4},
        {"a column", ADDRESS(64) "ld.global.f32 %f1, [%rd2];\nret;", 16, 16 * 32, 16 * 4},
        {"four at a time", ADDRESS(16) "ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd2];\nret;", 16,
         16 * 16, 16 * 16},
        {"off by one", ADDRESS(4) "ld.global.f32 %f1, [%rd2+4];\nret;", 16, 16 * 5, 16 * 4},
        {"the first eight lanes",
         ADDRESS(4) "and.b32 %r2, %r0, 31;\nsetp.lt.u32 %p1, %r2, 8;\n"
                    "@%p1 ld.global.f32 %f1, [%rd2];\nret;",
         16, 16, 16},
        {"no lane", ADDRESS(4) "setp.lt.u32 %p1, %r0, 0;\n@%p1 ld.global.f32 %f1, [%rd2];\nret;", 0,
         0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench b;
        begin(&b, cases[i].body, 8);
        const struct cost_counts *n = &go(&b)->total;
        if (n->requests != cases[i].requests || n->sectors != cases[i].sectors ||
            n->sectors_ideal != cases[i].ideal)
            fail_msg("%s: %llu requests of %llu sectors, %llu at best", cases[i].what,
                     (unsigned long long)n->requests, (unsigned long long)n->sectors,
                     (unsigned long long)n->sectors_ideal);
        done(&b);
    }
}

static void a_guarded_instruction_counts_the_lanes_that_ran(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "setp.lt.u32 %p1, %r0, 40;\n@%p1 add.u32 %r1, %r1, 1;\nret;", 1);
    const struct cost_kernel *k = go(&b);
    assert_int_equal(k->total.issued, 2 * 5);
    assert_int_equal(k->total.lanes, 4 * 64 + 40);
    done(&b);
}

static void caches_answer_what_they_have_seen(void **state)
{
    (void)state;
    struct bench b;
    begin(&b,
          ADDRESS(4) "ld.global.f32 %f1, [%rd2];\nld.global.f32 %f2, [%rd2];\n"
                     "ld.global.cg.f32 %f3, [%rd2];\nret;",
          8);
    struct cost_kernel k = *go(&b);
    assert_int_equal(k.l1_sectors, 2 * 64);
    assert_int_equal(k.l1_hits, 64);
    assert_int_equal(k.l2_sectors, 64 + 64); /* the first ones and .cg */
    assert_int_equal(k.l2_hits, 64);
    assert_int_equal(k.dram_read, 64 * 32);
    k = *go(&b); /* L2 is warm now, L1 is not */
    assert_int_equal(k.l1_hits, 64);
    assert_int_equal(k.dram_read, 0);
    cost_cold(b.cost);
    assert_int_equal(go(&b)->dram_read, 64 * 32);
    done(&b);
}

static void what_is_written_reaches_memory_when_it_has_to(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, ADDRESS(4) "st.global.u32 [%rd2], %r1;\nret;", 8);
    assert_int_equal(go(&b)->dram_read + cost_last(b.cost)->dram_written, 0);
    cost_cold(b.cost);
    assert_int_equal(cost_last(b.cost)->dram_written, 64 * 32);
    done(&b);
}

static void a_column_of_shared_memory_conflicts_and_a_padded_one_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *stride;
        uint64_t conflicts;
    } cases[] = {{"4", 0}, {"128", 2 * 31}, {"132", 0}, {"8", 2 * 1}, {"0", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench b;
        struct arena a;
        arena_init(&a, 1 << 16);
        begin(&b,
              arena_printf(&a,
                           ".shared .align 4 .b8 tile[9000];\nmov.u32 %%r1, tile;\n"
                           "mad.lo.u32 %%r2, %%r0, %s, %%r1;\nst.shared.u32 [%%r2], %%r0;\nret;",
                           cases[i].stride),
              1);
        const struct cost_kernel *k = go(&b);
        assert_int_equal(k->total.shared_requests, 2);
        if (k->total.conflicts != cases[i].conflicts)
            fail_msg("a stride of %s: %llu conflicts", cases[i].stride,
                     (unsigned long long)k->total.conflicts);
        arena_done(&a);
        done(&b);
    }
}

static void occupancy_names_what_is_short(void **state)
{
    (void)state;
    static const struct {
        uint32_t threads, registers, shared, blocks;
        enum cost_limiter limiter;
    } cases[] = {
        {256, 16, 0, 8, COST_BY_WARPS},
        {32, 16, 0, 32, COST_BY_BLOCKS},
        {256, 48, 0, 5, COST_BY_REGISTERS}, /* module 4's example: 40 of 64 warps */
        {256, 16, 40 << 10, 4, COST_BY_SHARED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench b;
        begin(&b, "ret;", 1);
        vg_kernel_set_registers((struct vg_kernel *)(uintptr_t)b.m.launch.kernel,
                                cases[i].registers);
        b.m.launch.block[0] = cases[i].threads;
        b.m.launch.dynamic_shared = cases[i].shared;
        const struct cost_kernel *k = go(&b);
        if (k->blocks_per_sm != cases[i].blocks || k->limiter != cases[i].limiter)
            fail_msg("case %zu: %u blocks, limiter %d", i, k->blocks_per_sm, k->limiter);
        assert_true(k->occupancy == (double)cases[i].blocks * ((double)cases[i].threads / 32) / 64);
        done(&b);
    }
}

static void time_is_the_same_for_any_workers_and_instruction_set(void **state)
{
    (void)state;
    struct bench b;
    begin(&b,
          ".shared .align 4 .b8 tile[512];\nmov.u32 %r20, tile;\nmad.lo.u32 %r21, %r0, 8, "
          "%r20;\n" ADDRESS(
              64) "ld.global.f32 %f1, [%rd2];\nst.shared.f32 [%r21], %f1;\nbar.sync 0;\n"
                  "ld.shared.f32 %f2, [%r21];\nrcp.approx.f32 %f3, %f2;\nst.global.f32 [%rd2], "
                  "%f3;\nret;",
          16);
    const struct cost_kernel first = *go(&b);
    for (int workers = 1; workers <= 3; workers++)
        for (int isa = VG_PORTABLE; isa <= (int)vg_isa_best(); isa++)
            for (uint64_t order = 0; order < 3; order++) {
                b.m.launch.workers = workers;
                b.m.launch.isa = (enum vg_isa)isa;
                b.m.launch.order = order;
                cost_cold(b.cost);
                const struct cost_kernel *k = go(&b);
                assert_memory_equal(&k->total, &first.total, sizeof(first.total));
                assert_memory_equal(k->cycles, first.cycles, sizeof(first.cycles));
                assert_true(k->ns == first.ns);
                assert_int_equal(k->dram_read, first.dram_read);
            }
    done(&b);
}

static double cycles_of(const char *instruction, int times)
{
    struct bench b;
    struct str body;
    str_init(&body, 1 << 16);
    for (int i = 0; i < times; i++)
        str_add(&body, instruction);
    str_add(&body, "ret;");
    begin(&b, body.text, 512);
    const double cycles = go(&b)->total_cycles;
    done(&b);
    str_done(&body);
    return cycles;
}

static void no_instruction_is_free(void **state)
{
    (void)state;
    static const char *const instructions[] = {
        "mov.u32 %r1, %r2;\n",
        "add.u32 %r1, %r2, %r3;\n",
        "fma.rn.f32 %f1, %f2, %f3, %f4;\n",
        "setp.eq.u32 %p1, %r1, %r2;\n",
        "cvt.rn.f32.u32 %f1, %r1;\n",
        "ex2.approx.f32 %f1, %f2;\n",
        "div.rn.f32 %f1, %f2, %f3;\n",
        "div.u32 %r1, %r2, %r3;\n",
        "add.f64 %fd1, %fd2, %fd3;\n",
        "shfl.sync.bfly.b32 %r1, %r2, 1, 31, 0xffffffff;\n",
        "bar.sync 0;\n",
        "bar.warp.sync 0xffffffff;\n",
        "membar.cta;\n",
        "ld.global.u32 %r1, [%rd0];\n",
        "st.global.u32 [%rd0], %r0;\n",
        "ld.param.u64 %rd1, [out];\n",
        "mov.u32 %r1, %laneid;\n",
        "vote.sync.any.pred %p1, %p2, 0xffffffff;\n",
        "@%p3 add.u32 %r1, %r2, %r3;\n", /* whether or not a lane wants it */
    };
    for (size_t i = 0; i < sizeof(instructions) / sizeof(*instructions); i++) {
        const double few = cycles_of(instructions[i], 16);
        const double many = cycles_of(instructions[i], 64);
        if (!(many > few))
            fail_msg("%s: %g cycles for 16 of them, %g for 64", instructions[i], few, many);
    }
}

static void a_fault_leaves_the_model_usable(void **state)
{
    (void)state;
    struct bench b;
    begin(&b,
          "mov.u32 %r10, %ctaid.x;\nsetp.lt.u32 %p1, %r10, 2;\n@%p1 bra FINE;\n"
          "ld.global.u32 %r1, [0];\nFINE: ret;",
          8);
    b.m.launch.workers = 3;
    machine_run(&b.m);
    assert_int_equal(b.m.result.fault, VG_ILLEGAL_ADDRESS);
    b.m.launch.grid[0] = 2;
    assert_int_equal(go(&b)->total.requests, 0);
    done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_asks_for_the_sectors_that_its_lanes_touch),
        cmocka_unit_test(a_guarded_instruction_counts_the_lanes_that_ran),
        cmocka_unit_test(caches_answer_what_they_have_seen),
        cmocka_unit_test(what_is_written_reaches_memory_when_it_has_to),
        cmocka_unit_test(a_column_of_shared_memory_conflicts_and_a_padded_one_does_not),
        cmocka_unit_test(occupancy_names_what_is_short),
        cmocka_unit_test(time_is_the_same_for_any_workers_and_instruction_set),
        cmocka_unit_test(no_instruction_is_free),
        cmocka_unit_test(a_fault_leaves_the_model_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
