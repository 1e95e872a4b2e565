/* The device process by hand-made messages: what it does, and that it survives those that lie. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/vgpu/control.h"
#include "grader/vgpu/device/profile.h"
#include "grader/vgpu/device/serve.h"

static const char text[] = ".version 8.0\n"
                           ".target sm_80\n"
                           ".address_size 64\n"
                           ".global .align 4 .u32 total = 7;\n"
                           /* x[i] = i + by */
                           ".visible .entry fill(.param .u64 x, .param .u32 by)\n"
                           "{\n"
                           "  .reg .b32 %r<4>;\n"
                           "  .reg .b64 %rd<4>;\n"
                           "  ld.param.u64 %rd1, [x];\n"
                           "  ld.param.u32 %r1, [by];\n"
                           "  mov.u32 %r2, %tid.x;\n"
                           "  add.u32 %r3, %r2, %r1;\n"
                           "  mul.wide.u32 %rd2, %r2, 4;\n"
                           "  add.u64 %rd3, %rd1, %rd2;\n"
                           "  st.global.u32 [%rd3], %r3;\n"
                           "  ret;\n"
                           "}\n";

static struct machine *new_machine(int devices)
{
    struct machine_config config = {
        .n_devices = devices,
        .resident = 64 << 20,
        .shared = 16 << 20,
        .memory_fd = -1,
        .workers = 1,
        .isa = VG_PORTABLE,
        .launch = {.warp_instructions = 100000, .wall_ms = 10000, .output_bytes = 4096},
        .launches = 1000,
        .printed_bytes = 4096,
        .allowed = ACT_ALL,
    };
    struct machine *m = NULL;
    struct err why;
    assert_int_equal(profile_find("a100/8", &config.profile, &why), OK);
    if (machine_new(&m, &config, &why) != OK)
        fail_msg("%s", why.text);
    return m;
}

static struct wire_reply reply;
static unsigned char room[WIRE_PAYLOAD];

static int ask_with(struct machine *m, struct wire_request q, const void *payload, size_t bytes)
{
    q.bytes = (uint32_t)bytes;
    machine_answer(m, &q, payload, bytes, &reply, room);
    return reply.error;
}

static int ask(struct machine *m, struct wire_request q)
{
    return ask_with(m, q, NULL, 0);
}

static uint64_t result(struct machine *m, struct wire_request q)
{
    assert_int_equal(ask(m, q), 0);
    return reply.ret[0];
}

#define ASK(m, ...) ask(m, (struct wire_request){.call = __VA_ARGS__})
#define GET(m, ...) result(m, (struct wire_request){.call = __VA_ARGS__})

static uint64_t load_fill(struct machine *m)
{
    memcpy(m->shared, text, sizeof text);
    assert_int_equal(ASK(m, WIRE_UPLOAD, .arg[0] = sizeof text), 0);
    const uint64_t module = GET(m, WIRE_MODULE);
    struct wire_request q = {.call = WIRE_KERNEL, .arg[0] = module};
    assert_int_equal(ask_with(m, q, "fill", 4), 0);
    assert_int_equal(reply.ret[1], 2);
    assert_int_equal(reply.ret[2], 12);
    return reply.ret[0];
}

struct params {
    uint64_t x;
    uint32_t by;
};

static int launch(struct machine *m, uint64_t kernel, uint32_t threads, uint64_t x, uint32_t by)
{
    const struct params p = {x, by};
    struct wire_request q = {
        .call = WIRE_LAUNCH,
        .arg = {kernel, 1 | UINT64_C(1) << 32, 1 | (uint64_t)threads << 32, 1 | UINT64_C(1) << 32}};
    return ask_with(m, q, &p, 12);
}

static void test_a_kernel_runs_and_its_result_comes_back(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t kernel = load_fill(m), x = GET(m, WIRE_MALLOC, .arg[0] = 256);
    assert_int_equal(launch(m, kernel, 64, x, 5), 0);
    assert_int_equal(ASK(m, WIRE_COPY_OUT, .arg = {x, 256, 256, 1}), 0);
    assert_int_equal(reply.ret[0], 256);
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t got;
        memcpy(&got, m->shared + 4 * i, 4);
        assert_int_equal(got, i + 5);
    }
    machine_free(m);
}

static void test_a_fault_is_the_answer_to_a_later_request_and_stays(void **state)
{
    (void)state;
    struct machine *m = new_machine(2);
    const uint64_t kernel = load_fill(m), x = GET(m, WIRE_MALLOC, .arg[0] = 4);
    assert_int_equal(launch(m, kernel, 256, x, 0), 0);
    assert_int_equal(ASK(m, WIRE_DEVICE_SYNC), 700);
    assert_int_equal(ASK(m, WIRE_MALLOC, .arg[0] = 4), 700);
    assert_int_equal(ASK(m, WIRE_MALLOC, .device = 1, .arg[0] = 4), 0);
    assert_non_null(strstr(m->account.story, "fill"));
    assert_int_equal(ASK(m, WIRE_RESET), 0);
    assert_int_equal(ASK(m, WIRE_MALLOC, .arg[0] = 4), 0);
    machine_free(m);
}

static void test_lies_get_an_error_and_change_nothing(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t kernel = load_fill(m), x = GET(m, WIRE_MALLOC, .arg[0] = 256);
    const uint64_t huge = UINT64_MAX;
    const struct {
        const char *name;
        struct wire_request q;
    } table[] = {
        {"a call that is none", {.call = WIRE_CALLS}},
        {"a device that is none", {.call = WIRE_INFO, .device = 1}},
        {"a stream that is none", {.call = WIRE_STREAM_SYNC, .stream = 99}},
        {"a stream beyond the table", {.call = WIRE_STREAM_SYNC, .stream = huge}},
        {"a number of a legacy stream", {.call = WIRE_STREAM_FREE, .stream = 0}},
        {"an event that is none", {.call = WIRE_EVENT_SYNC, .arg[0] = 1}},
        {"an event beyond the table", {.call = WIRE_EVENT_FREE, .arg[0] = huge}},
        {"a kernel that is none", {.call = WIRE_KERNEL_INFO, .arg[0] = kernel + 1}},
        {"a kernel beyond the table", {.call = WIRE_OCCUPANCY, .arg = {huge, 32}}},
        {"an upload longer than the window", {.call = WIRE_UPLOAD, .arg[0] = WIRE_WINDOW + 1}},
        {"a module without text", {.call = WIRE_MODULE}},
        {"a kernel without a name", {.call = WIRE_KERNEL}},
        {"a free of nothing", {.call = WIRE_FREE, .arg[0] = x + 1}},
        {"a free of the host's", {.call = WIRE_FREE, .arg[0] = (uintptr_t)&x}},
        {"host memory of 2^64 bytes", {.call = WIRE_HOST_MALLOC, .arg[0] = huge}},
        {"host memory that is none", {.call = WIRE_HOST_FREE, .arg[0] = VG_GLOBAL(VG_HOST)}},
        {"a copy beyond", {.call = WIRE_COPY_IN, .arg = {x, 257, 257, 1}}},
        {"a copy that wraps", {.call = WIRE_COPY_OUT, .arg = {x, huge, huge, huge}}},
        {"rows that wrap", {.call = WIRE_COPY_OUT, .arg = {x, UINT64_C(1) << 62, 1, 5}}},
        {"rows that overlap", {.call = WIRE_COPY_OUT, .arg = {x, 1, 16, 4}}},
        {"bytes beyond the window", {.call = WIRE_COPY_IN, .arg = {x, 4, 4, 1, WIRE_WINDOW + 1}}},
        {"data without a copy", {.call = WIRE_COPY_DATA, .arg[0] = 4}},
        {"a copy from nowhere", {.call = WIRE_COPY, .arg = {x, 4, 0, 4, 4, 1}}},
        {"a fill of 3-byte values", {.call = WIRE_FILL, .arg = {x, 0, 0, 3, 1, 1}}},
        {"a fill that wraps", {.call = WIRE_FILL, .arg = {x, 0, 0, 4, UINT64_C(1) << 62, 1}}},
        {"a peer that is none", {.call = WIRE_PEER, .arg = {huge, 1}}},
        {"a launch without parameters",
         {.call = WIRE_LAUNCH,
          .arg = {kernel, 1 | UINT64_C(1) << 32, 1 | UINT64_C(32) << 32, 1 | UINT64_C(1) << 32}}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (ask(m, table[i].q) == 0)
            fail_msg("%s: taken", table[i].name);
    struct wire_request q = {.call = WIRE_INFO, .bytes = 4};
    machine_answer(m, &q, NULL, 0, &reply, room);
    assert_int_not_equal(reply.error, 0); /* a payload that did not come */
    assert_int_equal(launch(m, kernel, 64, x, 0), 0);
    assert_int_equal(ASK(m, WIRE_DEVICE_SYNC), 0);
    machine_free(m);
}

static void test_impossible_launches_are_refused_at_once(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t kernel = load_fill(m), x = GET(m, WIRE_MALLOC, .arg[0] = 256);
    assert_int_equal(launch(m, kernel, 0, x, 0), 9);
    assert_int_equal(launch(m, kernel, 1025, x, 0), 9);
    const struct params p = {x, 0};
    const uint64_t one = 1 | UINT64_C(1) << 32;
    struct wire_request q = {.call = WIRE_LAUNCH, .arg = {kernel, one, one, one, 49 << 10}};
    assert_int_equal(ask_with(m, q, &p, 12), 1);
    assert_int_equal(ASK(m, WIRE_KERNEL_SET, .arg = {kernel, 49 << 10}), 0);
    assert_int_equal(ask_with(m, q, &p, 12), 0);
    assert_int_equal(ASK(m, WIRE_KERNEL_SET, .arg = {kernel, 164 << 10}), 1);
    machine_free(m);
}

static void test_floods_end_at_a_bound(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    int error = 0;
    for (int i = 0; error == 0 && i <= MACHINE_STREAMS; i++)
        error = ASK(m, WIRE_STREAM_NEW);
    assert_int_equal(error, 2);
    memset(m->shared, 'x', WIRE_WINDOW);
    error = 0;
    for (int i = 0; error == 0 && i <= PTX_TEXT_MAX / WIRE_WINDOW; i++)
        error = ASK(m, WIRE_UPLOAD, .arg[0] = WIRE_WINDOW);
    assert_int_equal(error, 218);
    const uint64_t kernel = load_fill(m), x = GET(m, WIRE_MALLOC, .arg[0] = 256);
    for (int i = 0; error != 800 && i <= 1000; i++)
        error = launch(m, kernel, 1, x, 0);
    assert_int_equal(error, 800);
    machine_free(m);
}

static void test_copies_go_through_the_window_in_pieces(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t x = GET(m, WIRE_MALLOC, .arg[0] = 64);
    memcpy(m->shared, "abcdef", 6); /* two rows of three, in pieces of four and two */
    assert_int_equal(ASK(m, WIRE_COPY_IN, .arg = {x, 8, 3, 2, 4}), 0);
    memcpy(m->shared, "ef", 2);
    assert_int_equal(ASK(m, WIRE_COPY_DATA, .arg[0] = 2), 0);
    assert_int_equal(ASK(m, WIRE_COPY_DATA, .arg[0] = 1), 1); /* it was done */
    assert_int_equal(ASK(m, WIRE_COPY_OUT, .arg = {x, 16, 16, 1}), 0);
    assert_memory_equal(m->shared, "abc\0\0\0\0\0def", 11);
    machine_free(m);
}

static void test_memory_of_the_host_is_the_same_on_both_sides(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t kernel = load_fill(m);
    const uint64_t a = GET(m, WIRE_HOST_MALLOC, .arg = {100, 1});
    const uint64_t b = GET(m, WIRE_HOST_MALLOC, .arg = {100, 0});
    assert_int_equal(a % 4096, 0);
    assert_true(b >= a + 4096);
    uint32_t *host = (uint32_t *)(void *)(m->shared + WIRE_WINDOW + (a - VG_GLOBAL(VG_HOST)));
    assert_int_equal(launch(m, kernel, 25, a, 3), 0);
    assert_int_equal(ASK(m, WIRE_DEVICE_SYNC), 0);
    assert_int_equal(host[24], 27);
    assert_int_equal(GET(m, WIRE_POINTER, .arg[0] = a + 4), 2);
    assert_int_equal(GET(m, WIRE_POINTER, .arg[0] = b), 3);
    assert_int_equal(ASK(m, WIRE_HOST_FREE, .arg[0] = a), 0);
    assert_int_equal(host[24], 0);
    assert_int_equal(ASK(m, WIRE_HOST_FREE, .arg[0] = a), 1);
    assert_int_equal(launch(m, kernel, 25, a, 3), 0);
    assert_int_equal(ASK(m, WIRE_DEVICE_SYNC), 700);
    machine_free(m);
}

/* Nanoseconds between events around `work` in two streams, or in one. */
static uint64_t time_two_copies(struct machine *m, uint64_t first, uint64_t second, bool inward)
{
    const uint64_t x = GET(m, WIRE_MALLOC, .arg[0] = 1 << 20);
    const uint64_t from = GET(m, WIRE_EVENT_NEW), to = GET(m, WIRE_EVENT_NEW);
    assert_int_equal(ASK(m, WIRE_EVENT_RECORD, .stream = first, .arg[0] = from), 0);
    assert_int_equal(ASK(m, WIRE_COPY_IN, .stream = first, .arg = {x, 0, 1 << 20, 1, 1 << 20}), 0);
    assert_int_equal(ASK(m, inward ? WIRE_COPY_IN : WIRE_COPY_OUT, .stream = second,
                         .arg = {x, 0, 1 << 20, 1, inward ? 1 << 20 : 0}),
                     0);
    assert_int_equal(ASK(m, WIRE_EVENT_RECORD, .stream = second, .arg[0] = to), 0);
    assert_int_equal(ASK(m, WIRE_EVENT_SYNC, .arg[0] = to), 0);
    assert_int_equal(ASK(m, WIRE_DEVICE_SYNC), 0);
    return GET(m, WIRE_EVENT_TIME, .arg = {from, to});
}

static void test_each_way_has_an_engine(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t a = GET(m, WIRE_STREAM_NEW, .arg[0] = 1);
    const uint64_t b = GET(m, WIRE_STREAM_NEW, .arg[0] = 1);
    const uint64_t one = timeline_host_copy_ns(1 << 20);
    const uint64_t apart = time_two_copies(m, a, b, false);
    const uint64_t alike = time_two_copies(m, a, b, true);
    const uint64_t in_one = time_two_copies(m, a, a, false);
    assert_in_range(apart, one, one + 5000);
    assert_in_range(alike, 2 * one, 2 * one + 5000);
    assert_in_range(in_one, 2 * one, 2 * one + 5000);
    machine_free(m);
}

static void test_the_legacy_stream_waits_and_is_waited_for(void **state)
{
    (void)state;
    struct machine *m = new_machine(1);
    const uint64_t blocking = GET(m, WIRE_STREAM_NEW, .arg[0] = 0);
    const uint64_t one = timeline_host_copy_ns(1 << 20);
    assert_in_range(time_two_copies(m, 0, blocking, false), 2 * one, 2 * one + 5000);
    assert_in_range(time_two_copies(m, blocking, 0, false), 2 * one, 2 * one + 5000);
    machine_free(m);
}

/* ---- a grader and a program at once ---- */

struct grading {
    struct machine *m;
    int data[2], control[2];
    pthread_t thread;
    struct vgpu_control *c;
};

static void *serve_thread(void *context)
{
    struct grading *g = context;
    struct err why;
    return serve(g->m, g->data[1], g->control[1], &why) == OK ? NULL : context;
}

static void begin_grading(struct grading *g)
{
    struct err why;
    g->m = new_machine(1);
    g->m->allowed = g->m->setup = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, g->data), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, g->control), 0);
    assert_int_equal(pthread_create(&g->thread, NULL, serve_thread, g), 0);
    assert_int_equal(vgpu_control_open(&g->c, g->control[0], &why), OK);
}

static void end_grading(struct grading *g)
{
    void *failed;
    vgpu_control_close(g->c);
    close(g->data[0]);
    assert_int_equal(pthread_join(g->thread, &failed), 0);
    assert_null(failed);
    close(g->data[1]);
    close(g->control[1]);
    machine_free(g->m);
}

static int say(const struct grading *g, struct wire_request q, const void *payload, size_t bytes)
{
    unsigned char packet[sizeof q + 64];
    q.bytes = (uint32_t)bytes;
    memcpy(packet, &q, sizeof q);
    if (bytes)
        memcpy(packet + sizeof q, payload, bytes);
    assert_int_equal(write(g->data[0], packet, sizeof q + bytes), sizeof q + bytes);
    assert_true(read(g->data[0], room, sizeof room) >= (ssize_t)sizeof reply);
    memcpy(&reply, room, sizeof reply);
    return reply.error;
}

static uint64_t say_kernel(const struct grading *g)
{
    memcpy(g->m->shared, text, sizeof text);
    struct wire_request q = {.call = WIRE_UPLOAD, .arg[0] = sizeof text};
    assert_int_equal(say(g, q, NULL, 0), 0);
    assert_int_equal(say(g, (struct wire_request){.call = WIRE_MODULE}, NULL, 0), 0);
    assert_int_equal(say(g, (struct wire_request){.call = WIRE_KERNEL}, "fill", 4), 0);
    return reply.ret[0];
}

static int say_launch(const struct grading *g, uint64_t kernel, uint32_t threads, uint64_t x)
{
    const struct params p = {x, 9};
    const uint64_t one = 1 | UINT64_C(1) << 32;
    struct wire_request q = {.call = WIRE_LAUNCH,
                             .arg = {kernel, one, 1 | (uint64_t)threads << 32, one}};
    return say(g, q, &p, 12);
}

static void test_a_grader_sees_who_wrote_each_byte(void **state)
{
    (void)state;
    struct grading g;
    struct err why;
    uint64_t y;
    begin_grading(&g);
    for (int exact = 0; exact < 2; exact++) {
        assert_int_equal(vgpu_allocate(g.c, 0, 64, &y, &why), OK);
        assert_int_equal(vgpu_poison(g.c, y, 64, exact, &why), OK);
        struct vgpu_call call = {.allowed = ACT_ALL};
        assert_int_equal(vgpu_begin(g.c, &call, &why), OK);
        memcpy(g.m->shared, "host", 4);
        struct wire_request in = {.call = WIRE_COPY_IN, .arg = {y + 32, 4, 4, 1, 4}};
        assert_int_equal(say(&g, in, NULL, 0), 0);
        struct wire_request fill = {.call = WIRE_FILL, .arg = {y + 48, 8, 0, 1, 8, 1}};
        assert_int_equal(say(&g, fill, NULL, 0), 0);
        assert_int_equal(say_launch(&g, say_kernel(&g), 4, y), 0);
        struct vgpu_counts counts;
        assert_int_equal(vgpu_end(g.c, &counts, &why), OK);
        assert_int_equal(counts.launches, 1);
        assert_true(counts.warp_instructions > 0 && counts.makespan_ns > 0);
        uint8_t bytes[64], writers[64];
        assert_int_equal(vgpu_get(g.c, y, bytes, writers, 64, &why), OK);
        assert_int_equal(writers[0], VGPU_KERNEL);
        assert_int_equal(writers[15], VGPU_KERNEL);
        assert_int_equal(writers[16], VGPU_NOBODY);
        assert_int_equal(bytes[16], 0xFF);
        assert_int_equal(writers[32], VGPU_HOST_COPY);
        assert_int_equal(writers[48], VGPU_MEMSET);
        assert_int_equal(bytes[0], 9);
    }
    end_grading(&g);
}

static void test_the_first_call_off_the_list_is_named(void **state)
{
    (void)state;
    struct grading g;
    struct err why;
    struct vgpu_counts counts;
    uint64_t x;
    begin_grading(&g);
    assert_int_equal(vgpu_allocate(g.c, 0, 256, &x, &why), OK);
    assert_int_equal(vgpu_put(g.c, x, "secret", 6, &why), OK);
    struct vgpu_call call = {0};
    assert_int_equal(act_find("launch", &call.allowed, &why), OK);
    const uint64_t kernel = say_kernel(&g);
    assert_int_equal(say_launch(&g, kernel, 1, x), 800); /* nothing is open yet */
    assert_int_equal(vgpu_begin(g.c, &call, &why), OK);
    assert_int_equal(say_launch(&g, kernel, 1, x + 128), 0);
    struct wire_request out = {.call = WIRE_COPY_OUT, .arg = {x, 6, 6, 1}};
    memset(g.m->shared, 0, 6);
    assert_int_equal(say(&g, out, NULL, 0), 800);
    assert_int_equal(say(&g, (struct wire_request){.call = WIRE_DEVICE_SYNC}, NULL, 0), 800);
    assert_int_equal(g.m->shared[0], 0); /* inputs do not leak */
    assert_int_equal(vgpu_end(g.c, &counts, &why), OK);
    assert_int_equal(counts.refused, 2);
    assert_string_equal(act_text((enum act)counts.forbidden), "cudaMemcpyAsync (device to host)");
    end_grading(&g);
}

static void test_a_launch_fails_where_the_grader_says(void **state)
{
    (void)state;
    struct grading g;
    struct err why;
    struct vgpu_counts counts;
    uint64_t x;
    begin_grading(&g);
    assert_int_equal(vgpu_allocate(g.c, 0, 256, &x, &why), OK);
    struct vgpu_call call = {.allowed = ACT_ALL, .fail_launch = 2};
    const uint64_t kernel = say_kernel(&g);
    assert_int_equal(vgpu_begin(g.c, &call, &why), OK);
    assert_int_equal(say_launch(&g, kernel, 1, x), 0);
    assert_int_equal(say_launch(&g, kernel, 1, x), 701);
    assert_int_equal(say_launch(&g, kernel, 1, x), 0);
    assert_int_equal(vgpu_end(g.c, &counts, &why), OK);
    assert_int_equal(counts.launches, 3);
    assert_int_equal(counts.fault, 0);
    end_grading(&g);
}

static void test_what_is_no_request_ends_the_programs_connection_only(void **state)
{
    (void)state;
    struct grading g;
    struct err why;
    uint64_t x;
    begin_grading(&g);
    assert_int_equal(write(g.data[0], "hello", 5), 5);
    assert_int_equal(vgpu_allocate(g.c, 0, 256, &x, &why), OK);
    assert_int_equal(vgpu_allocate(g.c, 9, 256, &x, &why), ERR_RANGE);
    assert_int_equal(vgpu_put(g.c, x + 250, "too long", 8, &why), ERR_RANGE);
    end_grading(&g);
}

static void test_a_program_that_never_reads_keeps_no_grader_waiting(void **state)
{
    (void)state;
    struct grading g;
    struct err why;
    uint64_t x;
    begin_grading(&g);
    const struct wire_request q = {.call = WIRE_HELLO, .arg[0] = WIRE_VERSION};
    for (int i = 0; i < 20000; i++) {
        struct pollfd room_for_one = {.fd = g.data[0], .events = POLLOUT};
        if (poll(&room_for_one, 1, 20) != 1 || write(g.data[0], &q, sizeof q) < 0)
            break; /* its connection has ended */
    }
    assert_int_equal(vgpu_allocate(g.c, 0, 256, &x, &why), OK);
    end_grading(&g);
}

static void test_lists_of_calls_are_read(void **state)
{
    (void)state;
    act_set set;
    struct err why;
    assert_int_equal(act_find("cudaMemcpy", &set, &why), OK);
    assert_int_equal(set, ACT_BIT(ACT_COPY_LOCAL) | ACT_BIT(ACT_COPY_IN) | ACT_BIT(ACT_COPY_OUT));
    assert_int_equal(act_find("multi", &set, &why), OK);
    assert_true(set & ACT_BIT(ACT_COPY_PEER_ASYNC));
    assert_false(set & ACT_BIT(ACT_SYNC_STREAM));
    assert_int_equal(act_find("cudaMem", &set, &why), ERR_INVALID);
    assert_int_equal(act_find("", &set, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kernel_runs_and_its_result_comes_back),
        cmocka_unit_test(test_a_fault_is_the_answer_to_a_later_request_and_stays),
        cmocka_unit_test(test_lies_get_an_error_and_change_nothing),
        cmocka_unit_test(test_impossible_launches_are_refused_at_once),
        cmocka_unit_test(test_floods_end_at_a_bound),
        cmocka_unit_test(test_copies_go_through_the_window_in_pieces),
        cmocka_unit_test(test_memory_of_the_host_is_the_same_on_both_sides),
        cmocka_unit_test(test_each_way_has_an_engine),
        cmocka_unit_test(test_the_legacy_stream_waits_and_is_waited_for),
        cmocka_unit_test(test_a_grader_sees_who_wrote_each_byte),
        cmocka_unit_test(test_the_first_call_off_the_list_is_named),
        cmocka_unit_test(test_a_launch_fails_where_the_grader_says),
        cmocka_unit_test(test_what_is_no_request_ends_the_programs_connection_only),
        cmocka_unit_test(test_a_program_that_never_reads_keeps_no_grader_waiting),
        cmocka_unit_test(test_lists_of_calls_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
