/* The course as the API shows it, and what happens when its files are wrong. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "server/api/catalogue.h"
#include "server/api/testing.h"
#include "server/api/throttle.h"

static void modules_hold_their_labs(void **state)
{
    struct testing_api *t = *state;
    assert_int_equal(CALL(&t->client, .path = "/api/v1/modules"), 200);
    assert_int_equal(json_integer_value(at(&t->client, "modules.0.module")), 1);
    assert_string_equal(text_at(&t->client, "modules.1.title"), "Module 3");
    assert_string_equal(text_at(&t->client, "modules.1.lessons.0.labs.0"), "3.2");
    assert_string_equal(text_at(&t->client, "modules.1.labs.0.id"), "3.2");
    assert_int_equal(json_array_size(at(&t->client, "modules.1.labs")), 1);
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs"), 200);
    assert_string_equal(text_at(&t->client, "labs.0.slug"), "two-files");
    assert_string_equal(text_at(&t->client, "labs.1.files.0"), "formats.c");
}

static void a_lab_goes_by_id_or_slug(void **state)
{
    struct testing_api *t = *state;
    static const char *const paths[] = {"/api/v1/labs/3.2", "/api/v1/labs/ggml-formats"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(CALL(&t->client, .path = paths[i]), 200);
        assert_string_equal(text_at(&t->client, "id"), "3.2");
        assert_string_equal(text_at(&t->client, "handout"), "# The task\n");
        assert_string_equal(text_at(&t->client, "groups.1.name"), "unseen");
        assert_string_equal(text_at(&t->client, "provided.0.path"), "lab.h");
        assert_int_equal(json_array_size(at(&t->client, "timed.0.tiers")), 0);
    }
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs/3.3"), 404);
}

static void progress_follows_the_best_attempt(void **state)
{
    struct testing_api *t = *state;
    char id[ID_SIZE];
    CALL(&t->client, .path = "/api/v1/labs/3.2");
    assert_string_equal(text_at(&t->client, "status"), "new");
    assert_true(json_is_null(at(&t->client, "best")));
    testing_api_graded(t, "int worse;", id);
    CALL(&t->client, .path = "/api/v1/labs/3.2");
    assert_string_equal(text_at(&t->client, "status"), "started");
    testing_api_graded(t, "/* PASS */", id);
    CALL(&t->client, .path = "/api/v1/labs/3.2");
    assert_string_equal(text_at(&t->client, "status"), "passed");
    assert_int_equal(json_integer_value(at(&t->client, "attempts")), 2);
    assert_string_equal(text_at(&t->client, "best.submission"), id);
    assert_true(json_number_value(at(&t->client, "best.score")) == 100);
}

static void only_what_is_given_out_can_be_read(void **state)
{
    struct testing_api *t = *state;
    static const struct {
        const char *path, *type; /* NULL: not found */
    } table[] = {
        {"lab.h", "text/x-c; charset=utf-8"},
        {"handout.md", "text/markdown; charset=utf-8"},
        {"starter/formats.c", "text/x-c; charset=utf-8"},
        {"starter%2Fformats.c", "text/x-c; charset=utf-8"},
        {"solution/formats.c", NULL},
        {"starter/../solution/formats.c", NULL},
        {"starter/..%2fsolution/formats.c", NULL},
        {"../lab-3.2-ggml-formats/check.c", NULL},
        {"check.c", NULL},
        {"lab.json", NULL},
        {"%2Fetc%2Fpasswd", NULL},
        {"starter", NULL},
        {"starter/", NULL},
        {"./lab.h", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, "/api/v1/labs/3.2/files/%s", table[i].path);
        const long status = CALL(&t->client, .path = path);
        if (status != (table[i].type != NULL ? 200 : 404) ||
            strstr(t->client.body.text, "never to be seen") != NULL)
            fail_msg("%s: %ld %s", table[i].path, status, t->client.body.text);
        if (table[i].type != NULL)
            assert_string_equal(client_header(&t->client, "Content-Type"), table[i].type);
    }
}

static void the_rest_of_the_server_is_polite(void **state)
{
    struct testing_api *t = *state;
    assert_int_equal(CALL(&t->client, .path = "/healthz"), 200);
    assert_string_equal(t->client.body.text, "{\"status\":\"ok\"}\n");
    assert_int_equal(CALL(&t->client, .path = "/labs/3.2"), 200); /* a page of the web app */
    assert_non_null(strstr(t->client.body.text, "<title>graded"));
    assert_int_equal(CALL(&t->client, .path = "/api/v1/nothing"), 404);
    assert_int_equal(CALL(&t->client, .path = "/api/v1/../../etc/passwd"), 404);
    assert_int_equal(CALL(&t->client, .method = "HEAD", .path = "/api/v1/labs"), 200);
    assert_int_equal(t->client.body.length, 0);
    assert_int_equal(CALL(&t->client, .method = "OPTIONS", .path = "/api/v1/labs/3.2/submissions"),
                     204);
    assert_string_equal(client_header(&t->client, "Allow"), "GET, HEAD, POST, OPTIONS");
    assert_int_equal(CALL(&t->client, .method = "PUT", .path = "/api/v1/me"), 405);
}

/* ---- Wrong files ---- */

/* Replaces the first `old` by `new` in a file of the test's course; what api_start says then. */
static void expect_refused(struct testing_api *t, const char *file, const char *old,
                           const char *new_text, const char *says)
{
    struct arena a;
    struct str changed;
    struct catalogue *c = NULL;
    struct err why = {0};
    char path[200], labs[100], *text;
    size_t size;
    arena_init(&a, 100000);
    str_init(&changed, 100000);
    snprintf(path, sizeof path, "%s/labs/%s", t->dir, file);
    snprintf(labs, sizeof labs, "%s/labs", t->dir);
    assert_int_equal(file_read(AT_FDCWD, path, 50000, &a, &text, &size, NULL), OK);
    const char *found = strstr(text, old);
    assert_non_null(found);
    str_add_bytes(&changed, text, (size_t)(found - text));
    str_add(&changed, new_text);
    str_add(&changed, found + strlen(old));
    testing_api_put(t, path + strlen(t->dir) + 1, changed.text);
    const enum err_code rc = catalogue_read(labs, &c, &why);
    if (rc != ERR_FORMAT || strstr(why.text, file) == NULL || strstr(why.text, says) == NULL)
        fail_msg("%s -> %s: %s, %s", old, new_text, err_code_text(rc), why.text);
    testing_api_put(t, path + strlen(t->dir) + 1, text);
    str_done(&changed);
    arena_done(&a);
}

static void a_wrong_manifest_is_named_with_its_key(void **state)
{
    static const char lab[] = "module-3/lab-3.2-ggml-formats/lab.json";
    static const char module[] = "module-3/module.json";
    static const struct {
        const char *file, *old, *new_text, *says;
    } table[] = {
        {lab, "\"slug\":\"ggml-formats\",", "", "slug: the key is missing"},
        {lab, "\"slug\"", "\"slugg\":1,\"slug\"", "unknown key 'slugg'"},
        {lab, "\"pass\":70", "\"pass\":\"70\"", "pass: expected a number from 1 to 100"},
        {lab, "\"pass\":70", "\"pass\":0", "pass: expected a number"},
        {lab, "\"max_bytes\":1000", "\"max_bytes\":1.5", "files[0].max_bytes: expected a whole"},
        {lab, "\"points\":60", "\"points\":61", "groups: the points sum to 101"},
        {lab, "\"visible\":false", "\"visible\":0", "groups[1].visible: expected true or false"},
        {lab, "\"name\":\"unseen\"", "\"name\":\"seen\"", "groups: 'seen' is there twice"},
        {lab, "\"title\":\"Lab 3.2\"", "\"title\":\"\"", "title: expected a text"},
        {lab, "\"stack_bytes\":8388608,", "", "limits.stack_bytes: the key is missing"},
        {lab, "\"module\":3", "\"module\":4", "module: is 4 in the folder of module 3"},
        {lab, "\"id\":\"3.2\"", "\"id\":\"1.2\"", "id: another lab has this id"},
        {lab, "\"needs\":[]", "\"needs\":[7]", "needs[0]: expected a text"},
        {lab, "{\"id\"", "{\"id\" \"id\"", "line 1"},
        {module, "\"hours\":[16,20]", "\"hours\":[16]", "hours: expected two numbers"},
        {module, "\"goal\":\"To know.\",", "", "goal: the key is missing"},
        {module, "\"hours\":4", "\"hours\":-1", "lessons[0].hours: expected a number"},
        {module, "\"lessons\":[{", "\"lessons\":[7,{", "lessons[0]: expected an object"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect_refused(*state, table[i].file, table[i].old, table[i].new_text, table[i].says);
}

static void a_bucket_refills_with_time(void **state)
{
    (void)state;
    struct throttle *t = NULL;
    int64_t wait_ms = 0;
    assert_int_equal(throttle_new(3, 1000, &t, NULL), OK);
    for (int i = 0; i < 3; i++)
        assert_true(throttle_take(t, "ada", 50000, &wait_ms));
    assert_false(throttle_take(t, "ada", 50000, &wait_ms));
    assert_int_equal(wait_ms, 1000);
    assert_true(throttle_take(t, "bob", 50000, &wait_ms));
    assert_false(throttle_take(t, "ada", 50999, &wait_ms));
    assert_true(throttle_take(t, "ada", 51000, &wait_ms));
    assert_false(throttle_take(t, "ada", 51000, &wait_ms));
    throttle_give_back(t, "ada", 51000);
    assert_true(throttle_take(t, "ada", 51000, &wait_ms));
    for (int i = 0; i < 3; i++)
        assert_true(throttle_take(t, "ada", 99000, &wait_ms));
    assert_false(throttle_take(t, "ada", 99000, &wait_ms));
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_hold_their_labs),
        cmocka_unit_test(a_lab_goes_by_id_or_slug),
        cmocka_unit_test(progress_follows_the_best_attempt),
        cmocka_unit_test(only_what_is_given_out_can_be_read),
        cmocka_unit_test(the_rest_of_the_server_is_polite),
        cmocka_unit_test(a_wrong_manifest_is_named_with_its_key),
        cmocka_unit_test(a_bucket_refills_with_time),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, testing_api_setup, testing_api_teardown);
}
