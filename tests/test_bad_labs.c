/* Labs that are wrong in every way that a lab can be: `grade test` says which file and why, and
 * goes on with the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/run.h"
#include "tests/service.h"

#define GOOD "tests/labs/module-0/lab-0.4-sum"
#define SLOW "tests/labs/module-0/lab-0.5-slow"

static char copies[] = "/tmp/graded-labs-XXXXXX"; /* of a lab, to be spoilt; and a cache */

/* What `grade test` prints, standard error too; the caller's. */
static char *prove(const char *environment, const char *labs, int *ret_status)
{
    char command[1024], *out;
    snprintf(command, sizeof command,
             "%s exec " GRADE_PROGRAM " test --quick --cache %s/cache --checker-seconds 2 %s 2>&1",
             environment, copies, labs);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    *ret_status = run_program(argv, &out);
    return out;
}

static void expect(const char *environment, const char *labs, int status, const char *const *says)
{
    int got;
    char *out = prove(environment, labs, &got);
    for (; *says != NULL; says++)
        if (strstr(out, *says) == NULL)
            fail_msg("%s %s does not say '%s':\n%s", environment, labs, *says, out);
    if (got != status)
        fail_msg("%s %s ends with %d:\n%s", environment, labs, got, out);
    free(out);
}

static void a_lab_that_is_right_is_proved(void **state)
{
    (void)state;
    expect("", GOOD, 0, (const char *[]){"lab 0.4 sum", "  proved in", NULL});
}

static void a_checker_that_fails_is_named_with_its_group_and_case(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        const char *says[6];
    } table[] = {
        {"assert",
         {"check.c:", "Assertion", "group 'sums', case '4 numbers': SIGABRT", "NOT PROVED"}},
        {"segv", {"group 'sums', case '4 numbers': SIGSEGV", "check.so", "NOT PROVED"}},
        {"loop", {"group 'sums', case '4 numbers': SIGXCPU", "does it loop?", "NOT PROVED"}},
        {"driver",
         {"FAILED  solution: earns 0 of 60 in 'sums' (runtime_error)", "driver.c", "SIGABRT",
          "NOT PROVED"}},
        {"truth",
         {"FAILED  solution: earns 0 of 60 in 'sums' (wrong_answer)", "case '0 numbers'",
          "NOT PROVED"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char environment[64];
        snprintf(environment, sizeof environment, "BAD=%s", table[i].fault);
        expect(environment, GOOD, 1, table[i].says);
    }
}

static void a_solution_slower_than_its_starter_is_told(void **state)
{
    (void)state;
    expect("", SLOW, 1,
           (const char *[]){"FAILED  solution: is slower than the starter in 'many'", NULL});
}

/* ---- files ---- */

static void shell(const char *command)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    if (run_program(argv, NULL) != 0)
        fail_msg("%s", command);
}

static void wrong_files_are_named_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *spoil; /* a shell command in a copy of the lab */
        const char *says[4];
    } table[] = {
        {"sed -i 's/\"pass\": 70,/\"pass\": 70/' lab.json",
         {"lab-0.4-sum/lab.json:23:", "not JSON: '}' expected"}},
        {"sed -i 's/\"pass\": 70/\"pass\": 170/' lab.json",
         {"lab-0.4-sum/lab.json:22: /pass: expected a number from 1 to 100"}},
        {"sed -i 's/\"pass\": 70/\"pas\": 70/' lab.json",
         {"lab-0.4-sum/lab.json:22: /pas: unknown key 'pas'"}},
        {"sed -i 's/\"points\": 40/\"points\": 41/' lab.json",
         {"/groups: the points of groups and timed cases sum to 101, not to 100"}},
        {"sed -i 's/\"more\"/\"less\"/' lab.json", {"check.c has no group 'less'"}},
        {"rm lab.json", {"lab.json: No such file"}},
        {"rm lab.h", {"FAILED  lab.h: No such file"}},
        {"rm starter/sum.c", {"FAILED  starter/sum.c: No such file"}},
        {"rm solution/sum.c driver.c",
         {"FAILED  solution/sum.c: No such file", "FAILED  driver.c: No such file"}},
        {"rm mutants/*", {"FAILED  mutants: there are none"}},
        {"sed -i 's/sums, more/sums, moore/' mutants/forgets-last.c",
         {"FAILED  mutants/forgets-last.c: names the group 'moore', which the lab does not have"}},
        {"sed -i 1d mutants/forgets-last.c",
         {"FAILED  mutants/forgets-last.c: the first line is '/* The mistake"}},
        {"sed -i 's/i + 1 < n/i < n/' mutants/forgets-last.c",
         {"FAILED  forgets-last.c: compiles to the very program of the solution"}},
        {"sed -i 's/i + 1 < n/i < n + (n == 7)/' mutants/forgets-last.c",
         {"FAILED  forgets-last.c: is not caught in the group 'sums'"}},
        {"echo '#error' >> starter/sum.c", {"FAILED  starter: does not compile"}},
        {"cp solution/sum.c starter/sum.c",
         {"FAILED  starter: scores 100, above its ceiling of 20"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char command[512], dir[128];
        snprintf(dir, sizeof dir, "%s/lab-0.4-sum", copies);
        snprintf(command, sizeof command, "rm -rf %s && cp -r " GOOD " %s && cd %s && %s", dir, dir,
                 dir, table[i].spoil);
        shell(command);
        expect("", dir, 1, table[i].says);
    }
}

static void the_other_labs_are_still_proved(void **state)
{
    (void)state;
    char labs[256], command[256];
    snprintf(command, sizeof command,
             "rm -rf %s/lab-0.4-sum && cp -r " GOOD " %s && rm %s/lab-0.4-sum/lab.h", copies,
             copies, copies);
    shell(command);
    snprintf(labs, sizeof labs, "%s/lab-0.4-sum " GOOD, copies);
    expect("", labs, 1, (const char *[]){"NOT PROVED", "  proved in", NULL});
}

static void programs_read_one_object_for_each_lab(void **state)
{
    (void)state;
    int status;
    char *out = prove("", "--format json " GOOD, &status);
    json_t *lab = json_loads(out, 0, NULL);
    if (lab == NULL)
        fail_msg("%s", out);
    assert_int_equal(status, 0);
    assert_true(json_is_true(json_object_get(lab, "proved")));
    assert_string_equal(json_string_value(json_object_get(lab, "lab")), "0.4");
    assert_int_equal(json_array_size(json_object_get(lab, "gradings")), 3);
    json_decref(lab);
    free(out);
    out = prove("BAD=segv", "--format json " GOOD " | grep '^{'", &status);
    lab = json_loads(out, 0, NULL);
    if (lab == NULL)
        fail_msg("%s", out);
    assert_true(json_is_false(json_object_get(lab, "proved")));
    json_decref(lab);
    free(out);
}

/* ---- a server with such a lab ---- */

/* The message of a submission's report as this token's owner sees it; the caller's. */
static char *message_for(struct service *s, const char *token, const char *path)
{
    struct service as = *s;
    snprintf(as.token, sizeof as.token, "%s", token);
    struct answer a = service_get(&as, path, NULL);
    json_t *submission = answer_json(&a);
    const json_t *report = json_object_get(submission, "report");
    const char *message = json_string_value(json_object_get(report, "message"));
    if (message == NULL)
        fail_msg("status %ld: %.500s", a.status, a.body);
    assert_string_equal(json_string_value(json_object_get(submission, "verdict")),
                        "internal_error");
    char *copy = strdup(message);
    json_decref(submission);
    answer_done(&a);
    return copy;
}

static char *staff_token(const char *data)
{
    char *out;
    const char *const argv[] = {GRADED_PROGRAM, "token", "create", "ines", "--data", data, NULL};
    assert_int_equal(run_program(argv, &out), 0);
    char *secret = strstr(out, "grd_");
    assert_non_null(secret);
    secret[strcspn(secret, " \n")] = '\0';
    char *copy = strdup(secret);
    free(out);
    return copy;
}

static char *submit_path(struct service *s, const char *lab, const char *file)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/labs/%s/submissions?wait=60", lab);
    struct answer a = service_submit(s, path, file, "sum.c");
    json_t *submission = answer_json(&a);
    const char *id = json_string_value(json_object_get(submission, "id"));
    if (id == NULL ||
        strcmp(json_string_value(json_object_get(submission, "state")), "finished") != 0)
        fail_msg("%s: status %ld: %.300s", file, a.status, a.body);
    snprintf(path, sizeof path, "/api/v1/submissions/%s", id);
    json_decref(submission);
    answer_done(&a);
    return strdup(path);
}

static void a_checker_that_fails_while_grading_is_told_to_staff_alone(void **state)
{
    (void)state;
    char data[] = "/tmp/graded-bad-XXXXXX";
    struct service service;
    assert_non_null(mkdtemp(data));
    expect("", GOOD, 0, (const char *[]){NULL}); /* so that nothing is known against it */
    setenv("BAD", "assert", 1);
    service_start(&service, data, "tests/labs");
    unsetenv("BAD");
    char *path = submit_path(&service, "0.4", GOOD "/solution/sum.c");
    char *token = staff_token(data);
    char *learner = message_for(&service, service.token, path);
    char *staff = message_for(&service, token, path);
    assert_non_null(strstr(learner, "our fault"));
    assert_null(strstr(learner, "check.c"));
    if (strstr(staff, "check.c") == NULL || strstr(staff, "group 'sums', case '4 numbers'") == NULL)
        fail_msg("staff read '%s'", staff);
    assert_int_equal(service_stop(&service), 0);
    free(path), free(token), free(learner), free(staff);
    const char *const argv[] = {"/bin/rm", "-rf", data, NULL};
    run_program(argv, NULL);
}

/* The reason why a lab is not offered, as staff read it, "" where it is; the caller's. */
static char *reason_against(struct service *s, const char *token, const char *id)
{
    struct service as = *s;
    snprintf(as.token, sizeof as.token, "%s", token);
    struct answer a = service_get(&as, "/api/v1/labs", NULL);
    json_t *all = answer_json(&a);
    const json_t *labs = json_object_get(all, "labs");
    char *reason = NULL;
    for (size_t i = 0; i < json_array_size(labs); i++) {
        const json_t *lab = json_array_get(labs, i);
        const char *why = json_string_value(json_object_get(lab, "unavailable_reason"));
        if (reason == NULL && strcmp(json_string_value(json_object_get(lab, "id")), id) == 0)
            reason = strdup(why != NULL ? why : "");
    }
    if (reason == NULL)
        fail_msg("status %ld: %.500s", a.status, a.body);
    json_decref(all);
    answer_done(&a);
    return reason;
}

/* Lab 0.5 has failed its proof for good; 0.4 is served beside it. */
static void a_lab_that_failed_its_proof_is_not_offered_until_it_is_proved(void **state)
{
    (void)state;
    expect("", SLOW, 1, (const char *[]){NULL});
    char data[] = "/tmp/graded-bad-XXXXXX", *token = NULL;
    assert_non_null(mkdtemp(data));
    static const struct {
        const char *environment, *reason;
        int status;
        long submitted;
    } table[] = {{"BAD=truth", "`grade test` has failed: solution: earns 0 of 60", 1, 503},
                 {"BAD=segv", "`grade test` has failed: solution, seed 1: the checker", 1, 503},
                 {"", "", 0, 202}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct service service;
        expect(table[i].environment, GOOD, table[i].status, (const char *[]){NULL});
        service_start(&service, data, "tests/labs");
        if (token == NULL)
            token = staff_token(data);
        char *reason = reason_against(&service, token, "0.4");
        if (strncmp(reason, table[i].reason, strlen(table[i].reason)) != 0)
            fail_msg("%s: %s", table[i].environment, reason);
        char *slow = reason_against(&service, token, "0.5");
        assert_non_null(strstr(slow, "is slower than the starter in 'many'"));
        free(slow);
        struct answer a = service_submit(&service, "/api/v1/labs/0.4/submissions",
                                         GOOD "/solution/sum.c", "sum.c");
        assert_int_equal(a.status, table[i].submitted);
        answer_done(&a);
        free(reason);
        assert_int_equal(service_stop(&service), 0);
    }
    free(token);
    const char *const argv[] = {"/bin/rm", "-rf", data, NULL};
    run_program(argv, NULL);
}

/* Proofs are remembered beside what was built: not in the build folder, but in a copy of it. */
static int make_folder(void **state)
{
    (void)state;
    static char build[64], command[256];
    if (mkdtemp(copies) == NULL)
        return -1;
    snprintf(build, sizeof build, "%s/build", copies);
    snprintf(command, sizeof command,
             "mkdir %s && cd " GRADED_BUILD "/labs && cp -r 0.4 0.5 cover.o no_locks.so %s", build,
             build);
    shell(command);
    return setenv("GRADED_LAB_BUILD", build, 1);
}

static int remove_folder(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-rf", copies, NULL};
    return run_program(argv, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lab_that_is_right_is_proved),
        cmocka_unit_test(a_checker_that_fails_is_named_with_its_group_and_case),
        cmocka_unit_test(a_solution_slower_than_its_starter_is_told),
        cmocka_unit_test(wrong_files_are_named_with_the_reason),
        cmocka_unit_test(the_other_labs_are_still_proved),
        cmocka_unit_test(programs_read_one_object_for_each_lab),
        cmocka_unit_test(a_checker_that_fails_while_grading_is_told_to_staff_alone),
        cmocka_unit_test(a_lab_that_failed_its_proof_is_not_offered_until_it_is_proved),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
