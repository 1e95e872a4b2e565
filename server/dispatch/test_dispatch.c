#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "grader/report/report.h"
#include "server/dispatch/dispatch.h"
#include "server/dispatch/grader.h"
#include "server/dispatch/job_dir.h"
#include "server/store/testing.h"

enum { PATIENCE_S = 20 };
static struct err why;

/* ---- A dispatcher whose grader is fake_grade, and someone who listens ---- */

struct bench {
    struct testing t;
    struct dispatch *d;
    char jobs[128];
    int log_fd; /* -1: nobody reads the log */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned changes;
};

static void on_change(void *ctx, const char *submission)
{
    struct bench *b = ctx;
    assert(strlen(submission) == ID_LENGTH);
    pthread_mutex_lock(&b->lock);
    b->changes++;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void start(struct bench *b, struct dispatch_config c)
{
    c.store = b->t.store;
    c.jobs_dir = b->jobs;
    c.grade_path = FAKE_GRADE;
    c.log_fd = b->log_fd;
    if (c.workers == 0)
        c.workers = 2;
    WANT(OK, dispatch_start(&c, &b->d, &why));
    dispatch_listen(b->d, on_change, b);
}

static void stop(struct bench *b, int64_t grace_ms)
{
    dispatch_listen(b->d, NULL, NULL);
    dispatch_stop(b->d, grace_ms);
    dispatch_free(b->d);
    b->d = NULL;
}

static void setup(struct bench *b)
{
    *b = (struct bench){
        .log_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    testing_open(&b->t);
    snprintf(b->jobs, sizeof b->jobs, "%s/jobs", b->t.dir);
}

static void teardown(struct bench *b)
{
    if (b->d != NULL)
        stop(b, 0);
    testing_close(&b->t);
}

static struct submission read_submission(struct bench *b, const char *id)
{
    struct submission s;
    WANT(OK, submission_get(b->t.store, id, &b->t.arena, &s, &why));
    return s;
}

static unsigned changes_so_far(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    const unsigned changes = b->changes;
    pthread_mutex_unlock(&b->lock);
    return changes;
}

/* Waits as a client does: listens, looks, sleeps. */
static void wait_until(struct bench *b, const char *id, enum submission_state state)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    unsigned seen = changes_so_far(b);
    while (read_submission(b, id).state != state) {
        pthread_mutex_lock(&b->lock);
        while (b->changes == seen)
            if (pthread_cond_timedwait(&b->changed, &b->lock, &until) == ETIMEDOUT)
                fail_msg("%s did not come to state %d", id, state);
        seen = b->changes;
        pthread_mutex_unlock(&b->lock);
    }
}

static void submit(struct bench *b, const char *word, char id[ID_SIZE])
{
    testing_submit(&b->t, word, id);
    dispatch_wake(b->d);
}

static struct submission submit_and_wait(struct bench *b, const char *word, char id[ID_SIZE])
{
    submit(b, word, id);
    wait_until(b, id, SUBMISSION_FINISHED);
    return read_submission(b, id);
}

struct heard {
    struct event *events;
    size_t count;
    bool finished;
};

static struct heard hear(struct bench *b, const char *id, int64_t after)
{
    struct heard h = {0};
    WANT(OK, dispatch_events(b->d, id, after, &b->t.arena, &h.events, &h.count, &h.finished, &why));
    return h;
}

static size_t entries(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

/* ---- What comes of each way a grader can end ---- */

/* A worker counts a moment after it has given its job back. */
static int64_t deaths_after(struct bench *b, int64_t before, int64_t expected)
{
    for (int i = 0; i < 1000 && dispatch_stats(b->d).died - before < expected; i++)
        usleep(1000);
    return dispatch_stats(b->d).died - before;
}

static void each_end_of_a_grader_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *word, *verdict;
        int64_t died; /* graders, on the way there */
    } table[] = {
        {"pass", "accepted", 0},
        {"below", "wrong_answer", 0},
        {"crash", "internal_error", 3},
        {"crash-once", "accepted", 1},
        {"exit-3", "internal_error", 3},
        {"no-report", "internal_error", 3},
        {"bad-report", "internal_error", 3},
        {"other-lab", "internal_error", 3},
        {"unknown word", "internal_error", 3},
        {"babble", "accepted", 0},
    };
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){0});
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char id[ID_SIZE];
        const int64_t before = dispatch_stats(b.d).died;
        const struct submission s = submit_and_wait(&b, table[i].word, id);
        const int64_t died = deaths_after(&b, before, table[i].died);
        if (strcmp(s.verdict, table[i].verdict) != 0 || died != table[i].died)
            fail_msg("%s: %s after %lld deaths", table[i].word, s.verdict, (long long)died);
        const struct heard h = hear(&b, id, 0);
        if (!h.finished || strcmp(h.events[h.count - 1].name, "finished") != 0)
            fail_msg("%s: the last event is not `finished`", table[i].word);
    }
    stop(&b, 1000);
    assert_int_equal(entries(b.jobs), 0);
    teardown(&b);
}

static void a_job_given_up_has_a_report_that_tells_and_costs_nothing(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){0});
    char id[ID_SIZE];
    const struct submission s = submit_and_wait(&b, "crash", id);
    assert_false(s.pass);
    const char *json;
    size_t size;
    struct report r;
    struct job_counts counts;
    WANT(OK, submission_report(b.t.store, id, &b.t.arena, &json, &size, &why));
    WANT(OK, report_read(json, size, &b.t.arena, &r, &why));
    assert_int_equal(r.verdict, VERDICT_INTERNAL_ERROR);
    assert_non_null(strstr(r.message, "our fault"));
    assert_non_null(strstr(r.message, "\nThe last time: the grader died of signal"));
    WANT(OK, job_count(b.t.store, &counts, &why));
    assert_int_equal(counts.failed, 1);
    teardown(&b);
}

static void a_grader_that_hangs_is_killed(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){.timeout_ms = 1000});
    char id[ID_SIZE];
    assert_string_equal(submit_and_wait(&b, "hang", id).verdict, "internal_error");
    assert_string_equal(submit_and_wait(&b, "pass", id).verdict, "accepted");
    teardown(&b);
}

static void what_a_grader_leaves_behind_dies_with_it(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){0});
    char id[ID_SIZE];
    assert_string_equal(submit_and_wait(&b, "orphan", id).verdict, "accepted");
    const struct heard h = hear(&b, id, 0);
    const char *pid = strstr(h.events[1].json, "\"pid\":");
    assert_non_null(pid);
    for (int i = 0; kill((pid_t)atol(pid + 6), 0) == 0; i++) { /* until init has reaped it */
        assert_true(i < PATIENCE_S * 100);
        char path[64], text[512] = "";
        snprintf(path, sizeof path, "/proc/%ld/stat", atol(pid + 6));
        FILE *f = fopen(path, "r");
        const bool zombie =
            f != NULL && fgets(text, sizeof text, f) != NULL && strstr(text, ") Z") != NULL;
        if (f != NULL)
            fclose(f);
        if (zombie)
            break;
        usleep(10000);
    }
    teardown(&b);
}

static void a_grader_is_told_its_parent_its_core_the_labs_and_the_cache(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    signal(SIGPIPE, SIG_IGN); /* as the server does */
    start(&b, (struct dispatch_config){
                  .labs_dir = "/labs", .cache_dir = "/kept", .workers = 1, .pin = true});
    char id[ID_SIZE];
    assert_string_equal(submit_and_wait(&b, "arguments", id).verdict, "accepted");
    const struct heard h = hear(&b, id, 0);
    assert_string_equal(h.events[1].name, "called");
    assert_non_null(strstr(h.events[1].json, "\"parent\":1"));
    assert_non_null(strstr(h.events[1].json, "\"labs\":\"/labs\""));
    assert_non_null(strstr(h.events[1].json, "\"cache\":\"/kept\""));
    assert_null(strstr(h.events[1].json, "\"core\":\"\""));
    assert_non_null(strstr(h.events[1].json, "\"ignores\":0"));
    teardown(&b);
}

static void what_went_wrong_beside_a_grading_is_logged(void **state)
{
    (void)state;
    struct bench b;
    char id[ID_SIZE], log[512] = "";
    setup(&b);
    b.log_fd = memfd_create("log", MFD_CLOEXEC);
    start(&b, (struct dispatch_config){.workers = 1});
    assert_true(submit_and_wait(&b, "murmur", id).pass);
    stop(&b, 1000);
    assert_true(pread(b.log_fd, log, sizeof log - 1, 0) > 0);
    assert_non_null(strstr(log, id));
    assert_non_null(strstr(log, "grade: compiled without a cache"));
    close(b.log_fd);
    teardown(&b);
}

static bool go_on(void *ctx)
{
    (void)ctx;
    return true;
}

static void keep_line(void *ctx, const char *line, size_t size)
{
    (void)line, (void)size;
    ++*(int *)ctx;
}

static void what_a_grader_says_last_is_kept_on_one_line(void **state)
{
    (void)state;
    struct testing t;
    struct job job;
    struct grader_end end;
    char id[ID_SIZE];
    const char *dir;
    int lines = 0;
    testing_open(&t);
    testing_submit(&t, "exit-3", id);
    WANT(OK, job_lease(t.store, "test", 1000, &t.arena, &job, &why));
    WANT(OK, job_dir_make(t.dir, t.store, &job, &t.arena, &dir, &why));
    const struct grader g = {.program = FAKE_GRADE,
                             .job_dir = dir,
                             .core = -1,
                             .timeout_ms = PATIENCE_S * 1000,
                             .on_line = keep_line,
                             .on_beat = go_on,
                             .beat_ms = 1000,
                             .ctx = &lines,
                             .stop_fd = -1};
    WANT(OK, grader_run(&g, &end, &why));
    assert_int_equal(end.kind, GRADER_EXITED);
    assert_int_equal(end.status, 3);
    assert_string_equal(end.said, "no compiler here ");
    assert_int_equal(lines, 0);
    testing_close(&t);
}

/* ---- Events ---- */

static void live_and_stored_events_are_one_stream(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){.workers = 1});
    char first[ID_SIZE], id[ID_SIZE];
    submit(&b, "slow", first);
    submit(&b, "slow", id);
    assert_int_equal(hear(&b, id, 0).count, 0);
    assert_false(hear(&b, id, 0).finished);
    wait_until(&b, id, SUBMISSION_RUNNING);
    while (hear(&b, id, 0).count == 0)
        usleep(1000);
    const struct heard live = hear(&b, id, 0);
    assert_false(live.finished);
    assert_string_equal(live.events[0].json, "{\"event\":\"state\",\"state\":\"running\"}");
    wait_until(&b, id, SUBMISSION_FINISHED);

    const struct heard all = hear(&b, id, 0);
    static const char *const names[] = {"state", "compile_started", "compile_finished", "finished"};
    assert_int_equal(all.count, 4);
    for (size_t i = 0; i < all.count; i++) {
        assert_string_equal(all.events[i].name, names[i]);
        assert_int_equal(all.events[i].seq, EVENTS_PER_ATTEMPT + 1 + i);
    }
    assert_non_null(strstr(all.events[3].json, "\"score\":100.0"));
    const struct heard rest = hear(&b, id, all.events[1].seq);
    assert_int_equal(rest.count, 2);
    const struct heard none = hear(&b, id, all.events[3].seq);
    assert_int_equal(none.count, 0);
    assert_true(none.finished);
    struct event *events;
    size_t count;
    bool finished;
    WANT(ERR_NOT_FOUND, dispatch_events(b.d, "01J00000000000000000000000", 0, &b.t.arena, &events,
                                        &count, &finished, &why));
    teardown(&b);
}

static void a_second_attempt_is_told_from_its_start_with_greater_numbers(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){0});
    char id[ID_SIZE];
    submit_and_wait(&b, "crash-once", id);
    const struct heard h = hear(&b, id, EVENTS_PER_ATTEMPT + 2);
    assert_int_equal(h.count, 4);
    assert_int_equal(h.events[0].seq, 2 * EVENTS_PER_ATTEMPT + 1);
    assert_non_null(strstr(h.events[0].json, "running"));
    teardown(&b);
}

/* ---- Stopping and starting ---- */

static void a_stop_lets_a_grading_finish_within_its_grace(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){.workers = 1});
    char first[ID_SIZE], second[ID_SIZE];
    submit(&b, "slow", first);
    submit(&b, "slow", second);
    wait_until(&b, first, SUBMISSION_RUNNING);
    stop(&b, 20000);
    assert_int_equal(read_submission(&b, first).state, SUBMISSION_FINISHED);
    assert_int_equal(read_submission(&b, second).state, SUBMISSION_QUEUED);
    start(&b, (struct dispatch_config){0});
    wait_until(&b, second, SUBMISSION_FINISHED);
    teardown(&b);
}

static void a_stop_puts_back_what_takes_too_long_and_counts_no_death(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){0});
    char id[ID_SIZE];
    struct job job;
    submit(&b, "hang", id);
    wait_until(&b, id, SUBMISSION_RUNNING);
    stop(&b, 50);
    assert_int_equal(read_submission(&b, id).state, SUBMISSION_QUEUED);
    assert_int_equal(entries(b.jobs), 0);
    WANT(OK, job_lease(b.t.store, "test", 1000, &b.t.arena, &job, &why));
    assert_int_equal(job.deaths, 0);
    assert_int_equal(job.attempt, 2);
    teardown(&b);
}

static void a_start_takes_over_from_a_server_that_died(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    char id[ID_SIZE], left[256];
    struct job job;
    testing_submit(&b.t, "pass", id);
    WANT(OK, job_lease(b.t.store, "the dead one", 3600000, &b.t.arena, &job, &why));
    snprintf(left, sizeof left, "%s/%s-1/submission", b.jobs, id);
    WANT(OK, file_make_dirs(left, &why));
    start(&b, (struct dispatch_config){0});
    wait_until(&b, id, SUBMISSION_FINISHED);
    stop(&b, 1000);
    assert_int_equal(entries(b.jobs), 0);
    teardown(&b);
}

static void a_worker_that_lost_its_lease_stops_its_grader(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){.workers = 1, .lease_ms = 60});
    char id[ID_SIZE], next[ID_SIZE];
    int64_t count;
    struct job job;
    submit(&b, "hang", id);
    wait_until(&b, id, SUBMISSION_RUNNING);
    WANT(OK, job_recover(b.t.store, true, &count, &why)); /* as if this worker had hung */
    WANT(OK, job_lease(b.t.store, "another", 3600000, &b.t.arena, &job, &why));
    assert_string_equal(submit_and_wait(&b, "pass", next).verdict, "accepted");
    assert_int_equal(read_submission(&b, id).state, SUBMISSION_RUNNING);
    teardown(&b);
}

static void a_rush_is_graded_whole_by_all_workers(void **state)
{
    (void)state;
    enum { RUSH = 60 };
    struct bench b;
    setup(&b);
    start(&b, (struct dispatch_config){.workers = 4});
    char ids[RUSH][ID_SIZE];
    for (int i = 0; i < RUSH; i++)
        submit(&b, "pass", ids[i]);
    for (int i = 0; i < RUSH; i++) {
        wait_until(&b, ids[i], SUBMISSION_FINISHED);
        assert_true(read_submission(&b, ids[i]).pass);
    }
    stop(&b, 1000);
    teardown(&b);
}

static void a_missing_grader_is_noticed_at_the_start(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    const struct dispatch_config c = {
        .store = b.t.store, .jobs_dir = b.jobs, .grade_path = "/nowhere/grade", .log_fd = -1};
    WANT(ERR_NOT_FOUND, dispatch_start(&c, &b.d, &why));
    assert_non_null(strstr(why.text, "the grader /nowhere/grade"));
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_of_a_grader_has_its_verdict),
        cmocka_unit_test(a_job_given_up_has_a_report_that_tells_and_costs_nothing),
        cmocka_unit_test(a_grader_that_hangs_is_killed),
        cmocka_unit_test(what_a_grader_leaves_behind_dies_with_it),
        cmocka_unit_test(a_grader_is_told_its_parent_its_core_the_labs_and_the_cache),
        cmocka_unit_test(what_went_wrong_beside_a_grading_is_logged),
        cmocka_unit_test(what_a_grader_says_last_is_kept_on_one_line),
        cmocka_unit_test(live_and_stored_events_are_one_stream),
        cmocka_unit_test(a_second_attempt_is_told_from_its_start_with_greater_numbers),
        cmocka_unit_test(a_stop_lets_a_grading_finish_within_its_grace),
        cmocka_unit_test(a_stop_puts_back_what_takes_too_long_and_counts_no_death),
        cmocka_unit_test(a_start_takes_over_from_a_server_that_died),
        cmocka_unit_test(a_worker_that_lost_its_lease_stops_its_grader),
        cmocka_unit_test(a_rush_is_graded_whole_by_all_workers),
        cmocka_unit_test(a_missing_grader_is_noticed_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
