/* Paths, and what clients say they want. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/negotiate.h"
#include "server/http/router.h"

static void handler(struct http_request *r, void *context)
{
    (void)r, (void)context;
}

static const struct http_route routes[] = {
    {HTTP_GET, "/labs", handler, 0, 0},
    {HTTP_GET, "/labs/{id}", handler, 0, 0},
    {HTTP_DELETE, "/labs/{id}", handler, 0, 0},
    {HTTP_GET, "/labs/{id}/files/{path...}", handler, 0, 0},
};

static void a_path_finds_its_route(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int route; /* -1: none */
        const char *value;
        unsigned methods;
    } table[] = {
        {"/labs", 0, NULL, 0},
        {"/labs/3.2", 1, "3.2", 0},
        {"/labs/a%20b", 1, "a b", 0},
        {"/labs/a%2Fb", 1, "a/b", 0}, /* an encoded slash makes no segment */
        {"/labs/3.2/files/starter/a.c", 3, "3.2", 0},
        {"/labs/", -1, NULL, 0},
        {"/labs/3.2/", -1, NULL, 0},
        {"/labs//", -1, NULL, 0},
        {"/labs/3.2/files", -1, NULL, 0},
        {"/labs/3.2/files/", -1, NULL, 0},
        {"/LABS", -1, NULL, 0},
        {"/", -1, NULL, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena a;
        struct route_path path;
        struct route_params params = {0};
        unsigned methods = 0;
        arena_init(&a, 10000);
        assert_int_equal(route_split(table[i].path, strlen(table[i].path), &a, &path, NULL), OK);
        const struct http_route *found =
            route_find(routes, 4, HTTP_GET, &path, &a, &params, &methods);
        const int index = found != NULL ? (int)(found - routes) : -1;
        if (index != table[i].route)
            fail_msg("%s: route %d", table[i].path, index);
        if (table[i].value != NULL)
            assert_string_equal(params.param[0].value, table[i].value);
        if (index == 3)
            assert_string_equal(params.param[1].value, "starter/a.c");
        arena_done(&a);
    }
}

static void another_method_is_told_from_another_path(void **state)
{
    (void)state;
    struct arena a;
    struct route_path path;
    struct route_params params;
    unsigned methods = 0;
    arena_init(&a, 10000);
    assert_int_equal(route_split("/labs/1", 7, &a, &path, NULL), OK);
    assert_null(route_find(routes, 4, HTTP_POST, &path, &a, &params, &methods));
    assert_int_equal(methods, 1u << HTTP_GET | 1u << HTTP_DELETE);
    arena_done(&a);
}

static void a_path_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",     "labs",      "/a%",
        "/a%2", "/a%zz",     "/a%00b",
        "*",    "http://x/", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct arena a;
        struct route_path path;
        arena_init(&a, 10000);
        if (route_split(bad[i], strlen(bad[i]), &a, &path, NULL) == OK)
            fail_msg("'%s' was taken", bad[i]);
        arena_done(&a);
    }
}

static void the_best_welcome_offer_is_taken(void **state)
{
    (void)state;
    static const char *const offers[] = {"application/json", "text/plain",
                                         "application/sarif+json"};
    static const struct {
        const char *accept;
        int best;
    } table[] = {
        {NULL, 0},
        {"", 0},
        {"*/*", 0},
        {"text/plain", 1},
        {"TEXT/Plain", 1},
        {"text/*", 1},
        {"application/*", 0},
        {"text/plain;q=0.5, application/json;q=0.9", 0},
        {"text/plain;q=0.9, application/json;q=0.5", 1},
        {"text/plain; charset=utf-8; q=0.9, */*;q=0.1", 1},
        {"application/json;q=0, */*", 1},
        {"application/sarif+json, */*;q=0.8", 2},
        {"application/json;q=0.001", 0},
        {"image/png", -1},
        {"application/json;q=0", -1},
        {"*/*;q=0", -1},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 0},
        {",,;;q", -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const int best = negotiate_type(table[i].accept, offers, 3);
        if (best != table[i].best)
            fail_msg("'%s' gave %d", table[i].accept, best);
    }
}

static void gzip_is_only_sent_to_who_wants_it(void **state)
{
    (void)state;
    assert_false(negotiate_gzip(NULL));
    assert_false(negotiate_gzip("br, deflate"));
    assert_true(negotiate_gzip("br, GZIP"));
    assert_true(negotiate_gzip("gzip;q=0.1"));
    assert_false(negotiate_gzip("gzip;q=0"));
    assert_true(negotiate_gzip("*"));
    assert_false(negotiate_gzip("gzip;q=0, *"));
}

static void entity_tags_compare_weakly(void **state)
{
    (void)state;
    assert_false(negotiate_none_match(NULL, "W/\"a\""));
    assert_true(negotiate_none_match("\"a\"", "W/\"a\""));
    assert_true(negotiate_none_match("\"b\", W/\"a\"", "W/\"a\""));
    assert_true(negotiate_none_match("*", "W/\"a\""));
    assert_false(negotiate_none_match("\"ab\"", "W/\"a\""));
    assert_false(negotiate_none_match("a", "W/\"a\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_route),
        cmocka_unit_test(another_method_is_told_from_another_path),
        cmocka_unit_test(a_path_that_cannot_be_read_is_refused),
        cmocka_unit_test(the_best_welcome_offer_is_taken),
        cmocka_unit_test(gzip_is_only_sent_to_who_wants_it),
        cmocka_unit_test(entity_tags_compare_weakly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
