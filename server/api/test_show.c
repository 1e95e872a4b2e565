/* What a submission looks like, to whom, in which format, and when. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/api/testing.h"

static void submission_path(const char *id, const char *rest, char ret[128])
{
    snprintf(ret, 128, "/api/v1/submissions/%s%s", id, rest);
}

static void each_format_is_there_for_who_accepts_it(void **state)
{
    struct testing_api *t = *state;
    static const struct {
        const char *accept, *agent, *type, *has;
    } table[] = {
        {"Accept: application/json", "User-Agent: x", "application/json", "\"report\":{"},
        {"Accept:", "User-Agent: x", "application/json", "\"report\":{"},
        {"Accept: */*", "User-Agent: python-requests/2", "application/json", "\"report\":{"},
        {"Accept: */*", "User-Agent: curl/7.88.1", "text/plain; charset=utf-8", "hint of seen"},
        {"Accept: text/plain", "User-Agent: x", "text/plain; charset=utf-8", "hint of seen"},
        {"Accept: application/junit+xml", "User-Agent: curl/8", "application/junit+xml", "<?xml"},
        {"Accept: application/vnd.gradescope+json", "User-Agent: x",
         "application/vnd.gradescope+json", "\"tests\""},
        {"Accept: application/sarif+json", "User-Agent: x", "application/sarif+json", "\"runs\""},
        {"Accept: text/markdown", "User-Agent: x", "text/markdown; charset=utf-8", "# Lab"},
        {"Accept: text/html, application/sarif+json;q=0.9, */*;q=0.1", "User-Agent: x",
         "application/sarif+json", "\"runs\""},
    };
    char id[ID_SIZE], path[128];
    testing_api_graded(t, "int formats;", id);
    submission_path(id, "", path);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        CALL(&t->client, .path = path, .headers = {table[i].accept, table[i].agent});
        if (t->client.status != 200 ||
            strcmp(client_header(&t->client, "Content-Type"), table[i].type) != 0 ||
            strstr(t->client.body.text, table[i].has) == NULL)
            fail_msg("%s: %ld %s", table[i].accept, t->client.status, t->client.body.text);
        if (strstr(t->client.body.text, "expected of unseen") != NULL)
            fail_msg("%s shows a learner what is hidden", table[i].accept);
    }
    assert_int_equal(CALL(&t->client, .path = path, .headers = {"Accept: image/png"}), 406);
}

static void each_format_has_the_name_of_a_file(void **state)
{
    struct testing_api *t = *state;
    static const struct {
        const char *file, *type, *begins;
    } table[] = {
        {"/report.json", "application/json", "{\"version\":1"},
        {"/report.txt", "text/plain; charset=utf-8", "Lab "},
        {"/report.xml", "application/junit+xml", "<?xml"},
        {"/report.sarif", "application/sarif+json", "{\n  \"$schema\""},
        {"/report.md", "text/markdown; charset=utf-8", "# Lab "},
        {"/report.gradescope.json", "application/vnd.gradescope+json", "{\n  \"score\""},
    };
    char id[ID_SIZE], path[128];
    testing_api_graded(t, "int files;", id);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        submission_path(id, table[i].file, path);
        CALL(&t->client, .path = path, .headers = {"Accept: image/png"});
        if (t->client.status != 200 ||
            strcmp(client_header(&t->client, "Content-Type"), table[i].type) != 0 ||
            strncmp(t->client.body.text, table[i].begins, strlen(table[i].begins)) != 0)
            fail_msg("%s: %ld %.200s", table[i].file, t->client.status, t->client.body.text);
        if (strstr(t->client.body.text, "expected of unseen") != NULL)
            fail_msg("%s shows a learner what is hidden", table[i].file);
    }
    submission_path(id, "/report.pdf", path);
    assert_int_equal(CALL(&t->client, .path = path), 404);
}

static void staff_see_all_of_a_report(void **state)
{
    struct testing_api *t = *state;
    char id[ID_SIZE], path[128];
    testing_api_graded(t, "int staff;", id);
    submission_path(id, "", path);
    assert_true(json_is_null(at(&t->client, "report.groups.1.first_failure.expected")));
    assert_string_equal(text_at(&t->client, "report.groups.1.first_failure.hint"),
                        "hint of unseen");
    struct client staff;
    client_open(&staff, api_port(t->api));
    const struct person *people[] = {&t->ines, &t->root};
    for (int i = 0; i < 2; i++) {
        CALL(&staff, .path = path, .headers = {people[i]->bearer});
        assert_string_equal(text_at(&staff, "report.groups.1.first_failure.expected"),
                            "expected of unseen");
    }
    client_close(&staff);
}

static void a_failed_grade_is_an_error_where_asked_for(void **state)
{
    struct testing_api *t = *state;
    char id[ID_SIZE], path[128];
    testing_api_graded(t, "int fail;", id);
    submission_path(id, "?fail=1", path);
    assert_int_equal(CALL(&t->client, .path = path), 422);
    assert_string_equal(text_at(&t->client, "report.verdict"), "wrong_answer");
    assert_int_equal(CALL(&t->client, .path = path, .headers = {"Accept: text/plain"}), 422);
    submission_path(id, "?fail=0", path);
    assert_int_equal(CALL(&t->client, .path = path), 200);
}

/* ---- While it is graded ---- */

struct asker {
    pthread_t thread;
    struct testing_api *t;
    char path[128], header[100];
    struct client client;
};

static void *ask(void *arg)
{
    struct asker *a = arg;
    CALL(&a->client, .path = a->path, .headers = {a->header});
    return NULL;
}

static void start_asking(struct testing_api *t, struct asker *a, const char *id, const char *rest,
                         const char *header)
{
    a->t = t;
    submission_path(id, rest, a->path);
    snprintf(a->header, sizeof a->header, "%s", header);
    client_open(&a->client, api_port(t->api));
    a->client.always[0] = t->ada.bearer;
    assert_int_equal(pthread_create(&a->thread, NULL, ask, a), 0);
}

static void await_state(struct testing_api *t, const char *id, const char *state)
{
    char path[128];
    submission_path(id, "", path);
    for (int i = 0; i < 1000; i++) {
        CALL(&t->client, .path = path, .headers = {"Accept: application/json"});
        if (strcmp(text_at(&t->client, "state"), state) == 0)
            return;
        usleep(5000);
    }
    fail_msg("the submission did not become %s", state);
}

static void a_pending_submission_says_so(void **state)
{
    struct testing_api *t = *state;
    char held[2][ID_SIZE], waiting[ID_SIZE], path[128];
    testing_api_submit(t, "/* HOLD pending */", held[0]);
    testing_api_submit(t, "/* HOLD pending, too */", held[1]); /* there are two workers */
    await_state(t, held[0], "running");
    await_state(t, held[1], "running");
    testing_api_submit(t, "int waiting;", waiting);
    submission_path(waiting, "", path);
    CALL(&t->client, .path = path);
    assert_string_equal(text_at(&t->client, "state"), "queued");
    assert_int_equal(json_integer_value(at(&t->client, "queue_position")), 1);
    CALL(&t->client, .path = path, .headers = {"Accept: */*", "User-Agent: curl/8"});
    assert_true(strncmp(t->client.body.text, "queued (place 1): ", 18) == 0);
    assert_int_equal(CALL(&t->client, .path = path, .headers = {"Accept: application/junit+xml"}),
                     409);
    submission_path(waiting, "?wait=1", path);
    CALL(&t->client, .path = path);
    assert_string_equal(text_at(&t->client, "state"), "queued");
    /* curl's clock and the timer may disagree by a hair. */
    if (t->client.seconds < 0.95 || t->client.seconds >= 4)
        fail_msg("a wait of 1 s took %.3f s", t->client.seconds);
    testing_api_release(t, "pending");
    await_state(t, waiting, "finished");
}

static void a_long_poll_ends_when_the_report_is_there(void **state)
{
    struct testing_api *t = *state;
    enum { ASKERS = 20 }; /* on four worker threads */
    static struct asker askers[ASKERS];
    char id[ID_SIZE];
    testing_api_submit(t, "/* HOLD polls */", id);
    for (int i = 0; i < ASKERS; i++)
        start_asking(t, &askers[i], id, "?wait=30", "Accept: application/json");
    await_state(t, id, "running");
    testing_api_release(t, "polls");
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].client.status, 200);
        assert_string_equal(text_at(&askers[i].client, "state"), "finished");
        assert_true(askers[i].client.seconds < 5);
        client_close(&askers[i].client);
    }
}

/* ---- Events ---- */

/* The id line of an event in a stream; 0: it is not there. */
static long event_id(const char *stream, const char *name)
{
    char line[80];
    snprintf(line, sizeof line, "\nevent: %s\n", name);
    const char *found = strstr(stream, line);
    while (found != NULL && found > stream && found[-1] != '\n')
        found--;
    return found != NULL && strncmp(found, "id: ", 4) == 0 ? strtol(found + 4, NULL, 10) : 0;
}

static void events_come_live_and_can_be_resumed(void **state)
{
    struct testing_api *t = *state;
    char id[ID_SIZE], resume[64], path[128];
    struct asker live;
    testing_api_submit(t, "/* HOLD events */", id);
    start_asking(t, &live, id, "/events", "Accept: text/event-stream");
    await_state(t, id, "running");
    usleep(100000);
    testing_api_release(t, "events");
    pthread_join(live.thread, NULL);
    const char *stream = live.client.body.text;
    assert_string_equal(client_header(&live.client, "Content-Type"), "text/event-stream");
    assert_true(strncmp(stream, "event: state\ndata: {\"state\":\"", 29) == 0);
    const long compiled = event_id(stream, "compile_finished");
    const long finished = event_id(stream, "finished");
    assert_true(event_id(stream, "compile_started") > 0);
    assert_true(compiled > event_id(stream, "compile_started"));
    assert_true(event_id(stream, "group_started") > compiled);
    assert_true(finished > event_id(stream, "group_started"));
    assert_non_null(strstr(stream, "\"verdict\":\"wrong_answer\""));

    submission_path(id, "/events", path);
    snprintf(resume, sizeof resume, "Last-Event-ID: %ld", compiled);
    assert_int_equal(CALL(&t->client, .path = path, .headers = {resume}), 200);
    assert_int_equal(event_id(t->client.body.text, "compile_finished"), 0);
    assert_true(event_id(t->client.body.text, "group_started") > compiled);
    assert_int_equal(event_id(t->client.body.text, "finished"), finished);
    snprintf(resume, sizeof resume, "Last-Event-ID: %ld", finished);
    assert_int_equal(CALL(&t->client, .path = path, .headers = {resume}), 204);
    assert_int_equal(CALL(&t->client, .path = path, .headers = {"Last-Event-ID: x"}), 400);
    assert_int_equal(CALL(&t->client, .path = path), 200); /* all of it, long after */
    assert_true(event_id(t->client.body.text, "compile_started") > 0);
    client_close(&live.client);
}

static void stopping_ends_waits_and_streams(void **state)
{
    struct testing_api *t = *state;
    static struct asker askers[2];
    char id[ID_SIZE];
    testing_api_submit(t, "/* HOLD end */", id);
    await_state(t, id, "running");
    start_asking(t, &askers[0], id, "?wait=60", "Accept: application/json");
    start_asking(t, &askers[1], id, "/events", "Accept: text/event-stream");
    usleep(300000);
    api_stop(t->api);
    t->api = NULL;
    for (int i = 0; i < 2; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].client.status, 200);
        assert_true(askers[i].client.seconds < 10);
        client_close(&askers[i].client);
    }
    testing_api_release(t, "end");
}

/* ---- Lists, caches, many at once ---- */

static void a_list_is_read_page_by_page(void **state)
{
    struct testing_api *t = *state;
    static const char list[] = "/api/v1/labs/1.2/submissions";
    char path[200];
    struct str body;
    str_init(&body, 1000);
    form_add(&body, "file", "a.c", "x", 1);
    form_add(&body, "file", "b.c", "y", 1);
    form_end(&body);
    for (int i = 0; i < 3; i++)
        CALL(&t->client, .path = list, .body = body.text, .headers = {FORM_TYPE});
    str_done(&body);
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs/1.2/submissions?limit=2"), 200);
    assert_int_equal(json_array_size(at(&t->client, "submissions")), 2);
    assert_true(strcmp(text_at(&t->client, "submissions.0.id"),
                       text_at(&t->client, "submissions.1.id")) > 0);
    snprintf(path, sizeof path, "%s?limit=2&cursor=%s", list, text_at(&t->client, "next"));
    assert_non_null(strstr(client_header(&t->client, "Link"), path));
    assert_int_equal(CALL(&t->client, .path = path), 200);
    assert_int_equal(json_array_size(at(&t->client, "submissions")), 1);
    assert_true(json_is_null(at(&t->client, "next")));
    assert_null(client_header(&t->client, "Link"));
    static const char *const bad[] = {"?limit=0", "?limit=201", "?limit=x", "?cursor=x"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", list, bad[i]);
        assert_int_equal(CALL(&t->client, .path = path), 400);
    }
    struct client bob; /* has none */
    client_open(&bob, api_port(t->api));
    CALL(&bob, .path = list, .headers = {t->bob.bearer});
    assert_int_equal(json_array_size(at(&bob, "submissions")), 0);
    client_close(&bob);
}

static void a_report_is_cached_and_compressed(void **state)
{
    struct testing_api *t = *state;
    char id[ID_SIZE], path[128], etag[100];
    testing_api_graded(t, "int cached;", id);
    submission_path(id, "", path);
    CALL(&t->client, .path = path, .headers = {"Accept-Encoding: gzip"});
    assert_string_equal(client_header(&t->client, "Content-Encoding"), "gzip");
    snprintf(etag, sizeof etag, "If-None-Match: %s", client_header(&t->client, "ETag"));
    assert_int_equal(CALL(&t->client, .path = path, .headers = {etag}), 304);
    assert_int_equal(CALL(&t->client, .path = path, .headers = {etag, "Accept: text/plain"}), 200);
    assert_string_equal(client_header(&t->client, "Cache-Control"), "private, no-cache");
    assert_non_null(strstr(client_header(&t->client, "Vary"), "Accept"));
}

static void hundred_requests_at_once_are_all_answered(void **state)
{
    struct testing_api *t = *state;
    enum { REQUESTS = 100 };
    static const char *const kinds[] = {"", "?wait=20", "/files/formats.c", "/events"};
    static struct asker askers[REQUESTS];
    char id[ID_SIZE];
    testing_api_submit(t, "int many;", id);
    for (int i = 0; i < REQUESTS; i++)
        start_asking(t, &askers[i], id, kinds[i % 4], "Accept: */*");
    for (int i = 0; i < REQUESTS; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].client.status, 200);
        assert_true(askers[i].client.body.length > 0);
        client_close(&askers[i].client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_is_there_for_who_accepts_it),
        cmocka_unit_test(each_format_has_the_name_of_a_file),
        cmocka_unit_test(staff_see_all_of_a_report),
        cmocka_unit_test(a_failed_grade_is_an_error_where_asked_for),
        cmocka_unit_test(a_pending_submission_says_so),
        cmocka_unit_test(a_long_poll_ends_when_the_report_is_there),
        cmocka_unit_test(events_come_live_and_can_be_resumed),
        cmocka_unit_test(a_list_is_read_page_by_page),
        cmocka_unit_test(a_report_is_cached_and_compressed),
        cmocka_unit_test(hundred_requests_at_once_are_all_answered),
        cmocka_unit_test(stopping_ends_waits_and_streams), /* the last: it stops the server */
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, testing_api_setup, testing_api_teardown);
}
