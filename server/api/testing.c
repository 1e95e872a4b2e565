#include "server/api/testing.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/report/report.h"
#include "server/store/cohort.h"
#include "server/store/testing.h"

static const char module_json[] =
    "{\"module\":%d,\"title\":\"Module %d\",\"goal\":\"To know.\",\"hours\":[16,20],"
    "\"difficulty\":\"medium\",\"lessons\":[{\"id\":\"%d.2\",\"title\":\"Formats\",\"hours\":4,"
    "\"labs\":[\"%d.2\"]}]}";

static const char lab_json[] =
    "{\"id\":\"%s\",\"slug\":\"%s\",\"title\":\"Lab %s\",\"module\":%d,\"lessons\":[\"%s\"],"
    "\"kind\":\"guided\",\"language\":\"c\",\"hours\":4,\"needs\":[],\"files\":[%s],"
    "\"build\":{\"std\":\"c11\",\"optimize\":\"-O2\",\"libs\":[\"m\"]},"
    "\"limits\":{\"compile_ms\":20000,\"case_cpu_ms\":2000,\"group_cpu_ms\":20000,"
    "\"memory_bytes\":268435456,\"stack_bytes\":8388608,\"output_bytes\":65536,"
    "\"arena_bytes\":67108864},\"pass\":70,\"starter_max\":25,"
    "\"groups\":[{\"name\":\"seen\",\"points\":60,\"visible\":true,\"about\":\"what is seen\"},"
    "{\"name\":\"unseen\",\"points\":40,\"visible\":false,\"about\":\"what is not\"}],"
    "\"timed\":[{\"name\":\"speed\",\"unit\":\"GB/s\",\"points\":0}]}";

void testing_api_put(struct testing_api *t, const char *path, const char *text)
{
    char whole[256];
    struct err why = {0};
    snprintf(whole, sizeof whole, "%s/%s", t->dir, path);
    *strrchr(whole, '/') = '\0';
    WANT(OK, file_make_dirs(whole, &why));
    snprintf(whole, sizeof whole, "%s/%s", t->dir, path);
    WANT(OK, file_replace(AT_FDCWD, whole, text, strlen(text), &why));
}

/* ---- The course ---- */

static void make_lab(struct testing_api *t, int module, const char *slug, const char *files)
{
    char id[8], text[4096], dir[64], path[128];
    snprintf(id, sizeof id, "%d.2", module);
    snprintf(text, sizeof text, module_json, module, module, module, module);
    snprintf(path, sizeof path, "labs/module-%d/module.json", module);
    testing_api_put(t, path, text);
    snprintf(dir, sizeof dir, "labs/module-%d/lab-%s-%s", module, id, slug);
    snprintf(text, sizeof text, lab_json, id, slug, id, module, id, files);
    static const char *const others[][2] = {
        {"lab.h", "/* what learners include */\n"},
        {"handout.md", "# The task\n"},
        {"starter/formats.c", "/* begin here */\n"},
        {"solution/formats.c", "/* never to be seen */\n"},
        {"check.c", "/* nor this */\n"},
    };
    snprintf(path, sizeof path, "%s/lab.json", dir);
    testing_api_put(t, path, text);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, others[i][0]);
        testing_api_put(t, path, others[i][1]);
    }
}

/* ---- The grader ---- */

static void make_report(struct testing_api *t, const char *name, const char *lab, bool pass)
{
    const struct report_group groups[] = {
        {.name = "seen",
         .points = 60,
         .earned = pass ? 60 : 40,
         .visible = true,
         .verdict = pass ? VERDICT_ACCEPTED : VERDICT_WRONG_ANSWER,
         .cases = 3,
         .passed = pass ? 3 : 2,
         .has_failure = !pass,
         .first_failure = {.test_case = "case of seen",
                           .expected = "expected of seen",
                           .actual = "actual of seen",
                           .hint = "hint of seen"}},
        {.name = "unseen",
         .points = 40,
         .earned = pass ? 40 : 0,
         .verdict = pass ? VERDICT_ACCEPTED : VERDICT_WRONG_ANSWER,
         .cases = 3,
         .passed = pass ? 3 : 0,
         .has_failure = !pass,
         .first_failure = {.test_case = "case of unseen",
                           .expected = "expected of unseen",
                           .actual = "actual of unseen",
                           .hint = "hint of unseen"}},
    };
    const struct report report = {.lab = lab,
                                  .lab_version = "0123",
                                  .lab_title = "Lab",
                                  .verdict = pass ? VERDICT_ACCEPTED : VERDICT_WRONG_ANSWER,
                                  .score = pass ? 100 : 40,
                                  .max_score = 100,
                                  .pass = pass,
                                  .compile = {.log = ""},
                                  .groups = groups,
                                  .n_groups = 2,
                                  .device_kind = "cpu",
                                  .device_name = "a test"};
    struct str json;
    str_init(&json, REPORT_JSON_MAX);
    report_write_json(&report, &json);
    testing_api_put(t, name, json.text);
    str_done(&json);
}

/* `grade run --job DIR ...`: says what grade says, and leaves a report. */
static void make_grader(struct testing_api *t)
{
    char script[2048], path[128];
    snprintf(script, sizeof script,
             "#!/bin/sh\n"
             "job=$3\n"
             "case $(cat \"$job\"/job.json) in *'\"1.2\"'*) lab=1 ;; *) lab=3 ;; esac\n"
             "what=fail; status=1\n"
             "if grep -q PASS \"$job\"/submission/*; then what=pass; status=0; fi\n"
             "echo '{\"event\":\"compile_started\"}'\n"
             "echo '{\"event\":\"compile_finished\",\"verdict\":\"ok\",\"ms\":1}'\n"
             "hold=$(cat \"$job\"/submission/* | sed -n 's/.*HOLD \\([a-z]*\\).*/\\1/p')\n"
             "while [ -n \"$hold\" ] && [ ! -e %s/release-$hold ]; do sleep 0.02; done\n"
             "echo '{\"event\":\"group_started\",\"group\":\"seen\"}'\n"
             "cp %s/$what-$lab.json \"$job\"/report.json\n"
             "exit $status\n",
             t->dir, t->dir);
    testing_api_put(t, "grade", script);
    snprintf(path, sizeof path, "%s/grade", t->dir);
    assert_int_equal(chmod(path, 0755), 0);
    make_report(t, "fail-3.json", "3.2", false);
    make_report(t, "pass-3.json", "3.2", true);
    make_report(t, "fail-1.json", "1.2", false);
    make_report(t, "pass-1.json", "1.2", true);
}

/* ---- The people ---- */

void testing_api_token(struct testing_api *t, const struct person *p, unsigned scopes,
                       char *ret_header, size_t size)
{
    struct arena a;
    struct token token;
    struct err why = {0};
    char secret[TOKEN_SECRET_SIZE];
    arena_init(&a, 65536);
    WANT(OK, token_create(t->store, p->id, "test", scopes, &a, &token, secret, &why));
    snprintf(ret_header, size, "Authorization: Bearer %s", secret);
    arena_done(&a);
}

static void make_person(struct testing_api *t, struct person *p, const char *login, enum role role)
{
    struct err why = {0};
    char password[64];
    snprintf(password, sizeof password, "password of %s", login);
    /* The admin has none: each password costs every test a tenth of a second. */
    WANT(OK, user_create(t->store, login, login, role, role != ROLE_ADMIN ? password : NULL, p->id,
                         &why));
    testing_api_token(t, p, SCOPE_ALL, p->bearer, sizeof p->bearer);
}

static void make_people(struct testing_api *t)
{
    char cohort[ID_SIZE];
    struct err why = {0};
    make_person(t, &t->ada, "ada", ROLE_LEARNER);
    make_person(t, &t->bob, "bob", ROLE_LEARNER);
    make_person(t, &t->ines, "ines", ROLE_INSTRUCTOR);
    make_person(t, &t->root, "root", ROLE_ADMIN);
    WANT(OK, cohort_create(t->store, "spring", cohort, &why));
    WANT(OK, cohort_add(t->store, cohort, t->ada.id, ROLE_LEARNER, &why));
    WANT(OK, cohort_add(t->store, cohort, t->ines.id, ROLE_INSTRUCTOR, &why));
}

/* ---- The whole ---- */

static void start_dispatch(struct testing_api *t)
{
    struct err why = {0};
    char jobs[96], grade[96];
    snprintf(jobs, sizeof jobs, "%s/jobs", t->dir);
    snprintf(grade, sizeof grade, "%s/grade", t->dir);
    WANT(OK, dispatch_start(&(struct dispatch_config){.store = t->store,
                                                      .jobs_dir = jobs,
                                                      .grade_path = grade,
                                                      .workers = 2,
                                                      .log_fd = -1},
                            &t->dispatch, &why));
}

static void start(struct testing_api *t)
{
    struct err why = {0};
    char labs[96], web[96];
    snprintf(labs, sizeof labs, "%s/labs", t->dir);
    snprintf(web, sizeof web, "%s/web", t->dir);
    WANT(OK, api_start(&(struct api_config){.store = t->store,
                                            .dispatch = t->dispatch,
                                            .labs_dir = labs,
                                            .web_dir = web,
                                            .threads = 4,
                                            .log_fd = -1,
                                            .login_burst = 3,
                                            .address_burst = 1000},
                       &t->api, &why));
    client_open(&t->client, api_port(t->api));
    t->client.always[0] = t->ada.bearer;
}

void testing_api_restart(struct testing_api *t)
{
    client_close(&t->client);
    api_stop(t->api);
    start(t);
}

void testing_api_open(struct testing_api *t)
{
    char path[128];
    struct err why = {0};
    memset(t, 0, sizeof *t);
    snprintf(t->dir, sizeof t->dir, "/tmp/graded-api-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    make_lab(t, 3, "ggml-formats", "{\"name\":\"formats.c\",\"max_bytes\":1000}");
    make_lab(t, 1, "two-files",
             "{\"name\":\"a.c\",\"max_bytes\":1000},{\"name\":\"b.c\",\"max_bytes\":1000}");
    testing_api_put(t, "web/index.html", "<!doctype html><title>graded</title>");
    make_grader(t);
    snprintf(path, sizeof path, "%s/graded.db", t->dir);
    WANT(OK, store_migrate(path, NULL, NULL, &why));
    WANT(OK, store_open(&(struct store_config){.path = path}, &t->store, &why));
    make_people(t);
    start_dispatch(t);
    start(t);
}

void testing_api_close(struct testing_api *t)
{
    client_close(&t->client);
    api_stop(t->api);
    dispatch_stop(t->dispatch, 2000);
    dispatch_free(t->dispatch);
    store_close(t->store);
    testing_remove(t->dir);
}

int testing_api_setup(void **state)
{
    struct testing_api *t = calloc(1, sizeof *t);
    testing_api_open(t);
    *state = t;
    return 0;
}

int testing_api_teardown(void **state)
{
    testing_api_close(*state);
    free(*state);
    return 0;
}

/* ---- Steps that many tests take ---- */

static void submit(struct testing_api *t, const char *path, const char *text, char ret_id[ID_SIZE])
{
    const long status =
        CALL(&t->client, .path = path, .body = text, .headers = {"Content-Type: text/x-c"});
    if (status != 202 && status != 200)
        fail_msg("submitting: %ld %s", status, t->client.body.text);
    snprintf(ret_id, ID_SIZE, "%s", text_at(&t->client, "id"));
}

void testing_api_submit(struct testing_api *t, const char *text, char ret_id[ID_SIZE])
{
    submit(t, "/api/v1/labs/3.2/submissions", text, ret_id);
}

void testing_api_graded(struct testing_api *t, const char *text, char ret_id[ID_SIZE])
{
    submit(t, "/api/v1/labs/3.2/submissions?wait=15", text, ret_id);
    assert_string_equal(text_at(&t->client, "state"), "finished");
}

void testing_api_release(struct testing_api *t, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "release-%s", name);
    testing_api_put(t, path, "");
}

size_t testing_api_count(struct testing_api *t)
{
    struct arena a;
    struct submission *list;
    struct page page;
    struct err why = {0};
    arena_init(&a, 16 * 1024 * 1024);
    WANT(OK, submission_list(t->store, (struct submission_filter){0}, NULL, PAGE_MAX, &a, &list,
                             &page, &why));
    arena_done(&a);
    return page.count;
}

const json_t *at(const struct client *c, const char *path)
{
    const json_t *json = c->json;
    for (const char *p = path; json != NULL && *p != '\0';) {
        char key[64];
        const size_t length = strcspn(p, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, p);
        json = json_is_array(json) ? json_array_get(json, (size_t)(key[0] - '0'))
                                   : json_object_get(json, key);
        p += length + (p[length] == '.');
    }
    return json;
}

const char *text_at(const struct client *c, const char *path)
{
    return json_string_value(at(c, path));
}
