/* kill -9 at any moment: whatever was acknowledged is there after a restart and is graded exactly
 * once; and a grader that is killed has its job leased again. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/parse.h"
#include "tests/run.h"
#include "tests/service.h"

enum { BATCH = 4, ACKNOWLEDGED_MAX = 64 };
static const char bench_labs[] = "bench/labs";
static const char submit_path[] = "/api/v1/labs/0.1/submissions";
static const char source[] = "bench/labs/module-0/lab-0.1-trivial/solution/sum.c";

static char data[64];

static int make_data(void **state)
{
    (void)state;
    strcpy(data, "/tmp/graded-restart-XXXXXX");
    assert_non_null(mkdtemp(data));
    return 0;
}

static int remove_data(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-rf", data, NULL};
    return run_program(argv, NULL);
}

struct acknowledged {
    char id[ACKNOWLEDGED_MAX][32];
    size_t count;
};

/* Equal bytes of one learner within a minute may be answered with the submission that there is; a
 * comment makes every submission another one. */
static void submit(const struct service *s, struct acknowledged *all)
{
    char path[96], text[256];
    snprintf(path, sizeof path, "%s/sum-%zu.c", data, all->count);
    FILE *to = fopen(path, "we"), *from = fopen(source, "re");
    assert_non_null(to);
    assert_non_null(from);
    fprintf(to, "/* %zu */\n", all->count);
    while (fgets(text, sizeof text, from) != NULL)
        fputs(text, to);
    fclose(from);
    fclose(to);
    struct answer a = service_submit(s, submit_path, path, "sum.c");
    if (a.status != 202)
        fail_msg("submitting gave %ld: %.300s", a.status, a.body);
    json_t *submission = answer_json(&a);
    snprintf(all->id[all->count++], sizeof all->id[0], "%s",
             json_string_value(json_object_get(submission, "id")));
    json_decref(submission);
    answer_done(&a);
}

static void expect_accepted(const struct service *s, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/api/v1/submissions/%s?wait=60", id);
    struct answer a = service_get(s, path, NULL);
    if (a.status != 200)
        fail_msg("%s was acknowledged and is gone: %ld %.300s", id, a.status, a.body);
    json_t *submission = answer_json(&a);
    const char *verdict = json_string_value(json_object_get(submission, "verdict"));
    if (verdict == NULL || strcmp(verdict, "accepted") != 0)
        fail_msg("%s: %.500s", id, a.body);
    json_decref(submission);
    answer_done(&a);
}

static int64_t count_rows(const char *sql)
{
    char path[96];
    snprintf(path, sizeof path, "%s/graded.db", data);
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

static void what_was_acknowledged_survives_kill_9_and_is_graded_once(void **state)
{
    (void)state;
    static const useconds_t moments_us[] = {0, 30000, 90000, 180000, 300000, 600000};
    struct acknowledged all = {.count = 0};
    struct service s;
    for (size_t i = 0; i < sizeof moments_us / sizeof moments_us[0]; i++) {
        service_start(&s, data, bench_labs);
        for (int n = 0; n < BATCH; n++)
            submit(&s, &all);
        usleep(moments_us[i]);
        service_kill(&s);
    }
    service_start(&s, data, bench_labs);
    for (size_t i = 0; i < all.count; i++)
        expect_accepted(&s, all.id[i]);
    assert_int_equal(service_stop(&s), 0);
    assert_int_equal(count_rows("SELECT count(*) FROM submission"), all.count);
    assert_int_equal(count_rows("SELECT count(*) FROM report"), all.count);
    assert_int_equal(count_rows("SELECT count(*) FROM event WHERE name = 'finished'"), all.count);
}

/* The graders of this service: its children. */
static pid_t child_of(pid_t parent)
{
    DIR *proc = opendir("/proc");
    pid_t found = 0;
    for (struct dirent *e = readdir(proc); e != NULL && found == 0; e = readdir(proc)) {
        char path[300], stat[256] = "";
        int64_t pid = 0;
        if (parse_i64(e->d_name, "pid", 1, INT32_MAX, &pid, NULL) != OK)
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *f = fopen(path, "re");
        if (f == NULL)
            continue;
        const char *after = fgets(stat, sizeof stat, f) != NULL ? strrchr(stat, ')') : NULL;
        fclose(f);
        if (after != NULL && strtol(after + 4, NULL, 10) == parent)
            found = (pid_t)pid;
    }
    closedir(proc);
    return found;
}

static void a_killed_grader_has_its_job_leased_again(void **state)
{
    (void)state;
    struct acknowledged all = {.count = 0};
    struct service s;
    service_start(&s, data, bench_labs);
    submit(&s, &all);
    pid_t grader = 0;
    for (int i = 0; i < 400 && grader == 0; i++) {
        usleep(1000);
        grader = child_of(s.pid);
    }
    assert_int_not_equal(grader, 0);
    assert_int_equal(kill(grader, SIGKILL), 0);
    expect_accepted(&s, all.id[0]);
    assert_int_equal(service_stop(&s), 0);
    assert_int_equal(count_rows("SELECT attempt FROM job"), 2);
    assert_int_equal(count_rows("SELECT deaths FROM job"), 1);
    assert_int_equal(count_rows("SELECT count(*) FROM report"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_kill_9_and_is_graded_once,
                                        make_data, remove_data),
        cmocka_unit_test_setup_teardown(a_killed_grader_has_its_job_leased_again, make_data,
                                        remove_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
