/* openapi.json against the server: every route both ways, and real answers against the schemas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/api/inside.h"
#include "server/api/testing.h"

struct fixture {
    struct testing_api t;
    json_t *doc;
};
static struct fixture fixture;

static int setup(void **state)
{
    testing_api_open(&fixture.t);
    CALL(&fixture.t.client, .path = "/api/v1/openapi.json");
    fixture.doc = json_deep_copy(fixture.t.client.json);
    assert_non_null(fixture.doc);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    testing_api_close(&fixture.t);
    json_decref(fixture.doc);
    return 0;
}

/* ---- Routes ---- */

static const char *method_key(enum http_method method)
{
    static const char *const keys[] = {[HTTP_GET] = "get",
                                       [HTTP_POST] = "post",
                                       [HTTP_PUT] = "put",
                                       [HTTP_PATCH] = "patch",
                                       [HTTP_DELETE] = "delete"};
    return keys[method];
}

/* "/files/{path...}" is "/files/{path}" there. */
static void described_path(const char *pattern, char ret[128])
{
    snprintf(ret, 128, "%s", pattern);
    char *rest = strstr(ret, "...}");
    if (rest != NULL)
        memmove(rest, rest + 3, strlen(rest + 3) + 1);
}

static json_t *operation(const json_t *doc, const char *path, const char *method)
{
    return json_object_get(json_object_get(json_object_get(doc, "paths"), path), method);
}

static void every_route_is_described(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < api_n_routes; i++) {
        char path[128];
        described_path(api_routes[i].pattern, path);
        const char *method = method_key(api_routes[i].method);
        const json_t *op = operation(f->doc, path, method);
        if (op == NULL)
            fail_msg("%s %s is not in openapi.json", method, path);
        if ((json_object_get(op, "requestBody") != NULL) != (api_routes[i].body_max != 0))
            fail_msg("%s %s: one of both takes a body", method, path);
        if ((json_array_size(json_object_get(op, "security")) == 0) !=
            (api_routes[i].access == ACCESS_PUBLIC))
            fail_msg("%s %s: one of both is public", method, path);
    }
}

static void every_description_has_its_route(void **state)
{
    struct fixture *f = *state;
    const char *path, *method;
    json_t *item, *op;
    json_object_foreach(json_object_get(f->doc, "paths"), path, item)
        json_object_foreach(item, method, op)
    {
        bool found = false;
        for (size_t i = 0; i < api_n_routes && !found; i++) {
            char described[128];
            described_path(api_routes[i].pattern, described);
            found = strcmp(described, path) == 0 &&
                    strcmp(method_key(api_routes[i].method), method) == 0;
        }
        if (!found)
            fail_msg("the server has no %s %s", method, path);
    }
}

static void the_report_is_the_graders(void **state)
{
    struct fixture *f = *state;
    json_t *schema = json_load_file("grader/report/report.schema.json", 0, NULL);
    assert_non_null(schema);
    json_object_del(schema, "$schema");
    const json_t *schemas = json_object_get(json_object_get(f->doc, "components"), "schemas");
    if (!json_equal(schema, json_object_get(schemas, "Report")))
        fail_msg("components.schemas.Report is not grader/report/report.schema.json");
    json_decref(schema);
}

/* ---- The part of JSON Schema that openapi.json uses ---- */

struct place {
    const json_t *root; /* what "#/..." refers to */
    char path[256];     /* in the answer */
    char wrong[400];    /* "": nothing yet */
};

static bool fits(const json_t *value, const json_t *schema, struct place *p);

static bool refuse(struct place *p, const char *why)
{
    if (p->wrong[0] == '\0')
        snprintf(p->wrong, sizeof p->wrong, "%.200s: %.150s", p->path, why);
    return false;
}

static const json_t *resolve(const json_t *root, const char *reference)
{
    for (const char *s = strchr(reference, '/'); s != NULL && root != NULL;
         s = strchr(s + 1, '/')) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(s + 1, "/"), s + 1);
        root = json_object_get(root, key);
    }
    return root;
}

static bool has_type(const json_t *value, const char *type)
{
    return (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "null") == 0 && json_is_null(value));
}

static bool fits_type(const json_t *value, const json_t *type)
{
    if (json_is_string(type))
        return has_type(value, json_string_value(type));
    bool any = type == NULL;
    for (size_t i = 0; i < json_array_size(type); i++)
        any = any || has_type(value, json_string_value(json_array_get(type, i)));
    return any;
}

static bool fits_values(const json_t *value, const json_t *schema)
{
    const json_t *list = json_object_get(schema, "enum"), *only = json_object_get(schema, "const");
    const json_t *least = json_object_get(schema, "minimum");
    bool any = list == NULL;
    for (size_t i = 0; i < json_array_size(list); i++)
        any = any || json_equal(value, json_array_get(list, i));
    return any && (only == NULL || json_equal(value, only)) &&
           (least == NULL || !json_is_number(value) ||
            json_number_value(value) >= json_number_value(least));
}

static bool fits_any(const json_t *value, const json_t *schemas, struct place *p)
{
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        struct place attempt = {.root = p->root};
        if (fits(value, json_array_get(schemas, i), &attempt))
            return true;
        if (i + 1 == json_array_size(schemas))
            return refuse(p, attempt.wrong);
    }
    return true;
}

static bool fits_object(const json_t *value, const json_t *schema, struct place *p)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(required); i++)
        if (json_object_get(value, json_string_value(json_array_get(required, i))) == NULL)
            return refuse(p, json_string_value(json_array_get(required, i)));
    const char *key;
    json_t *inner;
    const size_t length = strlen(p->path);
    json_object_foreach((json_t *)(uintptr_t)value, key, inner)
    {
        const json_t *rule = json_object_get(properties, key);
        snprintf(p->path + length, sizeof p->path - length, ".%s", key);
        if (rule == NULL && json_is_false(json_object_get(schema, "additionalProperties")))
            return refuse(p, "the schema does not know this key");
        if (rule != NULL && !fits(inner, rule, p))
            return false;
    }
    p->path[length] = '\0';
    return true;
}

static bool fits(const json_t *value, const json_t *schema, struct place *p)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    const json_t *outer = p->root, *items = json_object_get(schema, "items");
    if (json_object_get(schema, "$id") != NULL)
        p->root = schema;
    bool ok = true;
    if (reference != NULL) {
        const json_t *target = resolve(p->root, reference);
        ok = target != NULL ? fits(value, target, p) : refuse(p, reference);
    }
    if (ok && (!fits_type(value, json_object_get(schema, "type")) || !fits_values(value, schema)))
        ok = refuse(p, "another type or value");
    if (ok && json_is_object(value))
        ok = fits_object(value, schema, p);
    for (size_t i = 0; ok && items != NULL && i < json_array_size(value); i++)
        ok = fits(json_array_get(value, i), items, p);
    ok = ok && fits_any(value, json_object_get(schema, "anyOf"), p);
    p->root = outer;
    return ok;
}

/* The answer that the client has just had, against what is described for it. */
static void check_answer(struct fixture *f, struct client *c, const char *method, const char *path)
{
    char status[8], type[128];
    struct place p = {.root = f->doc, .path = "answer"};
    const json_t *op = operation(f->doc, path, method);
    snprintf(status, sizeof status, "%ld", c->status);
    const json_t *response = json_object_get(json_object_get(op, "responses"), status);
    const char *reference = json_string_value(json_object_get(response, "$ref"));
    if (reference != NULL)
        response = resolve(f->doc, reference);
    if (response == NULL)
        fail_msg("%s %s: %s is not described", method, path, status);
    const char *header = client_header(c, "Content-Type");
    if (header == NULL) {
        assert_null(json_object_get(response, "content"));
        return;
    }
    snprintf(type, sizeof type, "%.*s", (int)strcspn(header, ";"), header);
    const json_t *media = json_object_get(json_object_get(response, "content"), type);
    if (media == NULL)
        fail_msg("%s %s: %s with %s is not described", method, path, status, type);
    const bool is_json = strstr(type, "json") != NULL;
    if (is_json && !fits(c->json, json_object_get(media, "schema"), &p))
        fail_msg("%s %s: %s: %s\n%s", method, path, status, p.wrong, c->body.text);
}

static void real_answers_are_as_described(void **state)
{
    struct fixture *f = *state;
    struct client *c = &f->t.client;
    char id[ID_SIZE], url[128];
    testing_api_graded(&f->t, "int described;", id);
    check_answer(f, c, "post", "/api/v1/labs/{id}/submissions");
    testing_api_submit(&f->t, "int pending;", id);
    check_answer(f, c, "post", "/api/v1/labs/{id}/submissions");
    testing_api_graded(&f->t, "/* PASS */", id);
    static const struct {
        const char *method, *path, *url; /* %s is the submission */
        const char *header;
        long status;
    } table[] = {
        {"get", "/healthz", "/healthz", NULL, 200},
        {"get", "/api/v1/openapi.json", "/api/v1/openapi.json", NULL, 200},
        {"get", "/api/v1/me", "/api/v1/me", NULL, 200},
        {"get", "/api/v1/tokens", "/api/v1/tokens", NULL, 200},
        {"get", "/api/v1/modules", "/api/v1/modules", NULL, 200},
        {"get", "/api/v1/labs", "/api/v1/labs", NULL, 200},
        {"get", "/api/v1/labs/{id}", "/api/v1/labs/3.2", NULL, 200},
        {"get", "/api/v1/labs/{id}", "/api/v1/labs/9", NULL, 404},
        {"get", "/api/v1/labs/{id}/files/{path}", "/api/v1/labs/3.2/files/lab.h", NULL, 200},
        {"get", "/api/v1/labs/{id}/submissions", "/api/v1/labs/3.2/submissions", NULL, 200},
        {"get", "/api/v1/labs/{id}/submissions", "/api/v1/labs/3.2/submissions?limit=0", NULL, 400},
        {"get", "/api/v1/submissions/{id}", "/api/v1/submissions/%s", NULL, 200},
        {"get", "/api/v1/submissions/{id}", "/api/v1/submissions/%s", "Accept: text/plain", 200},
        {"get", "/api/v1/submissions/{id}", "/api/v1/submissions/%s", "Accept: image/png", 406},
        {"get", "/api/v1/submissions/{id}", "/api/v1/submissions/%s",
         "Accept: application/sarif+json", 200},
        {"get", "/api/v1/submissions/{id}", "/api/v1/submissions/%s",
         "Accept: application/junit+xml", 200},
        {"get", "/api/v1/submissions/{id}", "/api/v1/submissions/%s?wait=x", NULL, 400},
        {"get", "/api/v1/submissions/{id}/{report}", "/api/v1/submissions/%s/report.json", NULL,
         200},
        {"get", "/api/v1/submissions/{id}/{report}", "/api/v1/submissions/%s/report.md", NULL, 200},
        {"get", "/api/v1/submissions/{id}/{report}", "/api/v1/submissions/%s/report.pdf", NULL,
         404},
        {"get", "/api/v1/submissions/{id}/events", "/api/v1/submissions/%s/events", NULL, 200},
        {"get", "/api/v1/submissions/{id}/events", "/api/v1/submissions/%s/events",
         "Last-Event-ID: 99999999", 204},
        {"get", "/api/v1/submissions/{id}/files/{name}", "/api/v1/submissions/%s/files/formats.c",
         NULL, 200},
        {"delete", "/api/v1/tokens/{id}", "/api/v1/tokens/x", NULL, 403},
        {"delete", "/api/v1/sessions/current", "/api/v1/sessions/current", NULL, 204},
        {"post", "/api/v1/sessions", "/api/v1/sessions", NULL, 415},
        {"post", "/api/v1/tokens", "/api/v1/tokens", NULL, 403},
        {"post", "/api/v1/labs/{id}/submissions", "/api/v1/labs/3.2/submissions", NULL, 415},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *before = strstr(table[i].url, "%s");
        const int length =
            before != NULL ? (int)(before - table[i].url) : (int)strlen(table[i].url);
        snprintf(url, sizeof url, "%.*s%s%s", length, table[i].url, before != NULL ? id : "",
                 before != NULL ? before + 2 : "");
        const char *body = strcmp(table[i].method, "post") == 0 ? "x" : NULL;
        CALL(c, .method = strcmp(table[i].method, "delete") == 0 ? "DELETE" : NULL, .path = url,
             .body = body, .headers = {table[i].header});
        if (c->status != table[i].status)
            fail_msg("%s %s: %ld %s", table[i].method, url, c->status, c->body.text);
        check_answer(f, c, table[i].method, table[i].path);
    }
}

static void signing_in_is_as_described(void **state)
{
    struct fixture *f = *state;
    struct client c;
    char cookie[200];
    client_open(&c, api_port(f->t.api));
    CALL(&c, .path = "/api/v1/me");
    check_answer(f, &c, "get", "/api/v1/me");
    assert_int_equal(c.status, 401);
    const char *json = "Content-Type: application/json", *site = "Sec-Fetch-Site: same-origin";
    CALL(&c, .path = "/api/v1/sessions",
         .body = "{\"login\":\"ada\",\"password\":\"password of ada\"}", .headers = {json});
    check_answer(f, &c, "post", "/api/v1/sessions");
    assert_int_equal(c.status, 201);
    const char *set = client_header(&c, "Set-Cookie");
    snprintf(cookie, sizeof cookie, "Cookie: %.*s", (int)strcspn(set, ";"), set);
    CALL(&c, .path = "/api/v1/tokens", .body = "{\"name\":\"x\",\"scopes\":[\"read\"]}",
         .headers = {json, cookie, site});
    check_answer(f, &c, "post", "/api/v1/tokens");
    assert_int_equal(c.status, 201);
    client_close(&c);
}

static void the_validator_finds_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *schema, *value;
        bool ok;
    } table[] = {
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],"
         "\"additionalProperties\":false}",
         "{\"a\":\"x\"}", true},
        {"{\"type\":\"object\",\"required\":[\"a\"]}", "{}", false},
        {"{\"type\":\"object\",\"additionalProperties\":false}", "{\"a\":1}", false},
        {"{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", "[1,\"2\"]", false},
        {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", "null", true},
        {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", "7", false},
        {"{\"enum\":[\"a\",\"b\"]}", "\"c\"", false},
        {"{\"type\":\"integer\",\"minimum\":0}", "-1", false},
        {"{\"$ref\":\"#/components/schemas/User\"}", "{\"id\":\"x\"}", false},
        {"{\"$ref\":\"#/nowhere\"}", "1", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct place p = {.root = f->doc};
        json_t *schema = json_loads(table[i].schema, 0, NULL);
        json_t *value = json_loads(table[i].value, JSON_DECODE_ANY, NULL);
        if (fits(value, schema, &p) != table[i].ok)
            fail_msg("%s against %s", table[i].value, table[i].schema);
        json_decref(schema);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(every_description_has_its_route),
        cmocka_unit_test(the_report_is_the_graders),
        cmocka_unit_test(the_validator_finds_what_is_wrong),
        cmocka_unit_test(real_answers_are_as_described),
        cmocka_unit_test(signing_in_is_as_described),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, setup, teardown);
}
