/* Every way to send a submission, and every way to get it wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/api/testing.h"
#include "server/http/gzip.h"
#include "server/http/upload.h"

#define ONE  "/api/v1/labs/3.2/submissions"
#define TWO  "/api/v1/labs/two-files/submissions"
#define RAW  "Content-Type: text/x-c"
#define GZIP "Content-Type: application/gzip"

struct way {
    const char *name, *path, *type;
    struct str body;
};

static void form(struct str *body, const char *const names[], const char *text)
{
    str_init(body, 100000);
    for (; *names != NULL; names++)
        form_add(body, "file", *names, text, strlen(text));
    form_end(body);
}

static void tarball(struct str *body, const char *const names[], const char *text, bool gzip)
{
    str_init(body, 100000);
    for (; *names != NULL; names++)
        tar_add(body, *names, '0', text, strlen(text));
    tar_end(body);
    if (!gzip)
        return;
    struct blob *b = gzip_bytes(body->text, body->length, 6);
    str_clear(body);
    str_add_bytes(body, b->bytes, b->size);
    blob_drop(b);
}

static void all_ways_to_send_files_are_taken(void **state)
{
    struct testing_api *t = *state;
    static const char *const one[] = {"formats.c", NULL}, *const two[] = {"a.c", "b.c", NULL};
    static const char *const lying_about[] = {"./formats.c", "./lab.h", "./notes/x.txt", NULL};
    static const char text[] = "int x;\n";
    struct way ways[] = {
        {"a form", ONE, FORM_TYPE, {0}},
        {"a form with two files", TWO, FORM_TYPE, {0}},
        {"a tarball", ONE, GZIP, {0}},
        {"a plain tar", TWO, "Content-Type: application/x-tar", {0}},
        {"the file itself", ONE, RAW, {0}},
        {"with a charset", ONE, "Content-Type: text/plain; charset=utf-8", {0}},
        {"as bytes", ONE "?name=formats.c", "Content-Type: application/octet-stream", {0}},
        {"a part without a name", ONE, FORM_TYPE, {0}},
        {"a part of another name, and fields", ONE, FORM_TYPE, {0}},
    };
    form(&ways[0].body, one, text);
    form(&ways[1].body, two, text);
    tarball(&ways[2].body, lying_about, text, true);
    tarball(&ways[3].body, two, text, false);
    for (int i = 4; i < 9; i++)
        str_init(&ways[i].body, 1000);
    for (int i = 4; i < 7; i++)
        str_add(&ways[i].body, text);
    form_add(&ways[7].body, "file", NULL, text, strlen(text));
    form_end(&ways[7].body);
    form_add(&ways[8].body, "submit", NULL, "Send", 4);
    form_add(&ways[8].body, "source", "formats.c", text, strlen(text));
    form_end(&ways[8].body);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const size_t before = testing_api_count(t);
        const long status = CALL(&t->client, .path = ways[i].path, .body = ways[i].body.text,
                                 .size = ways[i].body.length, .headers = {ways[i].type});
        if (status != 202 || testing_api_count(t) != before + 1)
            fail_msg("%s: %ld %s", ways[i].name, status, t->client.body.text);
        assert_string_equal(text_at(&t->client, "files.0.sha256"),
                            "7c725f30854a46033dd94f728ac6b08caf10845993cd3ed48e40079cdb0a76a6");
        str_done(&ways[i].body);
    }
}

static void an_accepted_submission_says_where_it_is(void **state)
{
    struct testing_api *t = *state;
    assert_int_equal(CALL(&t->client, .path = ONE, .body = "int x;", .headers = {RAW}), 202);
    char path[100];
    snprintf(path, sizeof path, "/api/v1/submissions/%s", text_at(&t->client, "id"));
    assert_string_equal(client_header(&t->client, "Location"), path);
    assert_string_equal(text_at(&t->client, "lab"), "3.2");
    assert_string_equal(text_at(&t->client, "user"), "ada");
    assert_string_equal(text_at(&t->client, "mode"), "full");
    assert_true(json_is_null(at(&t->client, "report")));
    snprintf(path, sizeof path, "/api/v1/submissions/%s/files/formats.c",
             text_at(&t->client, "id"));
    assert_int_equal(CALL(&t->client, .path = path), 200);
    assert_string_equal(t->client.body.text, "int x;");
    assert_string_equal(client_header(&t->client, "Content-Type"), "text/x-c; charset=utf-8");
    path[strlen(path) - 1] = 'h';
    assert_int_equal(CALL(&t->client, .path = path), 404);
}

/* What is wrong is a clear problem, and nothing is stored. */
static void expect_refusal(struct testing_api *t, const char *name, const char *path,
                           const char *type, const char *body, size_t size, long status,
                           const char *pointer)
{
    const size_t before = testing_api_count(t);
    CALL(&t->client, .path = path, .body = body, .size = size, .headers = {type});
    const char *told = text_at(&t->client, "errors.0.pointer");
    if (t->client.status != status ||
        strcmp(client_header(&t->client, "Content-Type"), "application/problem+json") != 0 ||
        (pointer != NULL && (told == NULL || strcmp(told, pointer) != 0)))
        fail_msg("%s: %ld %s", name, t->client.status, t->client.body.text);
    if (testing_api_count(t) != before)
        fail_msg("%s: something was stored", name);
}

static void a_wrong_request_is_refused(void **state)
{
    static const struct {
        const char *name, *path, *type, *body;
        long status;
        const char *pointer;
    } table[] = {
        {"an unknown lab", "/api/v1/labs/9.9/submissions", RAW, "x", 404, NULL},
        {"an empty file", ONE, RAW, "", 422, "/files/0"},
        {"a wrong name", ONE "?name=other.c", RAW, "x", 422, "/files/0/name"},
        {"a way up for a name", ONE "?name=..%2Fformats.c", RAW, "x", 422, "/files/0/name"},
        {"a NUL in a name", ONE "?name=formats.c%00", RAW, "x", 400, NULL},
        {"one of two files", TWO "?name=a.c", RAW, "x", 422, "/files"},
        {"a file without a name", TWO, RAW, "x", 422, "/files/0/name"},
        {"what curl says of --data", ONE, "Content-Type: application/x-www-form-urlencoded", "x",
         415, NULL},
        {"no type", ONE, "Content-Type:", "x", 415, NULL},
        {"a type of our own making", ONE, "Content-Type: x", "x", 415, NULL},
        {"a form that is none", ONE, FORM_TYPE, "int x;", 400, NULL},
        {"a form without a boundary", ONE, "Content-Type: multipart/form-data", "--xx--", 400,
         NULL},
        {"a form without files", ONE, FORM_TYPE, "--xx--\r\n", 422, "/files"},
        {"a tarball that is none", ONE, GZIP, "int x;", 422, "/files"},
        {"a mode that is none", ONE "?mode=quick", RAW, "x", 400, "?mode"},
        {"a wait that is too long", ONE "?wait=61", RAW, "x", 400, "?wait"},
        {"a wait that is no number", ONE "?wait=soon", RAW, "x", 400, "?wait"},
        {"a wait below zero", ONE "?wait=-1", RAW, "x", 400, "?wait"},
        {"a fail that is neither", ONE "?fail=2", RAW, "x", 400, "?fail"},
        {"a query that breaks off", ONE "?wait=%", RAW, "x", 400, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect_refusal(*state, table[i].name, table[i].path, table[i].type, table[i].body, 0,
                       table[i].status, table[i].pointer);
}

static void a_wrong_form_is_refused(void **state)
{
    char large[1001];
    memset(large, 'x', sizeof large);
    const struct {
        const char *name, *first, *second;
        size_t size;
        long status;
        const char *pointer;
    } table[] = {
        {"a file that is too large", "formats.c", NULL, 1001, 413, "/files/0"},
        {"an empty file", "formats.c", NULL, 0, 422, "/files/0"},
        {"a wrong name", "Formats.c", NULL, 5, 422, "/files/0/name"},
        {"a path for a name", "src/formats.c", NULL, 5, 422, "/files/0/name"},
        {"one file too many", "formats.c", "extra.c", 5, 422, "/files/1/name"},
        {"one file twice", "formats.c", "formats.c", 5, 422, "/files/1/name"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str body;
        str_init(&body, 10000);
        form_add(&body, "file", table[i].first, large, table[i].size);
        if (table[i].second != NULL)
            form_add(&body, "file", table[i].second, large, table[i].size);
        form_end(&body);
        expect_refusal(*state, table[i].name, ONE, FORM_TYPE, body.text, body.length,
                       table[i].status, table[i].pointer);
        str_done(&body);
    }
}

static void a_form_with_a_nul_or_too_many_parts_is_refused(void **state)
{
    struct str body;
    str_init(&body, 100000);
    form_add(&body, "file", "formats.c", "x", 1);
    *strchr(strstr(body.text, "formats.c"), '.') = '\0';
    form_end(&body);
    expect_refusal(*state, "a NUL", ONE, FORM_TYPE, body.text, body.length, 400, NULL);
    str_clear(&body);
    for (int i = 0; i <= UPLOAD_FILES_MAX; i++)
        form_add(&body, "file", "formats.c", "x", 1);
    form_end(&body);
    expect_refusal(*state, "many parts", ONE, FORM_TYPE, body.text, body.length, 422, "/files");
    str_done(&body);
}

static void a_body_without_measure_is_refused(void **state)
{
    const size_t size = 9 * 1024 * 1024;
    char *body = calloc(1, size);
    expect_refusal(*state, "nine MiB", ONE, RAW, body, size, 413, NULL);
    free(body);
}

static void a_harmful_tarball_is_refused(void **state)
{
    static const struct {
        const char *name, *entry;
        char type;
    } table[] = {{"a way up", "../formats.c", '0'},     {"an absolute path", "/formats.c", '0'},
                 {"a symbolic link", "formats.c", '2'}, {"a hard link", "formats.c", '1'},
                 {"a device", "formats.c", '3'},        {"a pipe", "formats.c", '6'}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str body;
        str_init(&body, 100000);
        tar_add(&body, table[i].entry, table[i].type, table[i].type == '0' ? "x" : NULL,
                table[i].type == '0');
        tar_end(&body);
        expect_refusal(*state, table[i].name, ONE, "Content-Type: application/x-tar", body.text,
                       body.length, 422, "/files");
        str_done(&body);
    }
}

static void a_retry_with_the_same_key_is_the_same_submission(void **state)
{
    struct testing_api *t = *state;
    char first[ID_SIZE];
    const char *key = "Idempotency-Key: 7f3c";
    assert_int_equal(CALL(&t->client, .path = ONE, .body = "int k;", .headers = {RAW, key}), 202);
    assert_null(client_header(&t->client, "Idempotent-Replayed"));
    snprintf(first, sizeof first, "%s", text_at(&t->client, "id"));
    const size_t before = testing_api_count(t);
    CALL(&t->client, .path = ONE "?wait=15", .body = "int k;", .headers = {RAW, key});
    assert_int_equal(t->client.status, 200);
    assert_string_equal(text_at(&t->client, "id"), first);
    assert_string_equal(client_header(&t->client, "Idempotent-Replayed"), "true");
    assert_int_equal(CALL(&t->client, .path = ONE, .body = "int other;", .headers = {RAW, key}),
                     422);
    assert_string_equal(text_at(&t->client, "type"), "/problems/key-reused");
    assert_int_equal(testing_api_count(t), before);
    char longest[300];
    memset(longest, 'k', sizeof longest);
    memcpy(longest, "Idempotency-Key: ", 17);
    longest[17 + 201] = '\0';
    assert_int_equal(CALL(&t->client, .path = ONE, .body = "x", .headers = {RAW, longest}), 400);
    struct client bob; /* keys are each person's own */
    client_open(&bob, api_port(t->api));
    CALL(&bob, .path = ONE, .body = "int k;", .headers = {RAW, key, t->bob.bearer});
    assert_int_equal(bob.status, 202);
    assert_string_not_equal(text_at(&bob, "id"), first);
    client_close(&bob);
}

static void a_waiting_post_returns_the_report(void **state)
{
    struct testing_api *t = *state;
    CALL(&t->client, .path = ONE "?wait=15", .body = "/* PASS */", .headers = {RAW});
    assert_int_equal(t->client.status, 200);
    assert_string_equal(text_at(&t->client, "verdict"), "accepted");
    assert_string_equal(text_at(&t->client, "report.groups.0.name"), "seen");
    CALL(&t->client, .path = ONE "?wait=15&fail=1", .body = "/* PASS */", .headers = {RAW});
    assert_int_equal(t->client.status, 200);
    CALL(&t->client, .path = ONE "?wait=15&fail=1", .body = "/* not */", .headers = {RAW});
    assert_int_equal(t->client.status, 422);
    assert_string_equal(text_at(&t->client, "report.verdict"), "wrong_answer");
    CALL(&t->client, .path = ONE "?wait=15&mode=visible", .body = "/* PASS */", .headers = {RAW});
    assert_string_equal(text_at(&t->client, "mode"), "visible");
}

static void curl_gets_text_from_a_post(void **state)
{
    struct testing_api *t = *state;
    CALL(&t->client, .path = ONE "?wait=15", .body = "int c;",
         .headers = {RAW, "Accept: */*", "User-Agent: curl/8"});
    assert_int_equal(t->client.status, 200);
    assert_string_equal(client_header(&t->client, "Content-Type"), "text/plain; charset=utf-8");
    assert_non_null(strstr(t->client.body.text, "hint of seen"));
    CALL(&t->client, .path = ONE, .body = "int d;",
         .headers = {RAW, "Accept: */*", "User-Agent: curl/8"});
    assert_int_equal(t->client.status, 202);
    assert_non_null(strstr(t->client.body.text, "/api/v1/submissions/"));
    assert_int_equal(strcspn(t->client.body.text, "\n"), t->client.body.length - 1);
    CALL(&t->client, .path = ONE, .body = "",
         .headers = {RAW, "Accept: */*", "User-Agent: curl/8"});
    assert_true(strncmp(t->client.body.text, "422 ", 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_to_send_files_are_taken),
        cmocka_unit_test(an_accepted_submission_says_where_it_is),
        cmocka_unit_test(a_wrong_request_is_refused),
        cmocka_unit_test(a_wrong_form_is_refused),
        cmocka_unit_test(a_form_with_a_nul_or_too_many_parts_is_refused),
        cmocka_unit_test(a_body_without_measure_is_refused),
        cmocka_unit_test(a_harmful_tarball_is_refused),
        cmocka_unit_test(a_retry_with_the_same_key_is_the_same_submission),
        cmocka_unit_test(a_waiting_post_returns_the_report),
        cmocka_unit_test(curl_gets_text_from_a_post),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, testing_api_setup, testing_api_teardown);
}
