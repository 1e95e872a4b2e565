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

/* Replaces the first `old` by `new_text` in a file of the test's course; *ret_before is what it
 * held, the arena's. */
static void spoil(struct testing_api *t, const char *file, const char *old, const char *new_text,
                  struct arena *a, char **ret_before)
{
    struct str changed;
    char path[200];
    size_t size;
    str_init(&changed, 100000);
    snprintf(path, sizeof path, "%s/labs/%s", t->dir, file);
    assert_int_equal(file_read(AT_FDCWD, path, 50000, a, ret_before, &size, NULL), OK);
    const char *found = strstr(*ret_before, old);
    assert_non_null(found);
    str_add_bytes(&changed, *ret_before, (size_t)(found - *ret_before));
    str_add(&changed, new_text);
    str_add(&changed, found + strlen(old));
    testing_api_put(t, path + strlen(t->dir) + 1, changed.text);
    str_done(&changed);
}

static void mend(struct testing_api *t, const char *file, const char *before)
{
    char path[200];
    snprintf(path, sizeof path, "labs/%s", file);
    testing_api_put(t, path, before);
}

static const char lab_file[] = "module-3/lab-3.2-ggml-formats/lab.json";
static const char module_file[] = "module-3/module.json";

static void a_wrong_lab_is_named_with_its_key_and_stands_alone(void **state)
{
    struct testing_api *t = *state;
    static const struct {
        const char *old, *new_text, *says;
    } table[] = {
        {"\"slug\":\"ggml-formats\",", "", "lab.json:1: the file: the key 'slug' is missing"},
        {"\"slug\"", "\"slugg\":1,\"slug\"", "lab.json:1: /slugg: unknown key 'slugg'"},
        {"\"pass\":70", "\"pass\":\"70\"", "lab.json:1: /pass: expected a number from 1 to 100"},
        {"\"points\":60", "\"points\":61", "/groups: the points of groups and timed cases sum to"},
        {"\"module\":3", "\"module\":4", "/module: is 4 in the folder of module 3"},
        {"\"id\":\"3.2\"", "\"id\":\"1.2\"", "/id: another lab has this id"},
        {"\"id\":\"3.2\"", "\"id\":\"3.3\"", "is called lab-3.3-ggml-formats"},
        {"{\"id\"", "{\"id\" \"id\"", "lab.json:1:10: not JSON"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena a;
        struct catalogue *c = NULL;
        char labs[100], *before;
        arena_init(&a, 100000);
        snprintf(labs, sizeof labs, "%s/labs", t->dir);
        spoil(t, lab_file, table[i].old, table[i].new_text, &a, &before);
        assert_int_equal(catalogue_read(labs, &c, NULL), OK);
        const struct lab *other = catalogue_lab(c, "1.2"), *lab = catalogue_lab(c, "ggml-formats");
        assert_true(other != NULL && other->unavailable == NULL && other->detail != NULL);
        assert_true(lab != NULL && lab->module == 3 && lab->detail == NULL);
        if (lab->unavailable == NULL || strstr(lab->unavailable, table[i].says) == NULL)
            fail_msg("%s -> %s: %s", table[i].old, table[i].new_text, lab->unavailable);
        catalogue_free(c);
        mend(t, lab_file, before);
        arena_done(&a);
    }
}

static void a_wrong_module_keeps_its_labs(void **state)
{
    struct testing_api *t = *state;
    struct arena a;
    struct catalogue *c = NULL;
    char labs[100], *before;
    arena_init(&a, 100000);
    snprintf(labs, sizeof labs, "%s/labs", t->dir);
    spoil(t, module_file, "\"hours\":4", "\"hours\":-1", &a, &before);
    assert_int_equal(catalogue_read(labs, &c, NULL), OK);
    assert_int_equal(c->n_modules, 2);
    assert_int_equal(c->modules[1].number, 3);
    assert_non_null(strstr(c->modules[1].fault, "module.json:1: /lessons/0/hours: expected a"));
    assert_null(catalogue_lab(c, "3.2")->unavailable);
    catalogue_free(c);
    mend(t, module_file, before);
    arena_done(&a);
}

/* What each role gets to know of lab 3.2, which cannot be graded. */
static void expect_unavailable(struct testing_api *t, const struct person *who, const char *reason)
{
    static const struct {
        const char *path, *body;
    } refused[] = {{"/api/v1/labs/3.2", NULL},
                   {"/api/v1/labs/ggml-formats", NULL},
                   {"/api/v1/labs/3.2/files/lab.h", NULL},
                   {"/api/v1/labs/3.2/submissions", "PASS"}};
    t->client.always[0] = who->bearer;
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs"), 200);
    assert_string_equal(text_at(&t->client, "labs.1.id"), "3.2");
    assert_true(json_is_true(at(&t->client, "labs.0.available")));
    assert_true(json_is_false(at(&t->client, "labs.1.available")));
    const char *told = text_at(&t->client, "labs.1.unavailable_reason");
    assert_true(reason == NULL ? told == NULL : told != NULL && strstr(told, reason) != NULL);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const long status = CALL(&t->client, .path = refused[i].path, .body = refused[i].body,
                                 .headers = {"Content-Type: text/x-c"});
        assert_int_equal(status, 503);
        assert_string_equal(text_at(&t->client, "type"), "/problems/lab-unavailable");
        const char *detail = text_at(&t->client, "detail");
        assert_non_null(strstr(detail, "lab 3.2"));
        assert_true((strstr(detail, "/pass") != NULL) == (reason != NULL));
    }
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs/3.2/submissions"), 200);
}

static void an_unavailable_lab_is_marked_and_takes_nothing_while_others_do(void **state)
{
    struct testing_api *t = *state;
    struct arena a;
    char *before;
    arena_init(&a, 100000);
    spoil(t, lab_file, "\"pass\":70", "\"pass\":\"70\"", &a, &before);
    testing_api_restart(t);
    const size_t count = testing_api_count(t);
    expect_unavailable(t, &t->ada, NULL);
    expect_unavailable(t, &t->ines, "lab.json:1: /pass: expected a number from 1 to 100");
    assert_int_equal(testing_api_count(t), count);
    t->client.always[0] = t->ada.bearer;
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs/1.2"), 200);
    mend(t, lab_file, before);
    testing_api_restart(t);
    assert_int_equal(CALL(&t->client, .path = "/api/v1/labs/3.2"), 200);
    arena_done(&a);
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
        cmocka_unit_test(a_wrong_lab_is_named_with_its_key_and_stands_alone),
        cmocka_unit_test(a_wrong_module_keeps_its_labs),
        cmocka_unit_test(an_unavailable_lab_is_marked_and_takes_nothing_while_others_do),
        cmocka_unit_test(a_bucket_refills_with_time),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, testing_api_setup, testing_api_teardown);
}
