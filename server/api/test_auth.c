/* Who may do what: sessions, tokens, scopes, other people's things, other sites. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/api/testing.h"

#define JSON    "Content-Type: application/json"
#define SESSION "/api/v1/sessions"

/* Signs in with a client that has no token; returns the Cookie header. */
static const char *sign_in(struct testing_api *t, struct client *c, const char *login)
{
    static char cookie[200];
    char body[200];
    client_open(c, api_port(t->api));
    snprintf(body, sizeof body, "{\"login\":\"%s\",\"password\":\"password of %s\"}", login, login);
    assert_int_equal(CALL(c, .path = SESSION, .body = body, .headers = {JSON}), 201);
    const char *set = client_header(c, "Set-Cookie");
    assert_non_null(set);
    snprintf(cookie, sizeof cookie, "Cookie: %.*s", (int)strcspn(set, ";"), set);
    return cookie;
}

static void a_person_signs_in_and_out(void **state)
{
    struct testing_api *t = *state;
    struct client c;
    const char *cookie = sign_in(t, &c, "ada");
    assert_string_equal(text_at(&c, "user.login"), "ada");
    assert_string_equal(text_at(&c, "user.role"), "learner");
    assert_int_equal(CALL(&c, .path = "/api/v1/me", .headers = {cookie}), 200);
    assert_string_equal(text_at(&c, "user.id"), t->ada.id);
    assert_string_equal(text_at(&c, "cohorts.0.name"), "spring");
    assert_string_equal(text_at(&c, "cohorts.0.role"), "learner");
    assert_int_equal(CALL(&c, .method = "DELETE", .path = SESSION "/current",
                          .headers = {cookie, "Sec-Fetch-Site: same-origin"}),
                     204);
    assert_non_null(strstr(client_header(&c, "Set-Cookie"), "Max-Age=0"));
    assert_int_equal(CALL(&c, .path = "/api/v1/me", .headers = {cookie}), 401);
    client_close(&c);
}

static void the_cookie_is_for_this_site_and_no_script(void **state)
{
    struct client c;
    sign_in(*state, &c, "bob");
    const char *set = client_header(&c, "Set-Cookie");
    assert_true(strncmp(set, "session=", 8) == 0);
    assert_non_null(strstr(set, "; HttpOnly"));
    assert_non_null(strstr(set, "; SameSite=Strict"));
    assert_non_null(strstr(set, "; Path=/;"));
    assert_null(strstr(set, "Domain"));
    client_close(&c);
}

static void a_wrong_sign_in_tells_nothing(void **state)
{
    struct testing_api *t = *state;
    static const struct {
        const char *body;
        long status;
    } table[] = {
        {"{\"login\":\"ada\",\"password\":\"wrong password\"}", 401},
        {"{\"login\":\"nobody\",\"password\":\"wrong password\"}", 401},
        {"{\"login\":\"ada\"}", 400},
        {"{\"login\":7,\"password\":\"x\"}", 400},
        {"{", 400},
    };
    char first[512] = "";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const long status =
            CALL(&t->client, .path = SESSION, .body = table[i].body, .headers = {JSON});
        if (status != table[i].status)
            fail_msg("%s: %ld", table[i].body, status);
        assert_null(client_header(&t->client, "Set-Cookie"));
        if (i == 0)
            snprintf(first, sizeof first, "%s", text_at(&t->client, "detail"));
        if (i == 1)
            assert_string_equal(text_at(&t->client, "detail"), first);
    }
    assert_int_equal(CALL(&t->client, .path = SESSION, .body = "{}"), 415);
}

static void too_many_wrong_sign_ins_must_wait(void **state)
{
    struct testing_api *t = *state;
    static const char body[] = "{\"login\":\"guessed\",\"password\":\"wrong password\"}";
    for (int i = 0; i < 3; i++)
        assert_int_equal(CALL(&t->client, .path = SESSION, .body = body, .headers = {JSON}), 401);
    assert_int_equal(CALL(&t->client, .path = SESSION, .body = body, .headers = {JSON}), 429);
    const char *wait = client_header(&t->client, "Retry-After");
    assert_non_null(wait);
    assert_true(wait[0] >= '1' && wait[0] <= '6' && wait[1] == '\0');
    struct client c; /* others are not concerned */
    sign_in(t, &c, "ines");
    client_close(&c);
}

struct signer {
    pthread_t thread;
    uint16_t port;
    long status;
};

static void *sign_in_at_once(void *arg)
{
    struct signer *s = arg;
    struct client c;
    client_open(&c, s->port);
    s->status = CALL(&c, .path = SESSION, .headers = {JSON},
                     .body = "{\"login\":\"bob\",\"password\":\"password of bob\"}");
    client_close(&c);
    return NULL;
}

static void those_who_sign_in_together_take_turns(void **state)
{
    struct testing_api *t = *state;
    enum { SIGNERS = 3 }; /* as many as a login may try at a time; two are computed at once */
    struct signer signers[SIGNERS];
    for (int i = 0; i < SIGNERS; i++) {
        signers[i].port = api_port(t->api);
        assert_int_equal(pthread_create(&signers[i].thread, NULL, sign_in_at_once, &signers[i]), 0);
    }
    for (int i = 0; i < SIGNERS; i++) {
        pthread_join(signers[i].thread, NULL);
        assert_int_equal(signers[i].status, 201);
    }
}

static void a_session_acts_only_for_its_own_site(void **state)
{
    struct testing_api *t = *state;
    struct client c;
    const char *cookie = sign_in(t, &c, "ada");
    char ours[64];
    snprintf(ours, sizeof ours, "Origin: http://127.0.0.1:%u", api_port(t->api));
    const struct {
        const char *header;
        long status;
    } table[] = {
        {"X-None: x", 403},
        {"Origin: http://evil.example", 403},
        {"Origin: null", 403},
        {"Origin: http://127.0.0.1.evil.example", 403},
        {"Sec-Fetch-Site: cross-site", 403},
        {"Sec-Fetch-Site: same-site", 403},
        {"Sec-Fetch-Site: none", 403},
        {"Sec-Fetch-Site: same-origin", 201},
        {ours, 201},
    };
    static const char body[] = "{\"name\":\"x\",\"scopes\":[\"read\"]}";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const long status = CALL(&c, .path = "/api/v1/tokens", .body = body,
                                 .headers = {JSON, cookie, table[i].header});
        if (status != table[i].status)
            fail_msg("%s: %ld", table[i].header, status);
    }
    const char *sign_in_body = "{\"login\":\"bob\",\"password\":\"password of bob\"}";
    assert_int_equal(CALL(&c, .path = SESSION, .body = sign_in_body,
                          .headers = {JSON, "Origin: http://evil.example"}),
                     403);
    assert_int_equal(CALL(&c, .path = "/api/v1/me", .headers = {cookie}), 200); /* reads are safe */
    client_close(&c);
}

static void a_token_is_shown_once_works_and_is_revoked(void **state)
{
    struct testing_api *t = *state;
    struct client c;
    char cookie[200], bearer[100], path[100];
    snprintf(cookie, sizeof cookie, "%s", sign_in(t, &c, "ada"));
    const char *site = "Sec-Fetch-Site: same-origin";
    assert_int_equal(CALL(&c, .path = "/api/v1/tokens",
                          .body = "{\"name\":\"laptop\",\"scopes\":[\"submit\",\"read\"]}",
                          .headers = {JSON, cookie, site}),
                     201);
    assert_true(strncmp(text_at(&c, "secret"), "grd_", 4) == 0);
    assert_string_equal(text_at(&c, "token.name"), "laptop");
    assert_string_equal(client_header(&c, "Cache-Control"), "no-store");
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", text_at(&c, "secret"));
    snprintf(path, sizeof path, "/api/v1/tokens/%s", text_at(&c, "token.id"));
    assert_int_equal(CALL(&c, .path = "/api/v1/me", .headers = {bearer}), 200);
    assert_int_equal(CALL(&c, .path = "/api/v1/tokens", .headers = {bearer}), 200);
    assert_string_equal(text_at(&c, "tokens.0.name"), "laptop");
    assert_null(strstr(c.body.text, "grd_"));
    assert_int_equal(CALL(&c, .method = "DELETE", .path = path, .headers = {bearer}), 403);
    assert_int_equal(CALL(&c, .method = "DELETE", .path = path, .headers = {cookie, site}), 204);
    assert_int_equal(CALL(&c, .method = "DELETE", .path = path, .headers = {cookie, site}), 404);
    assert_int_equal(CALL(&c, .path = "/api/v1/me", .headers = {bearer}), 401);
    assert_string_equal(client_header(&c, "WWW-Authenticate"), "Bearer realm=\"graded\"");
    client_close(&c);
}

static void a_bad_token_request_names_its_field(void **state)
{
    struct testing_api *t = *state;
    struct client c;
    const char *cookie = sign_in(t, &c, "ada");
    static const struct {
        const char *body, *pointer;
        long status;
    } table[] = {
        {"{\"scopes\":[\"read\"]}", "/name", 422},
        {"{\"name\":\"\",\"scopes\":[\"read\"]}", "/name", 422},
        {"{\"name\":\"x\"}", "/scopes", 422},
        {"{\"name\":\"x\",\"scopes\":[]}", "/scopes", 422},
        {"{\"name\":\"x\",\"scopes\":[\"read\",\"fly\"]}", "/scopes/1", 422},
        {"{\"name\":\"x\",\"scopes\":[7]}", "/scopes/0", 422},
        {"{\"name\":\"x\",\"scopes\":[\"admin\"]}", "/scopes/0", 403},
        {"{\"name\":\"x\",\"scopes\":[\"grade\"]}", "/scopes/0", 403},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const long status = CALL(&c, .path = "/api/v1/tokens", .body = table[i].body,
                                 .headers = {JSON, cookie, "Sec-Fetch-Site: same-origin"});
        if (status != table[i].status ||
            strcmp(text_at(&c, "errors.0.pointer"), table[i].pointer) != 0)
            fail_msg("%s: %ld %s", table[i].body, status, c.body.text);
    }
    client_close(&c);
}

static void a_token_does_what_its_scopes_say(void **state)
{
    struct testing_api *t = *state;
    char read[100], submit[100];
    testing_api_token(t, &t->ada, SCOPE_READ, read, sizeof read);
    testing_api_token(t, &t->ada, SCOPE_SUBMIT, submit, sizeof submit);
    static const char path[] = "/api/v1/labs/3.2/submissions";
    const struct {
        const char *who, *bearer, *body;
        long status;
    } table[] = {
        {"nobody", "X: x", NULL, 401},
        {"an unknown token", "Authorization: Bearer grd_unknown", NULL, 401},
        {"an empty token", "Authorization: Bearer ", NULL, 401},
        {"another scheme", "Authorization: Basic YWRhOmFkYQ==", NULL, 401},
        {"a token to read", read, NULL, 200},
        {"a token to read that submits", read, "int x;", 403},
        {"a token to submit", submit, "int x;", 202},
        {"a token to submit that reads", submit, NULL, 403},
        {"nobody who submits", "X: x", "int x;", 401},
    };
    struct client c;
    client_open(&c, api_port(t->api));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const long status = CALL(&c, .path = path, .body = table[i].body,
                                 .headers = {table[i].bearer, "Content-Type: text/x-c"});
        if (status != table[i].status)
            fail_msg("%s: %ld %s", table[i].who, status, c.body.text);
    }
    client_close(&c);
}

static void what_is_somebody_elses_does_not_exist(void **state)
{
    struct testing_api *t = *state;
    char id[ID_SIZE], path[3][128];
    testing_api_graded(t, "int x; /* FAIL */", id);
    snprintf(path[0], sizeof path[0], "/api/v1/submissions/%s", id);
    snprintf(path[1], sizeof path[1], "/api/v1/submissions/%s/files/formats.c", id);
    snprintf(path[2], sizeof path[2], "/api/v1/submissions/%s/events", id);
    const struct {
        const struct person *who;
        long status;
    } table[] = {{&t->ada, 200}, {&t->bob, 404}, {&t->ines, 200}, {&t->root, 200}};
    struct client c;
    client_open(&c, api_port(t->api));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int k = 0; k < 3; k++)
            if (CALL(&c, .path = path[k], .headers = {table[i].who->bearer}) != table[i].status)
                fail_msg("person %zu, %s: %ld", i, path[k], c.status);
    CALL(&c, .path = path[0], .headers = {t->bob.bearer});
    char ours[600];
    snprintf(ours, sizeof ours, "%s", text_at(&c, "title"));
    CALL(&c, .path = "/api/v1/submissions/01ARZ3NDEKTSV4RRFFQ69G5FAV", .headers = {t->bob.bearer});
    assert_string_equal(text_at(&c, "title"), ours);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_signs_in_and_out),
        cmocka_unit_test(the_cookie_is_for_this_site_and_no_script),
        cmocka_unit_test(a_wrong_sign_in_tells_nothing),
        cmocka_unit_test(too_many_wrong_sign_ins_must_wait),
        cmocka_unit_test(those_who_sign_in_together_take_turns),
        cmocka_unit_test(a_session_acts_only_for_its_own_site),
        cmocka_unit_test(a_token_is_shown_once_works_and_is_revoked),
        cmocka_unit_test(a_bad_token_request_names_its_field),
        cmocka_unit_test(a_token_does_what_its_scopes_say),
        cmocka_unit_test(what_is_somebody_elses_does_not_exist),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, testing_api_setup, testing_api_teardown);
}
