#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "server/store/inside.h"
#include "server/store/score.h"
#include "server/store/testing.h"

static struct err why;

static void jobs_are_leased_oldest_first_with_all_that_grading_needs(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char first[ID_SIZE], second[ID_SIZE];
    struct job job;
    struct submission s;
    WANT(ERR_NOT_FOUND, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    testing_submit(&t, "one", first);
    testing_submit(&t, "two", second);
    WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    WANT(OK, submission_get(t.store, first, &t.arena, &s, &why));
    assert_string_equal(job.submission, first);
    assert_string_equal(job.lab, "1.1");
    assert_true(job.seed == s.seed);
    assert_int_equal(job.attempt, 1);
    assert_int_equal(job.deaths, 0);
    assert_null(job.last_error);
    assert_string_equal(job.files[0].name, "a.c");
    assert_int_equal(s.state, SUBMISSION_RUNNING);
    assert_int_equal(s.queue_position, 0);
    WANT(OK, submission_get(t.store, second, &t.arena, &s, &why));
    assert_int_equal(s.queue_position, 1);
    testing_close(&t);
}

/* ---- Many workers, one queue ---- */

enum { THREADS = 8, JOBS = 100 };

struct leaser {
    struct store *store;
    int got;
    char ids[JOBS][ID_SIZE];
};

static void *lease_all(void *arg)
{
    struct leaser *l = arg;
    struct arena a;
    arena_init(&a, 1 << 20);
    struct job job;
    while (job_lease(l->store, "w", 1000, &a, &job, NULL) == OK) {
        memcpy(l->ids[l->got++], job.submission, ID_SIZE);
        arena_reset(&a);
    }
    arena_done(&a);
    return NULL;
}

static void each_job_is_leased_to_exactly_one_of_many_threads(void **state)
{
    (void)state;
    static struct leaser leasers[THREADS];
    struct testing t;
    testing_open(&t);
    char ids[JOBS][ID_SIZE];
    for (int i = 0; i < JOBS; i++)
        testing_submit(&t, "x", ids[i]);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        leasers[i] = (struct leaser){.store = t.store};
        assert_int_equal(pthread_create(&threads[i], NULL, lease_all, &leasers[i]), 0);
    }
    int times[JOBS] = {0};
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (int got = 0; got < leasers[i].got; got++)
            for (int j = 0; j < JOBS; j++)
                times[j] += strcmp(ids[j], leasers[i].ids[got]) == 0;
    }
    for (int j = 0; j < JOBS; j++)
        if (times[j] != 1)
            fail_msg("job %d was leased %d times", j, times[j]);
    testing_close(&t);
}

/* ---- Leases ---- */

static void a_job_is_finished_exactly_once(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    struct job job;
    struct submission s;
    const struct job_result good = testing_result("accepted", 100, true);
    const struct job_result bad = testing_result("wrong_answer", 3, false);
    testing_submit(&t, "x", id);
    WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    t.now_ms += 250;
    WANT(OK, job_finish(t.store, id, job.attempt, &good, &why));
    WANT(ERR_CONFLICT, job_finish(t.store, id, job.attempt, &bad, &why));
    WANT(ERR_CONFLICT, job_requeue(t.store, id, job.attempt, "late", &why));
    WANT(ERR_CONFLICT, job_heartbeat(t.store, id, job.attempt, 1000, &why));
    WANT(OK, submission_get(t.store, id, &t.arena, &s, &why));
    assert_int_equal(s.state, SUBMISSION_FINISHED);
    assert_true(s.has_report && s.pass && s.score == 100);
    assert_int_equal(s.finished_ms - s.started_ms, 250);
    WANT(ERR_NOT_FOUND, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    testing_close(&t);
}

static void a_lease_that_ran_out_goes_to_another_and_the_late_result_is_dropped(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    struct job lost, taken;
    int64_t count;
    const struct job_result late = testing_result("accepted", 100, true);
    const struct job_result result = testing_result("partial", 50, false);
    testing_submit(&t, "x", id);
    WANT(OK, job_lease(t.store, "w1", 1000, &t.arena, &lost, &why));
    t.now_ms += 600;
    WANT(OK, job_heartbeat(t.store, id, lost.attempt, 1000, &why));
    t.now_ms += 999;
    WANT(OK, job_recover(t.store, false, &count, &why));
    assert_int_equal(count, 0);
    t.now_ms += 1;
    WANT(OK, job_recover(t.store, false, &count, &why));
    assert_int_equal(count, 1);
    WANT(OK, job_lease(t.store, "w2", 1000, &t.arena, &taken, &why));
    assert_int_equal(taken.attempt, 2);
    assert_int_equal(taken.deaths, 1);
    assert_string_equal(taken.last_error, "worker w1 died or hung in attempt 1");
    WANT(ERR_CONFLICT, job_finish(t.store, id, lost.attempt, &late, &why));
    WANT(OK, job_finish(t.store, id, taken.attempt, &result, &why));
    struct submission s;
    WANT(OK, submission_get(t.store, id, &t.arena, &s, &why));
    assert_string_equal(s.verdict, "partial");
    testing_close(&t);
}

static void a_starting_server_takes_back_all_leases_and_counts_no_death(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char ids[2][ID_SIZE];
    struct job job;
    int64_t count;
    testing_submit(&t, "x", ids[0]);
    testing_submit(&t, "x", ids[1]);
    WANT(OK, job_lease(t.store, "w", 60000, &t.arena, &job, &why));
    testing_reopen(&t);
    WANT(OK, job_recover(t.store, true, &count, &why));
    assert_int_equal(count, 1);
    WANT(OK, job_lease(t.store, "w", 60000, &t.arena, &job, &why));
    assert_string_equal(job.submission, ids[0]);
    assert_int_equal(job.deaths, 0);
    assert_string_equal(job.last_error, "the server died or hung in attempt 1");
    testing_close(&t);
}

static void only_deaths_are_counted_when_a_job_is_given_back(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    struct job job;
    testing_submit(&t, "x", id);
    static const struct {
        const char *death, *last_error;
        int deaths;
    } table[] = {{"signal 11", "signal 11", 1},
                 {NULL, "signal 11", 1},
                 {"exit 3", "exit 3", 2},
                 {NULL, "exit 3", 2}};
    WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        WANT(OK, job_requeue(t.store, id, job.attempt, table[i].death, &why));
        WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
        assert_int_equal(job.attempt, i + 2);
        assert_int_equal(job.deaths, table[i].deaths);
        assert_string_equal(job.last_error, table[i].last_error);
    }
    testing_close(&t);
}

static void a_finish_that_cannot_store_its_report_leaves_the_job_leased(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    struct job job;
    struct submission s;
    struct job_result result = testing_result("accepted", -1, true); /* against the schema */
    testing_submit(&t, "x", id);
    WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    WANT(ERR_INVALID, job_finish(t.store, id, job.attempt, &result, &why));
    WANT(OK, submission_get(t.store, id, &t.arena, &s, &why));
    assert_int_equal(s.state, SUBMISSION_RUNNING);
    result.score = 1;
    WANT(OK, job_finish(t.store, id, job.attempt, &result, &why));
    testing_close(&t);
}

static void events_come_back_in_order_after_a_number(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    struct job job;
    const struct event events[] = {{10001, "compile_started", "{\"event\":\"compile_started\"}"},
                                   {10002, "group_started", "{}"},
                                   {10003, "finished", "{}"}};
    struct job_result result = testing_result("accepted", 100, true);
    result.events = events;
    result.n_events = 3;
    testing_submit(&t, "x", id);
    WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    WANT(OK, job_finish(t.store, id, job.attempt, &result, &why));
    struct event *list;
    size_t count;
    WANT(OK, event_list(t.store, id, 0, &t.arena, &list, &count, &why));
    assert_int_equal(count, 3);
    assert_string_equal(list[0].json, events[0].json);
    WANT(OK, event_list(t.store, id, 10002, &t.arena, &list, &count, &why));
    assert_int_equal(count, 1);
    assert_string_equal(list[0].name, "finished");
    testing_close(&t);
}

static void the_queue_is_counted(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    struct job job;
    struct job_counts counts;
    WANT(OK, job_count(t.store, &counts, &why));
    assert_int_equal(counts.oldest_queued_ms, 0);
    testing_submit(&t, "x", id);
    testing_grade(&t, "internal_error", 0, false);
    testing_submit(&t, "x", id);
    WANT(OK, job_lease(t.store, "w", 1000, &t.arena, &job, &why));
    const int64_t since = t.now_ms += 10;
    testing_submit(&t, "x", id);
    t.now_ms += 10;
    testing_submit(&t, "x", id);
    WANT(OK, job_count(t.store, &counts, &why));
    assert_int_equal(counts.queued, 2);
    assert_int_equal(counts.running, 1);
    assert_int_equal(counts.failed, 1);
    assert_int_equal(counts.oldest_queued_ms, since);
    testing_close(&t);
}

/* ---- Scores ---- */

static void the_best_attempt_counts_and_what_is_none_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *verdict;
        double score;
        bool pass;
        int attempts, best; /* after it: how many, and the row of the best */
    } table[] = {
        {"compile_error", 0, false, 0, -1}, {"wrong_answer", 40, false, 1, 1},
        {"internal_error", 0, false, 1, 1}, {"accepted", 90, true, 2, 3},
        {"accepted", 90, true, 3, 3},       {"partial", 95, false, 4, 3},
        {"accepted", 91, true, 5, 6},       {"cancelled", 0, false, 5, 6},
    };
    enum { ROWS = sizeof table / sizeof table[0] };
    struct testing t;
    testing_open(&t);
    char ids[ROWS][ID_SIZE];
    for (int i = 0; i < ROWS; i++) {
        t.now_ms += 10;
        testing_submit(&t, "x", ids[i]);
        testing_grade(&t, table[i].verdict, table[i].score, table[i].pass);
        struct score score;
        const enum err_code rc = score_get(t.store, t.user, "1.1", &t.arena, &score, &why);
        if (rc != (table[i].best < 0 ? ERR_NOT_FOUND : OK))
            fail_msg("row %d: %s", i, err_code_text(rc));
        if (rc == OK && (score.attempts != table[i].attempts ||
                         strcmp(score.submission, ids[table[i].best]) != 0))
            fail_msg("row %d: %lld attempts, best %s", i, (long long)score.attempts,
                     score.submission);
    }
    testing_close(&t);
}

static void a_visible_run_is_no_attempt(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    const struct submission_source file = {"a.c", "x", 1};
    const struct submission_request r = {
        .user = t.user, .lab = "1.1", .mode = SUBMISSION_VISIBLE, .files = &file, .n_files = 1};
    char id[ID_SIZE];
    bool is_new;
    struct score score;
    WANT(OK, submission_create(t.store, &r, id, &is_new, &why));
    testing_grade(&t, "accepted", 100, true);
    WANT(ERR_NOT_FOUND, score_get(t.store, t.user, "1.1", &t.arena, &score, &why));
    testing_close(&t);
}

/* Grades many submissions of several people, with scores from a small generator. */
static void grade_a_lot(struct testing *t)
{
    static const char *const verdicts[] = {"accepted", "partial", "wrong_answer", "compile_error",
                                           "internal_error"};
    char users[3][ID_SIZE], labs[3][8];
    uint32_t x = 1;
    for (int i = 0; i < 3; i++) {
        snprintf(labs[i], sizeof labs[i], "2.%d", i);
        WANT(OK, lab_put(t->store, labs[i], "A lab", &why));
        WANT(OK, user_create(t->store, labs[i], "Someone", ROLE_LEARNER, NULL, users[i], &why));
    }
    for (int i = 0; i < 200; i++) {
        x = x * 1664525 + 1013904223;
        const struct submission_source file = {"a.c", &x, sizeof x};
        const struct submission_request r = {.user = users[x >> 8 & 1],
                                             .lab = labs[(x >> 10) % 3],
                                             .mode = (x >> 12) % 5 == 0,
                                             .files = &file,
                                             .n_files = 1};
        char id[ID_SIZE];
        bool is_new;
        WANT(OK, submission_create(t->store, &r, id, &is_new, &why));
        if (i % 10 != 9)
            testing_grade(t, verdicts[(x >> 16) % 5], (x >> 20) % 100, (x >> 20) % 100 >= 70);
    }
}

static void rebuilding_finds_nothing_to_change_and_mends_what_is_broken(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    grade_a_lot(&t);
    int64_t changed = -1;
    WANT(OK, store_rebuild(t.store, &changed, &why));
    assert_int_equal(changed, 0);
    struct db *db = NULL;
    WANT(OK, db_open(t.path, DB_WRITE, &db, &why));
    WANT(OK, db_run(db, "UPDATE score SET score = score + 1 WHERE lab = '2.0'", NO_PARAMS, &why));
    const int64_t broken = db_changes(db);
    assert_true(broken > 0);
    WANT(OK, db_run(db, "DELETE FROM score WHERE lab = '2.1'", NO_PARAMS, &why));
    const int64_t missing = db_changes(db);
    db_close(db);
    WANT(OK, store_rebuild(t.store, &changed, &why));
    assert_int_equal(changed, broken + missing);
    WANT(OK, store_rebuild(t.store, &changed, &why));
    assert_int_equal(changed, 0);
    testing_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_leased_oldest_first_with_all_that_grading_needs),
        cmocka_unit_test(each_job_is_leased_to_exactly_one_of_many_threads),
        cmocka_unit_test(a_job_is_finished_exactly_once),
        cmocka_unit_test(a_lease_that_ran_out_goes_to_another_and_the_late_result_is_dropped),
        cmocka_unit_test(a_starting_server_takes_back_all_leases_and_counts_no_death),
        cmocka_unit_test(only_deaths_are_counted_when_a_job_is_given_back),
        cmocka_unit_test(a_finish_that_cannot_store_its_report_leaves_the_job_leased),
        cmocka_unit_test(events_come_back_in_order_after_a_number),
        cmocka_unit_test(the_queue_is_counted),
        cmocka_unit_test(the_best_attempt_counts_and_what_is_none_does_not),
        cmocka_unit_test(a_visible_run_is_no_attempt),
        cmocka_unit_test(rebuilding_finds_nothing_to_change_and_mends_what_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
