/* make fuzz: any bytes as the output memory that a runner leaves behind a call. The bytes are
 * repeated until they fill it, so that a short input reaches reply, buffers and canaries alike.
 * What the grader copies is what stands there, and the story of each difference fits a report. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "grader/grade/check.h"
#include "grader/report/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 8 * FRAME_PAGE, MEMORY_MAX = 1 << 20, VALUES = 33 };

static const float floats[VALUES] = {1, -0.0f, 0.5f};
static const uint8_t bytes[VALUES];

static const struct shm_arg args[] = {
    {.kind = FRAME_IN, .bytes = floats, .size = sizeof floats},
    {.kind = FRAME_OUT, .size = sizeof floats},
    {.kind = FRAME_I64, .i64 = VALUES},
    {.kind = FRAME_OUT, .size = sizeof bytes, .skew = 5},
    {.kind = FRAME_OUT, .size = 0},
};
enum { ARGS = sizeof args / sizeof args[0], OUT_FLOATS = 1, OUT_BYTES = 3, OUT_NOTHING = 4 };

static void fill(struct shm *s, const uint8_t *data, size_t size)
{
    size_t full = size < s->size ? size : s->size;
    memcpy(s->output, data, full);
    while (full > 0 && full < s->size) { /* doubles: a byte at a time would be most of the time */
        const size_t more = full < s->size - full ? full : s->size - full;
        memcpy(s->output + full, s->output, more);
        full += more;
    }
}

/* Copied to memory of just that size, where a sanitizer sees one byte too many. */
static void *take(const struct shm *s, size_t i)
{
    const struct frame_call *frame = (const struct frame_call *)(const void *)s->input;
    void *copy = malloc(args[i].size > 0 ? args[i].size : 1);
    assert(copy != NULL);
    const int spoiled = shm_read_output(s, i, copy);
    assert(spoiled >= -FRAME_CANARY && spoiled <= FRAME_CANARY);
    assert(memcmp(copy, s->output + frame->args[i].offset, args[i].size) == 0);
    return copy;
}

static void compare(struct check *k, const struct shm *s, const struct frame_reply *reply)
{
    float *got = take(s, OUT_FLOATS);
    uint8_t *raw = take(s, OUT_BYTES);
    free(take(s, OUT_NOTHING));
    check_case(k, "results");
    check_i64(k, "return value", 0, reply->result[0]);
    check_case(k, "floats");
    assert(check_f32(k, "y", floats, got, VALUES) == (memcmp(floats, got, sizeof floats) == 0));
    check_case(k, "bytes");
    assert(check_bytes(k, "dst", bytes, raw, VALUES) == (memcmp(bytes, raw, VALUES) == 0));
    check_case(k, "near");
    check_f64_near(k, "mean", 1, (double)got[VALUES - 1], 1e-6);
    check_end_case(k);
    free(raw);
    free(got);
}

static void report(const struct check *k)
{
    const struct report_group group = {.name = "g",
                                       .points = 1,
                                       .earned = check_share(k),
                                       .visible = true,
                                       .verdict = k->verdict,
                                       .cases = k->cases,
                                       .passed = k->passed,
                                       .has_failure = k->shown.there,
                                       .first_failure = k->shown.failure};
    const struct report r = {
        .lab = "1.1", .device_kind = "cpu", .max_score = 100, .groups = &group, .n_groups = 1};
    report_round_trip(&r);
}

static void judge(const struct shm *s, const struct frame_reply *reply)
{
    static const struct lab lab = {.limits = {.case_cpu_ms = 100, .group_cpu_ms = 1000}};
    struct runner_slot slot = {.max_incidents = 8};
    struct arena a;
    struct check k;
    arena_init(&a, MEMORY_MAX);
    check_init(&k, &lab, "g", &slot, &a, 1);
    compare(&k, s, reply);
    report(&k);
    check_done(&k);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct shm s; /* two memfds, opened once: making them would be most of the time */
    struct frame_reply reply;
    if (s.input == NULL && shm_open_pair(&s, MEMORY, NULL) != OK)
        abort();
    s.sequence = 0;
    const enum err_code rc = shm_write_call(&s, 1, args, ARGS, NULL);
    assert(rc == OK);
    fill(&s, data, size);
    const bool answers = shm_read_reply(&s, &reply);
    assert(answers == (reply.sequence == s.sequence));
    judge(&s, &reply); /* also what answers no call: no byte of it may break the grader */
    return 0;
}
