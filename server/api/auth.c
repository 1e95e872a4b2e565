#include <string.h>
#include <strings.h>

#include "server/api/inside.h"
#include "server/api/view.h"
#include "server/store/session.h"

enum { SESSION_LIFETIME_S = 14 * 24 * 3600, SIGN_IN_POLL_MS = 40, SIGN_INS_AT_ONCE = 2 };

static const char cookie_name[] = "session";

/* ---- Does an unsafe request come from our own pages? ---- */

/* "https://host:port" against "host:port". */
static bool same_host(const char *origin, const char *host)
{
    const char *colon = strstr(origin, "://");
    return host != NULL && colon != NULL && strcasecmp(colon + 3, host) == 0;
}

enum origin { ORIGIN_OURS, ORIGIN_FOREIGN, ORIGIN_UNKNOWN };

/* Browsers say where a request comes from in a header that no page can set. */
static enum origin origin_of(const struct http_request *r)
{
    const char *site = http_header(r, "Sec-Fetch-Site");
    const char *origin = http_header(r, "Origin");
    if (site != NULL)
        return strcmp(site, "same-origin") == 0 ? ORIGIN_OURS : ORIGIN_FOREIGN;
    if (origin != NULL)
        return same_host(origin, http_header(r, "Host")) ? ORIGIN_OURS : ORIGIN_FOREIGN;
    return ORIGIN_UNKNOWN;
}

/* False: refused. Without a cookie to abuse, a request that tells no origin (curl) is fine. */
static bool check_origin(struct http_request *r)
{
    if (http_route(r)->method == HTTP_GET)
        return true;
    const enum origin origin = origin_of(r);
    if (origin == ORIGIN_OURS || (origin == ORIGIN_UNKNOWN && http_cookie(r, cookie_name) == NULL))
        return true;
    http_problem(r, PROBLEM_CROSS_SITE,
                 "with a session cookie, send Origin or Sec-Fetch-Site of this site");
    return false;
}

/* ---- Who is it? ---- */

static const char *bearer_token(const struct http_request *r)
{
    const char *header = http_header(r, "Authorization");
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    return header + 7 + strspn(header + 7, " ");
}

static void admit_token(struct http_request *r, struct api *api, struct caller *caller,
                        const char *secret)
{
    const unsigned needed = http_route(r)->access;
    unsigned scopes = 0;
    struct err why = {0};
    caller->by_token = true;
    if (token_lookup(api->config.store, secret, http_arena(r), &caller->user, &scopes, &why) != OK)
        http_problem_err(r, &why);
    else if (needed == ACCESS_SESSION)
        http_problem(r, PROBLEM_FORBIDDEN, "tokens are managed by people who signed in");
    else if ((scopes & needed) != needed)
        http_problem(r, PROBLEM_FORBIDDEN, "the token lacks the scope '%s'",
                     scope_word((enum token_scope)needed));
}

static void admit_session(struct http_request *r, struct api *api, struct caller *caller)
{
    const char *secret = http_cookie(r, cookie_name);
    struct err why = {0};
    if (secret == NULL)
        http_problem(r, PROBLEM_UNAUTHENTICATED, "send a token as 'Authorization: Bearer ...'");
    else if (check_origin(r) &&
             session_lookup(api->config.store, secret, http_arena(r), &caller->user, &why) != OK)
        http_problem_err(r, &why);
}

void auth_admit(struct http_request *r, void *context)
{
    if (http_route(r)->access == ACCESS_PUBLIC) {
        check_origin(r);
        return;
    }
    struct caller *caller = arena_alloc(http_arena(r), sizeof *caller);
    if (caller == NULL) {
        http_problem(r, PROBLEM_UNAVAILABLE, "out of memory");
        return;
    }
    http_set_user(r, caller);
    const char *secret = bearer_token(r);
    if (secret != NULL)
        admit_token(r, context, caller, secret);
    else
        admit_session(r, context, caller);
}

/* ---- Signing in and out ---- */

static void set_cookie(struct http_request *r, const struct api *api, const char *secret,
                       int lifetime_s)
{
    http_add_header(r, "Set-Cookie",
                    arena_printf(http_arena(r),
                                 "%s=%s; Max-Age=%d; Path=/; HttpOnly; SameSite=Strict%s",
                                 cookie_name, secret, lifetime_s,
                                 api->config.secure_cookies ? "; Secure" : ""));
}

/* False: too many tries, and the problem is answered. */
static bool throttle_sign_in(struct http_request *r, struct api *api, const char *login)
{
    const int64_t now_ms = http_now_ms();
    int64_t wait_ms;
    if (throttle_take(api->addresses, http_client(r), now_ms, &wait_ms)) {
        if (throttle_take(api->logins, login, now_ms, &wait_ms))
            return true;
        throttle_give_back(api->addresses, http_client(r), now_ms);
    }
    http_add_header(r, "Retry-After",
                    arena_printf(http_arena(r), "%lld", (long long)(wait_ms + 999) / 1000));
    http_problem(r, PROBLEM_TOO_MANY, "too many tries to sign in: wait %lld s",
                 (long long)(wait_ms + 999) / 1000);
    return false;
}

static void sign_in(struct http_request *r, struct api *api, const char *login,
                    const char *password)
{
    struct user user;
    struct err why = {0};
    char secret[SESSION_SECRET_SIZE];
    struct store *store = api->config.store;
    enum err_code rc = user_verify_password(store, login, password, http_arena(r), &user, &why);
    if (rc == OK)
        rc = session_create(store, user.id, (int64_t)SESSION_LIFETIME_S * 1000, secret, &why);
    if (rc != OK) {
        http_problem_err(r, &why);
        return;
    }
    throttle_give_back(api->logins, login, http_now_ms());
    throttle_give_back(api->addresses, http_client(r), http_now_ms());
    set_cookie(r, api, arena_strdup(http_arena(r), secret), SESSION_LIFETIME_S);
    http_reply_json(r, 201, json_pack("{s:o}", "user", view_user(&user)));
}

/* Takes one of the places where passwords are computed. False: call again, the request waits. */
static bool enter_sign_in(struct http_request *r, struct api *api)
{
    if (atomic_fetch_add(&api->signing_in, 1) < SIGN_INS_AT_ONCE)
        return true;
    atomic_fetch_sub(&api->signing_in, 1);
    if (http_wait(r, http_now_ms() + SIGN_IN_POLL_MS))
        return false;
    atomic_fetch_add(&api->signing_in, 1); /* the server stops: no more waiting */
    return true;
}

void session_create_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    json_t *body = http_body_json(r);
    if (body == NULL)
        return;
    const char *login = json_string_value(json_object_get(body, "login"));
    const char *password = json_string_value(json_object_get(body, "password"));
    if (login == NULL || password == NULL) {
        http_problem_at(r, PROBLEM_BAD_JSON, login == NULL ? "/login" : "/password",
                        "expected a string");
        return;
    }
    if (http_user(r) == NULL && !throttle_sign_in(r, api, login))
        return;
    http_set_user(r, body); /* counted, though it may wait and come here again */
    /* A password takes a tenth of a second of a core. Others wait without holding a thread, so
     * that a flood of sign-ins does not stop those who are in already. */
    if (!enter_sign_in(r, api))
        return;
    sign_in(r, api, login, password);
    atomic_fetch_sub(&api->signing_in, 1);
}

void session_delete_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    const char *secret = http_cookie(r, cookie_name);
    struct err why = {0};
    if (secret != NULL && session_delete(api->config.store, secret, &why) != OK) {
        http_problem_err(r, &why);
        return;
    }
    set_cookie(r, api, "", 0);
    http_reply_empty(r, 204);
}
