/* Live dialogues and runners beside each other, with servers that mean it or do not
 * (test_talk_guest.c). Where a limit is expected it is a short one; nothing else waits for time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade/build.h"
#include "grader/grade/check.h"
#include "grader/grade/test_talk_guest.h"

enum { LONG_MS = 10000, SHORT_MS = 10, ARENA = 1 << 20 };

static const struct lab lab = {
    .limits = {.case_cpu_ms = LONG_MS, .group_cpu_ms = LONG_MS, .arena_bytes = ARENA},
    .allow = {.threads = 1, .runners = 3, .sockets = true}};

static struct {
    struct arena report;
    struct runner_slot slot;
    struct check k;
    int image;
} f;

static int begin(void **state)
{
    struct err why = {0};
    (void)state;
    if (build_load_image(TALK_GUEST_PATH, &f.image, &why) != OK)
        fail_msg("%s", why.text);
    f.slot = (struct runner_slot){.max_incidents = 100,
                                  .config = {.image_fd = f.image,
                                             .profile = CELL_RUN,
                                             .allow = lab.allow,
                                             .memory_bytes = 64 << 20,
                                             .stack_bytes = 1 << 20,
                                             .output_bytes = 4096,
                                             .arena_bytes = ARENA,
                                             .total_cpu_ms = 60000,
                                             .core = -1}};
    arena_init(&f.report, 1 << 20);
    check_init(&f.k, &lab, "group", &f.slot, &f.report, 1);
    check_case(&f.k, "case");
    return 0;
}

static int end(void **state)
{
    (void)state;
    check_done(&f.k);
    runner_slot_close(&f.slot);
    arena_done(&f.report);
    close(f.image);
    return 0;
}

static struct call *start(unsigned runner, uint32_t op)
{
    check_runner(&f.k, runner);
    struct call *c = check_call(&f.k, op);
    if (!call_start(c))
        fail_msg("not started: %s, %s", f.k.now.actual, f.k.why.text);
    return c;
}

/* Everything that a case needs was said in time, so a short limit cannot hit something else. */
static struct call *start_hopeless(uint32_t op)
{
    struct call *c = check_call(&f.k, op);
    call_limit_ms(c, SHORT_MS);
    assert_true(call_start(c));
    return c;
}

static void assert_fails_as(enum verdict verdict, const char *words)
{
    assert_true(check_failed(&f.k));
    if (f.k.now.verdict != verdict || strstr(f.k.now.actual, words) == NULL)
        fail_msg("verdict %d: %s, but %s", (int)f.k.now.verdict, f.k.now.expected, f.k.now.actual);
    assert_int_equal(f.k.rc, OK);
}

static void bytes_come_back_while_the_call_runs(void **state)
{
    (void)state;
    struct call *c = start(0, ECHOES);
    struct talk *t = talk_open(c);
    assert_true(talk_send(t, "one\ntwo", 7));
    const struct talk_bytes line = talk_until(t, "\n");
    assert_int_equal(line.size, 4);
    assert_memory_equal(line.at, "one\n", 4);
    assert_true(talk_expect_text(t, "echo", "two"));
    assert_true(f.slot.runner.call.open);
    talk_end(t);
    assert_true(talk_expect_end(t, "echo"));
    assert_true(call_finish(c));
}

/* Each side would wait for the other one, were its answers not taken in meanwhile. */
static void more_is_sent_than_sockets_hold(void **state)
{
    enum { MUCH = ARENA - 65536 };
    (void)state;
    struct call *c = start(0, ECHOES);
    struct talk *t = talk_open(c);
    uint8_t *bytes = check_alloc(&f.k, MUCH);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    assert_true(talk_send(t, bytes, MUCH));
    assert_true(talk_expect(t, "echo", bytes, MUCH));
    talk_end(t);
    assert_int_equal(talk_receive(t, SIZE_MAX).size, 0);
    assert_true(call_finish(c));
}

static void a_server_that_never_answers_is_ended_by_the_clock(void **state)
{
    (void)state;
    struct call *c = start_hopeless(IS_SILENT);
    struct talk *t = talk_open(c);
    talk_send(t, "hello\n", 6);
    assert_int_equal(talk_until(t, "\n").size, 0);
    assert_false(call_finish(c));
    assert_fails_as(VERDICT_TIME_LIMIT, "still running");
    assert_non_null(strstr(f.k.now.hint, "waited for the end of a message"));
    assert_false(talk_send(t, "hello\n", 6));
}

static void a_flood_ends_at_the_arena(void **state)
{
    (void)state;
    struct call *c = start(0, FLOODS);
    struct talk *t = talk_open(c);
    assert_true(talk_receive(t, SIZE_MAX).size <= ARENA + 65536);
    assert_false(call_finish(c));
    assert_fails_as(VERDICT_OUTPUT_LIMIT, "more was sent");
    assert_false(runner_alive(&f.slot.runner));
}

static void an_early_end_is_told_with_what_had_come(void **state)
{
    (void)state;
    struct talk *t = talk_open(start(0, HALF_AN_ANSWER));
    assert_false(talk_expect_text(t, "answer", "half of it"));
    assert_fails_as(VERDICT_WRONG_ANSWER, "\"half\", and no more");
}

static void a_wrong_answer_is_not_waited_for(void **state)
{
    (void)state;
    struct call *c = start(0, ECHOES);
    struct talk *t = talk_open(c);
    talk_send(t, "no\n", 3);
    assert_false(talk_expect_text(t, "answer", "yes, and more than that\n"));
    assert_fails_as(VERDICT_WRONG_ANSWER, "no\\n");
    assert_false(call_finish(c));
    assert_int_equal(f.k.incidents, 0); /* it was we who ended it */
}

static void a_call_that_returns_leaves_its_talks_without_more(void **state)
{
    (void)state;
    struct call *c = start(0, RETURNS);
    assert_int_equal(talk_receive(talk_open(c), 1).size, 0);
    assert_true(call_finish(c));
    assert_false(talk_expect_end(talk_open(c), "nothing"));
    assert_fails_as(VERDICT_WRONG_ANSWER, "it stays open");
}

static void a_connection_that_stays_open_is_told_from_one_that_ends(void **state)
{
    (void)state;
    struct call *c = start(0, STAYS_CONNECTED);
    assert_false(talk_expect_end(talk_open(c), "after it"));
    assert_fails_as(VERDICT_WRONG_ANSWER, "it stays open");
    (void)c;
}

static void nobody_is_left_from_one_case_to_the_next(void **state)
{
    (void)state;
    (void)talk_open(start(0, RETURNS)); /* never accepted */
    start(1, IS_SILENT);
    check_case(&f.k, "the next");
    assert_false(runner_alive(&f.slot.runner));
    assert_null(f.k.others[0].runner.cell);
    struct call *c = start(0, ECHOES);
    struct talk *t = talk_open(c);
    talk_send(t, "mine", 4);
    assert_true(talk_expect_text(t, "echo", "mine"));
    talk_end(t);
    assert_true(call_finish(c));
}

static void runners_serve_at_the_same_time(void **state)
{
    struct call *c[3];
    struct talk *t[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        t[i] = talk_open(c[i] = start(i, ECHOES));
    for (int turn = 0; turn < 9; turn++) {
        talk_send(t[turn % 3], "ping", 4);
        assert_true(talk_expect_text(t[turn % 3], "echo", "ping"));
    }
    for (int i = 2; i >= 0; i--) {
        talk_end(t[i]);
        assert_true(call_finish(c[i]));
    }
    assert_int_equal(f.k.others[1].starts, 1);
}

static void one_that_is_ended_on_purpose_does_not_end_the_other(void **state)
{
    (void)state;
    struct call *a = start(0, ECHOES), *b = start(1, ECHOES);
    struct talk *ta = talk_open(a), *tb = talk_open(b);
    check_runner(&f.k, 0);
    check_fresh(&f.k);
    assert_int_equal(talk_receive(ta, 1).size, 0);
    talk_send(tb, "still here", 10);
    assert_true(talk_expect_text(tb, "echo", "still here"));
    talk_end(tb);
    assert_true(call_finish(b));
    assert_false(check_failed(&f.k));
    assert_int_equal(f.k.incidents, 0);
}

static void one_that_exits_fails_the_case_and_not_the_other_runner(void **state)
{
    (void)state;
    struct call *a = start(0, ECHOES), *b = start(1, EXITS);
    (void)talk_open(b);
    assert_false(call_finish(b));
    assert_fails_as(VERDICT_RUNTIME_ERROR, "status 3");
    assert_true(a->slot->runner.call.open);
    assert_int_equal(f.k.incidents, 1);
    assert_int_equal(f.slot.incidents, 1); /* counted where the submission's are */
}

static void the_memory_of_runners_adds(void **state)
{
    (void)state;
    struct call *c = start(1, RETURNS);
    assert_true(call_finish(c));
    const int64_t one = cell_peak_bytes(c->slot->runner.cell);
    check_end_case(&f.k);
    assert_true(f.slot.peak_bytes >= one);
    assert_true(f.slot.cpu_us > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_back_while_the_call_runs),
        TEST(more_is_sent_than_sockets_hold),
        TEST(a_server_that_never_answers_is_ended_by_the_clock),
        TEST(a_flood_ends_at_the_arena),
        TEST(an_early_end_is_told_with_what_had_come),
        TEST(a_wrong_answer_is_not_waited_for),
        TEST(a_call_that_returns_leaves_its_talks_without_more),
        TEST(a_connection_that_stays_open_is_told_from_one_that_ends),
        TEST(nobody_is_left_from_one_case_to_the_next),
        TEST(runners_serve_at_the_same_time),
        TEST(one_that_is_ended_on_purpose_does_not_end_the_other),
        TEST(one_that_exits_fails_the_case_and_not_the_other_runner),
        TEST(the_memory_of_runners_adds),
    };
    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
