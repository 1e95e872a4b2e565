/* Findings of hand-written kernels to the letter, and order between streams by the observer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/check/check.h"
#include "grader/vgpu/exec/test_machine.h"

struct bench {
    struct machine machine;
    struct check *check;
    const struct vg_observer *observer;
};

static void bench_load(struct bench *b, const char *body)
{
    struct err why;
    char text[2048];
    snprintf(
        text, sizeof(text),
        ".version 9.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 out)\n{\n"
        ".reg .b32 %%r<8>;\n.reg .b64 %%rd<2>;\nld.param.u64 %%rd0, [out];\n"
        "mov.u32 %%r0, %%tid.x;\n%s\n}\n.file 1 \"k.cu\"\n",
        body);
    memset(b, 0, sizeof(*b));
    machine_load(&b->machine, text);
    if (check_new(&b->check, &why) != OK)
        fail_msg("%s", why.text);
    b->observer = check_observer(b->check);
    b->observer->allocated(b->check, b->machine.memory, b->machine.out, OUT_BYTES);
    b->machine.launch.watchers[0] = check_watcher(b->check);
}

/* The kernel in a stream; 0 is the legacy one. */
static void bench_run(struct bench *b, uint32_t stream)
{
    b->observer->launching(b->check, stream, &b->machine.launch);
    machine_go(&b->machine);
}

static void bench_copy_in(struct bench *b, uint32_t stream, uint64_t bytes)
{
    const struct observer_range to = {b->machine.out, bytes, 1, bytes};
    b->observer->copied(b->check, stream, OBSERVER_IN, &to, NULL);
}

static void expect_text(struct bench *b, const char *text)
{
    char *got = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&got, &size);
    assert_non_null(f);
    check_log_text(check_found(b->check), f);
    fclose(f);
    assert_string_equal(got, text);
    free(got);
}

static size_t found(const struct bench *b, enum check_kind kind)
{
    const struct check_log *log = check_found(b->check);
    size_t n = 0;
    for (size_t i = 0; i < log->n; i++)
        n += log->all[i].kind == kind;
    return n;
}

static void bench_done(struct bench *b)
{
    check_free(b->check);
    machine_done(&b->machine);
}

/* ---- three findings to the letter ---- */

static void a_shared_race_names_both_sides(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, ".shared .b32 s[64];\n.loc 1 10 0\nmov.u32 %r1, s;\nshl.b32 %r2, %r0, 2;\n"
                   "add.u32 %r3, %r1, %r2;\nst.shared.u32 [%r3], %r0;\n"
                   "xor.b32 %r4, %r2, 128;\nadd.u32 %r4, %r1, %r4;\n"
                   ".loc 1 12 0\nst.shared.u32 [%r4], %r0;\nret;");
    b.machine.launch.block[0] = 64;
    bench_run(&b, 0);
    expect_text(&b,
                "shared-race: race in shared memory, write here, write there, of 4 bytes at shared "
                "memory + 128, 64 times\n"
                "  here:  k at k.cu:10 (st.shared.u32), block (0, 0, 0) thread (32, 0, 0)\n"
                "  there: k at k.cu:12 (st.shared.u32), block (0, 0, 0) thread (0, 0, 0)\n"
                "  hint:  __syncthreads() between them\n");
    bench_done(&b);
}

static void an_unset_value_names_use_load_and_allocation(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, ".loc 1 5 0\nld.global.u32 %r1, [%rd0+64];\n.loc 1 6 0\nadd.u32 %r2, %r1, 1;\n"
                   "st.global.u32 [%rd0], %r2;\nret;");
    b.machine.launch.block[0] = 1;
    bench_run(&b, 0);
    expect_text(
        &b, "uninitialised: value that nobody wrote is used, used in arithmetic, from 4 bytes at "
            "allocation 2 + 64 of 65536\n"
            "  here:  k at k.cu:6 (add.u32), block (0, 0, 0) thread (0, 0, 0)\n"
            "  there: k at k.cu:5 (ld.global.u32), block (0, 0, 0) thread (0, 0, 0)\n"
            "  hint:  is every element written before it is read? Memory of cudaMalloc() and "
            "__shared__ arrays begins with anything\n");
    bench_done(&b);
}

static void a_race_of_blocks_names_both_blocks_and_how_often(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, "mov.u32 %r1, %ctaid.x;\n.loc 1 7 0\nst.global.u32 [%rd0+8], %r1;\nret;");
    b.machine.launch.block[0] = 1;
    b.machine.launch.grid[0] = 4;
    bench_run(&b, 0);
    expect_text(&b, "global-race: race in global memory, write here, write there, of 4 bytes at "
                    "allocation 2 + 8 of 65536, 3 times\n"
                    "  here:  k at k.cu:7 (st.global.u32), block (1, 0, 0) thread (0, 0, 0)\n"
                    "  there: k at k.cu:7 (st.global.u32), block (0, 0, 0) thread (0, 0, 0)\n"
                    "  hint:  blocks run in any order: use atomics, or a second launch, or "
                    "__threadfence() and an atomic flag\n");
    bench_done(&b);
}

/* ---- streams ---- */

static const char reads[] = "ld.global.u32 %r1, [%rd0];\nadd.u32 %r1, %r1, 1;\nret;";

struct stream_case {
    const char *name;
    bool blocking, event, wait_for_host, sync_device;
    uint32_t copy_stream, run_stream;
    size_t hazards;
};

static const struct stream_case stream_cases[] = {
    {"two streams without order", .copy_stream = 8, .run_stream = 9, .hazards = 1},
    {"one stream is in order", .copy_stream = 8, .run_stream = 8},
    {"an event orders two streams", .event = true, .copy_stream = 8, .run_stream = 9},
    {"the host waits for the first stream", .wait_for_host = true, .copy_stream = 8,
     .run_stream = 9},
    {"the host waits for the device", .sync_device = true, .copy_stream = 8, .run_stream = 9},
    {"the legacy stream waits for blocking ones", .blocking = true, .copy_stream = 8,
     .run_stream = 0},
    {"and they wait for it", .blocking = true, .copy_stream = 0, .run_stream = 9},
    {"it does not wait for others", .copy_stream = 8, .run_stream = 0, .hazards = 1},
};

static void order_of_streams_decides_about_hazards(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(stream_cases) / sizeof(*stream_cases); i++) {
        const struct stream_case *t = &stream_cases[i];
        struct bench b;
        bench_load(&b, reads);
        const struct vg_observer *o = b.observer;
        o->stream_made(b.check, 8, 0, false, t->blocking);
        o->stream_made(b.check, 9, 0, false, t->blocking);
        bench_copy_in(&b, t->copy_stream, 64);
        if (t->event) {
            o->recorded(b.check, 1, t->copy_stream);
            o->waited(b.check, t->run_stream, 1);
        }
        if (t->wait_for_host)
            o->stream_seen(b.check, t->copy_stream);
        if (t->sync_device)
            o->device_seen(b.check, 0);
        bench_run(&b, t->run_stream);
        if (found(&b, CHECK_STREAM_HAZARD) != t->hazards || check_found(b.check)->n != t->hazards)
            fail_msg("%s: %zu hazards, not %zu", t->name, found(&b, CHECK_STREAM_HAZARD),
                     t->hazards);
        bench_done(&b);
    }
}

static void a_copy_behind_nobody_races_with_a_kernel(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, "st.global.u32 [%rd0], %r0;\nret;");
    b.machine.launch.block[0] = 1;
    b.observer->stream_made(b.check, 8, 0, false, false);
    b.observer->stream_made(b.check, 9, 0, false, false);
    bench_run(&b, 8);
    bench_copy_in(&b, 9, 4);
    assert_int_equal(found(&b, CHECK_STREAM_HAZARD), 1);
    bench_done(&b);
}

static void a_copy_takes_unset_bytes_along(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, reads);
    const struct observer_range to = {b.machine.out, 64, 1, 64};
    const struct observer_range from = {b.machine.out + 4096, 64, 1, 64};
    bench_copy_in(&b, 0, 64);
    b.observer->copied(b.check, 0, OBSERVER_LOCAL, &to, &from);
    bench_run(&b, 0);
    assert_int_equal(found(&b, CHECK_UNSET), 1);
    bench_done(&b);
}

static void poisoned_bytes_were_never_written(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, reads);
    bench_copy_in(&b, 0, 64);
    b.observer->poisoned(b.check, b.machine.memory, b.machine.out, 64);
    bench_run(&b, 0);
    assert_int_equal(found(&b, CHECK_UNSET), 1);
    b.observer->put(b.check, b.machine.memory, b.machine.out, 64);
    bench_run(&b, 0);
    assert_int_equal(check_found(b.check)->all[0].count, 1);
    bench_done(&b);
}

static void a_stream_left_open_is_a_note(void **state)
{
    (void)state;
    struct bench b;
    bench_load(&b, "ret;");
    b.observer->stream_made(b.check, 8, 0, false, false);
    b.observer->stream_made(b.check, 9, 0, false, true);
    b.observer->stream_gone(b.check, 9);
    check_end(b.check);
    assert_int_equal(found(&b, CHECK_LEAK), 1);
    assert_int_equal(check_log_errors(check_found(b.check)), 0);
    assert_string_equal(check_found(b.check)->all[0].what, "1 still open at the end");
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_race_names_both_sides),
        cmocka_unit_test(an_unset_value_names_use_load_and_allocation),
        cmocka_unit_test(a_race_of_blocks_names_both_blocks_and_how_often),
        cmocka_unit_test(order_of_streams_decides_about_hazards),
        cmocka_unit_test(a_copy_behind_nobody_races_with_a_kernel),
        cmocka_unit_test(a_copy_takes_unset_bytes_along),
        cmocka_unit_test(poisoned_bytes_were_never_written),
        cmocka_unit_test(a_stream_left_open_is_a_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
