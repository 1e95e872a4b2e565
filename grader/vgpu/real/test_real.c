/* The real GPU's path against a driver that has none (fake_cuda.c). */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/vgpu/control.h"
#include "grader/vgpu/device/serve.h"
#include "grader/vgpu/real/server.h"
#include "grader/vgpu/real/timing.h"

static void *library; /* kept open, so that its counts stay */
static int (*fake_live)(void);
static void (*fake_reset)(void);
static struct driver driver;
static struct real *real;
static struct wire_reply reply;
static unsigned char room[WIRE_PAYLOAD];

static const char *const knobs[] = {"FAKE_CUDA_VERSION", "FAKE_CUDA_DEVICES", "FAKE_CUDA_MAJOR",
                                    "FAKE_CUDA_MODE",    "FAKE_CUDA_MIG",     "FAKE_CUDA_FAIL"};

static int setup(void **state)
{
    (void)state;
    library = dlopen(FAKE_CUDA, RTLD_NOW);
    if (!library)
        return -1;
    void *live = dlsym(library, "fake_live"), *reset = dlsym(library, "fake_reset");
    memcpy(&fake_live, &live, sizeof live);
    memcpy(&fake_reset, &reset, sizeof reset);
    fake_reset();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    real_close(real);
    real = NULL;
    driver_close(&driver);
    for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++)
        unsetenv(knobs[i]);
    const int left = fake_live();
    dlclose(library);
    if (left)
        print_error("%d objects are left in the driver\n", left);
    return left;
}

static void test_each_thing_that_is_wrong_has_a_story(void **state)
{
    (void)state;
    static const struct {
        const char *knob, *value, *story;
        enum err_code rc;
    } rows[] = {
        {"FAKE_CUDA_VERSION", "12040", "CUDA 12.4, and PTX ISA 9.0 needs 13.0", ERR_UNSUPPORTED},
        {"FAKE_CUDA_DEVICES", "0", "nvidia-smi -L", ERR_NOT_FOUND},
        {"FAKE_CUDA_FAIL", "cuInit:100:1", "(100)", ERR_NOT_FOUND},
        {"FAKE_CUDA_FAIL", "cuInit:34:1", "stub", ERR_UNSUPPORTED},
        {"FAKE_CUDA_FAIL", "cuInit:803:1", "boot again", ERR_IO},
        {"FAKE_CUDA_FAIL", "cuInit:802:1", "fabricmanager", ERR_IO},
        {"FAKE_CUDA_FAIL", "cuInit:999:1", "CUDA_ERROR_FAKE (999)", ERR_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err why = {.text = ""};
        fake_reset();
        setenv(rows[i].knob, rows[i].value, 1);
        const enum err_code rc = driver_open(&driver, FAKE_CUDA, &why);
        unsetenv(rows[i].knob);
        if (rc != rows[i].rc || !strstr(why.text, rows[i].story))
            fail_msg("%s=%s: %d, %s", rows[i].knob, rows[i].value, rc, why.text);
        assert_null(driver.library);
    }
}

static void test_a_device_that_will_not_do_has_a_story(void **state)
{
    (void)state;
    static const struct {
        const char *knob, *value, *story;
        enum err_code rc;
    } rows[] = {
        {"FAKE_CUDA_MAJOR", "7", "compute capability 7.0", ERR_UNSUPPORTED},
        {"FAKE_CUDA_MODE", "2", "prohibits", ERR_DENIED},
        {"FAKE_CUDA_MODE", "3", "", OK},
        {"FAKE_CUDA_MAJOR", "9", "", OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err why = {.text = ""};
        setenv(rows[i].knob, rows[i].value, 1);
        assert_int_equal(driver_open(&driver, FAKE_CUDA, &why), OK);
        unsetenv(rows[i].knob);
        assert_int_equal(driver_usable(&driver.devices[0], &why), rows[i].rc);
        if (!strstr(why.text, rows[i].story))
            fail_msg("%s=%s: %s", rows[i].knob, rows[i].value, why.text);
        driver_close(&driver);
    }
}

/* True on every machine, with a GPU or without. */
static void test_this_machine_has_a_usable_driver_or_a_story(void **state)
{
    (void)state;
    struct err why = {.text = ""};
    const enum err_code rc = driver_open(&driver, NULL, &why);
    print_message("here: %s\n", rc == OK ? driver.devices[0].name : why.text);
    assert_true(rc == OK ? driver.n_devices > 0 : strlen(why.text) > 20);
}

static void test_no_library_is_a_story(void **state)
{
    (void)state;
    struct err why;
    assert_int_equal(driver_open(&driver, "/nowhere/libcuda.so.1", &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "no CUDA driver"));
    assert_non_null(strstr(why.text, "install"));
}

/* ---- the server ---- */

static enum err_code open_real(int devices, struct err *why)
{
    char number[8];
    const struct real_config config = {.ordinals = {0, 1},
                                       .n_devices = devices,
                                       .memory_fd = -1,
                                       .wait_ms = 50,
                                       .allowed = ACT_ALL};
    snprintf(number, sizeof number, "%d", devices);
    setenv("FAKE_CUDA_DEVICES", number, 1);
    const enum err_code rc = driver_open(&driver, FAKE_CUDA, why);
    return rc == OK ? real_open(&real, &driver, &config, why) : rc;
}

static void open_good(int devices)
{
    struct err why;
    if (open_real(devices, &why) != OK)
        fail_msg("%s", why.text);
}

static int ask_with(struct wire_request q, const void *payload, size_t bytes)
{
    q.bytes = (uint32_t)bytes;
    real_answer(real, &q, payload, bytes, &reply, room);
    return reply.error;
}

static uint64_t result(struct wire_request q)
{
    assert_int_equal(ask_with(q, NULL, 0), 0);
    return reply.ret[0];
}

#define ASK(...) ask_with((struct wire_request){.call = __VA_ARGS__}, NULL, 0)
#define GET(...) result((struct wire_request){.call = __VA_ARGS__})

static uint64_t load(const char *kernel)
{
    static const char text[] = ".version 9.0\n";
    memcpy(real_window(real), text, sizeof text);
    assert_int_equal(ASK(WIRE_UPLOAD, .arg[0] = sizeof text), 0);
    const uint64_t module = GET(WIRE_MODULE);
    const struct wire_request q = {.call = WIRE_KERNEL, .arg[0] = module};
    assert_int_equal(ask_with(q, kernel, strlen(kernel)), 0);
    assert_int_equal(reply.ret[1], 2);
    assert_int_equal(reply.ret[2], 12);
    return reply.ret[0];
}

static int launch(uint64_t kernel, uint64_t x, uint32_t by)
{
    unsigned char params[12];
    memcpy(params, &x, 8);
    memcpy(params + 8, &by, 4);
    const struct wire_request q = {
        .call = WIRE_LAUNCH,
        .arg = {kernel, 1 | UINT64_C(1) << 32, 1 | UINT64_C(64) << 32, 1 | UINT64_C(1) << 32}};
    return ask_with(q, params, sizeof params);
}

static void test_a_whole_conversation(void **state)
{
    (void)state;
    open_good(1);
    assert_int_equal(GET(WIRE_HELLO, .arg[0] = WIRE_VERSION), 1);
    struct wire_device v;
    memcpy(&v, room, sizeof v);
    assert_string_equal(v.name, "Fake A100 0");
    assert_int_equal(v.warps, 64);
    assert_int_equal(v.mhz, 1410);
    const uint64_t kernel = load("fill"), x = GET(WIRE_MALLOC, .arg[0] = 256);
    const uint64_t y = GET(WIRE_MALLOC, .arg[0] = 256), s = GET(WIRE_STREAM_NEW);
    assert_int_equal(launch(kernel, x, 5), 0);
    assert_int_equal(ASK(WIRE_COPY, .stream = s, .arg = {y, 256, x, 256, 256, 1}), 0);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {y, 256, 256, 1}), 0);
    for (uint32_t i = 0; i < 64; i++)
        assert_memory_equal(real_window(real) + 4 * i, &(uint32_t){i + 5}, 4);
    assert_int_equal(ASK(WIRE_FREE, .flags = WIRE_BLOCKING, .arg[0] = x), 0);
    assert_int_equal(ASK(WIRE_DEVICE_SYNC), 0);
}

static void test_new_memory_is_zero(void **state)
{
    (void)state;
    static const unsigned char zeros[64];
    open_good(1);
    const uint64_t x = GET(WIRE_MALLOC, .arg[0] = 64);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {x, 64, 64, 1}), 0);
    assert_memory_equal(real_window(real), zeros, 64);
}

static void test_rows_fills_and_variables(void **state)
{
    (void)state;
    open_good(1);
    load("fill");
    const struct wire_request q = {.call = WIRE_VARIABLE};
    assert_int_equal(ask_with(q, "total", 5), 0);
    const uint64_t total = reply.ret[0], x = GET(WIRE_MALLOC, .arg[0] = 64);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {total, 4, 4, 1}), 0);
    assert_int_equal(real_window(real)[0], 7);
    assert_int_equal(ASK(WIRE_FREE, .arg[0] = total), 1);
    assert_int_equal(ASK(WIRE_FILL, .arg = {x, 16, 0x0102, 2, 3, 4}), 0);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {x, 16, 8, 4}), 0);
    for (size_t row = 0; row < 4; row++)
        assert_memory_equal(real_window(real) + 8 * row, "\2\1\2\1\2\1\0\0", 8);
}

static void test_lies_never_reach_the_driver(void **state)
{
    (void)state;
    open_good(1);
    const uint64_t kernel = load("fill"), x = GET(WIRE_MALLOC, .arg[0] = 64);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {x, 65, 65, 1}), 1);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {x - 1, 4, 4, 1}), 1);
    assert_int_equal(ASK(WIRE_COPY_OUT, .arg = {(uintptr_t)&reply, 4, 4, 1}), 1);
    assert_int_equal(ASK(WIRE_COPY_IN, .arg = {x, UINT64_MAX, 2, UINT64_MAX}), 1);
    assert_int_equal(ASK(WIRE_FILL, .arg = {x, 64, 0, 4, UINT64_MAX / 2, 1}), 1);
    assert_int_equal(ASK(WIRE_FREE, .arg[0] = x + 1), 1);
    assert_int_equal(ASK(WIRE_STREAM_SYNC, .stream = 77), 400);
    assert_int_equal(ASK(WIRE_EVENT_SYNC, .arg[0] = UINT64_MAX), 400);
    assert_int_equal(ASK(WIRE_LAUNCH, .arg[0] = kernel), 1); /* without parameters */
    assert_int_equal(ASK(WIRE_LAUNCH, .arg[0] = 99), 98);
    assert_int_equal(ASK(WIRE_HOST_MALLOC, .arg[0] = 64), 801);
    assert_int_equal(ASK(WIRE_MALLOC, .device = 1, .arg[0] = 64), 101);
    assert_int_equal(ASK(WIRE_CALLS), 1);
}

static void test_what_the_compiler_says_is_the_story(void **state)
{
    (void)state;
    open_good(1);
    memcpy(real_window(real), "?", 2);
    assert_int_equal(ASK(WIRE_UPLOAD, .arg[0] = 2), 0);
    assert_int_equal(ASK(WIRE_MODULE), 218);
    assert_non_null(strstr(real_story(real), "line 1: no PTX at all"));
    const uint64_t kernel = load("fill"); /* and the next one is another matter */
    assert_int_equal(kernel, 0);
}

static void test_a_fault_stays(void **state)
{
    (void)state;
    open_good(1);
    const uint64_t kernel = load("fault");
    assert_true(GET(WIRE_MALLOC, .arg[0] = 64) != 0); /* is freed nevertheless: see teardown */
    assert_int_equal(launch(kernel, 0, 0), 0);
    assert_int_equal(ASK(WIRE_DEVICE_SYNC), 700);
    assert_int_equal(ASK(WIRE_MALLOC, .arg[0] = 4), 700);
    assert_non_null(strstr(real_story(real), "(700)"));
}

static void test_a_kernel_without_an_end_is_error_702(void **state)
{
    (void)state;
    open_good(1);
    const uint64_t kernel = load("spin");
    assert_int_equal(launch(kernel, 0, 0), 0);
    assert_int_equal(ASK(WIRE_STREAM_QUERY), 600);
    assert_int_equal(ASK(WIRE_DEVICE_SYNC), 702);
    assert_int_equal(ASK(WIRE_INFO), 702);
    assert_non_null(strstr(real_story(real), "too long"));
}

static void test_failures_midway_leave_nothing(void **state)
{
    (void)state;
    static const char *const wishes[] = {
        "cuDevicePrimaryCtxRetain:46:1",
        "cuDevicePrimaryCtxRetain:2:2",
        "cuEventCreate:2:1",
        "cuEventCreate:2:2",
    };
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct err why;
        fake_reset();
        setenv("FAKE_CUDA_FAIL", wishes[i], 1);
        const enum err_code rc = open_real(2, &why);
        if (rc == OK || fake_live() != 0)
            fail_msg("%s: %d, %d left", wishes[i], rc, fake_live());
        driver_close(&driver);
    }
    fake_reset();
    unsetenv("FAKE_CUDA_FAIL");
    open_good(1);
    const int before = fake_live();
    setenv("FAKE_CUDA_FAIL", "cuMemsetD2D8Async:719:2", 1); /* zeroing what was allocated */
    assert_int_equal(ASK(WIRE_MALLOC, .arg[0] = 64), 719);
    assert_int_equal(fake_live(), before);
    real_close(real);
    real = NULL;
    assert_int_equal(fake_live(), 0);
    fake_reset();
    unsetenv("FAKE_CUDA_FAIL");
    driver_close(&driver);
    open_good(1);
    assert_int_equal(ASK(WIRE_MALLOC, .arg[0] = UINT64_C(1) << 40), 2);
    assert_true(GET(WIRE_MALLOC, .arg[0] = 64) != 0);
}

static void test_a_device_in_other_hands_is_busy(void **state)
{
    (void)state;
    struct err why;
    setenv("FAKE_CUDA_FAIL", "cuDevicePrimaryCtxRetain:46:1", 1);
    assert_int_equal(open_real(1, &why), ERR_BUSY);
    assert_non_null(strstr(why.text, "another process has the device"));
}

/* ---- the grader's side, over both descriptors ---- */

static int data_end;

static void *serve_thread(void *fds)
{
    const int *f = fds;
    struct err why;
    const struct vg_backend b = {real, real_answer, real_run, real_control};
    return serve_backend(&b, f[0], f[1], &why) == OK ? NULL : fds;
}

static int ask_far(const struct wire_request *q, const void *payload)
{
    unsigned char packet[256];
    memcpy(packet, q, sizeof *q);
    if (q->bytes)
        memcpy(packet + sizeof *q, payload, q->bytes);
    const ssize_t size = (ssize_t)(sizeof *q + q->bytes);
    assert_int_equal(write(data_end, packet, (size_t)size), size);
    struct {
        struct wire_reply head;
        unsigned char payload[WIRE_PAYLOAD];
    } answer;
    assert_true(read(data_end, &answer, sizeof answer) >= (ssize_t)sizeof answer.head);
    return answer.head.error;
}

static int launch_far(uint64_t kernel, uint64_t x)
{
    unsigned char params[12] = {0};
    memcpy(params, &x, 8);
    const struct wire_request q = {
        .call = WIRE_LAUNCH,
        .bytes = sizeof params,
        .arg = {kernel, 1 | UINT64_C(1) << 32, 1 | UINT64_C(64) << 32, 1 | UINT64_C(1) << 32}};
    return ask_far(&q, params);
}

static void grade_kernel(const char *name, int expect_fault, const char *story)
{
    struct vgpu_control *control = NULL;
    struct vgpu_counts counts;
    struct err why;
    pthread_t thread;
    act_set launch_only;
    uint64_t x = 0;
    uint32_t got[64];
    uint8_t writers[sizeof got];
    int data[2], far[2];
    void *failed;
    open_good(1);
    const uint64_t kernel = load(name);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, data), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, far), 0);
    data_end = data[0];
    assert_int_equal(pthread_create(&thread, NULL, serve_thread, (int[]){data[1], far[1]}), 0);
    assert_int_equal(vgpu_control_open(&control, far[0], &why), OK);
    assert_int_equal(vgpu_allocate(control, 0, sizeof got, &x, &why), OK);
    assert_int_equal(vgpu_poison(control, x, sizeof got, false, &why), OK);
    assert_int_equal(act_find("launch", &launch_only, &why), OK);
    assert_int_equal(vgpu_begin(control, &(struct vgpu_call){.allowed = launch_only}, &why), OK);
    assert_int_equal(launch_far(kernel, x), 0);
    assert_int_equal(ask_far(&(struct wire_request){.call = WIRE_DEVICE_SYNC}, NULL), 800);
    assert_int_equal(vgpu_end(control, &counts, &why), OK);
    assert_int_equal(counts.launches, 1);
    assert_int_equal(counts.forbidden, ACT_SYNC_DEVICE);
    assert_int_equal(counts.fault, expect_fault);
    assert_non_null(strstr(counts.story, story));
    assert_true(counts.makespan_ns > 0);
    const enum err_code rc = vgpu_get(control, x, got, writers, sizeof got, &why);
    assert_int_equal(rc, expect_fault ? ERR_RANGE : OK);
    for (uint32_t i = 0; rc == OK && i < 64; i++) {
        assert_int_equal(got[i], i);
        assert_int_equal(writers[4 * i], VGPU_KERNEL);
    }
    vgpu_control_close(control);
    close(data[0]);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    close(data[1]);
    close(far[1]);
}

static void test_a_grading_over_both_descriptors(void **state)
{
    (void)state;
    grade_kernel("fill", 0, "");
}

static void test_a_write_before_an_allocation_is_found(void **state)
{
    (void)state;
    grade_kernel("before", 700, "4 bytes before an allocation of 256 bytes, the nearest 0");
}

static void test_a_write_after_an_allocation_is_found(void **state)
{
    (void)state;
    grade_kernel("after", 700, "4 bytes after an allocation of 256 bytes, the nearest 0");
}

/* ---- timing ---- */

static int run_bytes(void *context) /* as many ns as bytes, and 1 us */
{
    static unsigned char from[4000], to[4000];
    return driver.copy((uintptr_t)to, (uintptr_t)from, *(size_t *)context, NULL);
}

static void test_pairs_give_the_ratio_of_their_times(void **state)
{
    (void)state;
    struct err why;
    struct timing_result r;
    size_t slow = 3000, fast = 1000;
    const struct timing_side learner = {run_bytes, &slow}, solution = {run_bytes, &fast};
    open_good(1);
    const struct timing_config config = {.warm = 1, .pairs = 7};
    assert_int_equal(timing_pair(&driver, &learner, &solution, &config, &r, &why), OK);
    assert_true(r.ratio > 0.55 && r.ratio < 0.65); /* (1 + 2) us of (3 + 2) us */
    assert_true(r.ratio_low <= r.ratio && r.ratio <= r.ratio_high);
    assert_true(r.learner_ms > r.solution_ms);
    const struct timing_config even = {.pairs = 4};
    assert_int_equal(timing_pair(&driver, &learner, &solution, &even, &r, &why), ERR_INVALID);
    setenv("FAKE_CUDA_FAIL", "cuEventRecord:719:5", 1);
    assert_int_equal(timing_pair(&driver, &learner, &solution, &config, &r, &why), ERR_IO);
}

static void test_copy_bandwidth_counts_both_directions(void **state)
{
    (void)state;
    struct err why;
    double rate = 0.0;
    open_good(1);
    assert_int_equal(timing_copy_bandwidth(&driver, 1 << 20, 3, &rate, &why), OK);
    assert_true(rate > 1.9e9 && rate < 2.0e9); /* the fake device copies 1e9 bytes a second */
    assert_true(timing_share(1e9, 1000.0, rate) > 0.5);
    setenv("FAKE_CUDA_FAIL", "cuMemAlloc_v2:2:2", 1);
    assert_int_equal(timing_copy_bandwidth(&driver, 1 << 20, 3, &rate, &why), ERR_NOMEM);
}

static void test_peers_and_events(void **state)
{
    (void)state;
    open_good(2);
    assert_int_equal(ASK(WIRE_PEER, .arg = {1, 1}), 0);
    assert_int_equal(ASK(WIRE_PEER, .arg = {0, 1}), 101);
    const uint64_t a = GET(WIRE_EVENT_NEW), b = GET(WIRE_EVENT_NEW);
    assert_int_equal(ASK(WIRE_EVENT_TIME, .arg = {a, b}), 400); /* not recorded */
    assert_int_equal(ASK(WIRE_EVENT_RECORD, .arg[0] = a), 0);
    assert_int_equal(ASK(WIRE_EVENT_RECORD, .arg[0] = b), 0);
    assert_int_equal(ASK(WIRE_EVENT_SYNC, .arg[0] = b), 0);
    assert_true(GET(WIRE_EVENT_TIME, .arg = {a, b}) > 0);
    assert_int_equal(ASK(WIRE_EVENT_FREE, .arg[0] = a), 0);
    assert_int_equal(ASK(WIRE_EVENT_FREE, .arg[0] = a), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_thing_that_is_wrong_has_a_story),
        TEST(test_a_device_that_will_not_do_has_a_story),
        TEST(test_this_machine_has_a_usable_driver_or_a_story),
        TEST(test_no_library_is_a_story),
        TEST(test_a_whole_conversation),
        TEST(test_new_memory_is_zero),
        TEST(test_rows_fills_and_variables),
        TEST(test_lies_never_reach_the_driver),
        TEST(test_what_the_compiler_says_is_the_story),
        TEST(test_a_fault_stays),
        TEST(test_a_kernel_without_an_end_is_error_702),
        TEST(test_failures_midway_leave_nothing),
        TEST(test_a_device_in_other_hands_is_busy),
        TEST(test_a_grading_over_both_descriptors),
        TEST(test_a_write_before_an_allocation_is_found),
        TEST(test_a_write_after_an_allocation_is_found),
        TEST(test_pairs_give_the_ratio_of_their_times),
        TEST(test_copy_bandwidth_counts_both_directions),
        TEST(test_peers_and_events),
    };
    return cmocka_run_group_tests_name("vgpu/real", tests, NULL, NULL);
}
