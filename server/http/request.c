#include "server/http/request.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static void make_id(char ret[REQUEST_ID_LENGTH + 1])
{
    unsigned char random[REQUEST_ID_LENGTH / 2];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(ret, REQUEST_ID_LENGTH + 1, random, sizeof random);
}

/* One "name=value" of the query; more than fit are a mistake and not silently dropped. */
static const char *add_query(struct http_request *r, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    const size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    const char *value = equals != NULL ? equals + 1 : text + length;
    if (r->n_query == REQUEST_QUERY_MAX)
        return "the query has too many parameters";
    struct http_pair *pair = &r->query[r->n_query];
    pair->name = route_decode(text, name_length, true, &r->arena);
    pair->value = route_decode(value, (size_t)(text + length - value), true, &r->arena);
    if (pair->name == NULL || pair->value == NULL)
        return "the query has a malformed %XX or a NUL";
    r->n_query++;
    return NULL;
}

static const char *parse_query(struct http_request *r, const char *query)
{
    const char *wrong = NULL;
    for (const char *p = query; *p != '\0' && wrong == NULL;) {
        const size_t length = strcspn(p, "&");
        if (length != 0)
            wrong = add_query(r, p, length);
        p += length + (p[length] == '&');
    }
    return wrong;
}

static void parse_uri(struct http_request *r)
{
    const size_t path_length = strcspn(r->uri, "?");
    struct err why = {0};
    if (route_split(r->uri, path_length, &r->arena, &r->segments, &why) != OK) {
        r->bad_uri = arena_strdup(&r->arena, why.text);
        return;
    }
    if (r->uri[path_length] == '?')
        r->bad_uri = parse_query(r, r->uri + path_length + 1);
}

struct http_request *request_new(struct http_server *server, const char *uri)
{
    struct http_request *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->server = server;
    r->start_ms = wait_now_ms();
    arena_init(&r->arena, REQUEST_ARENA_MAX);
    str_init(&r->body, 0);
    str_init(&r->reply.text, 0);
    str_init(&r->stream.pending, 0);
    make_id(r->id);
    r->uri = arena_strdup(&r->arena, uri);
    if (r->uri == NULL) {
        request_free(r);
        return NULL;
    }
    parse_uri(r);
    return r;
}

void request_free(struct http_request *r)
{
    wait_leave(r->server->room, &r->waiter); /* first: from here on nobody wakes it */
    json_decref(r->json);
    blob_drop(r->reply.blob);
    str_done(&r->body);
    str_done(&r->reply.text);
    str_done(&r->stream.pending);
    arena_done(&r->arena);
    free(r);
}

struct arena *http_arena(struct http_request *r)
{
    return &r->arena;
}

const struct http_route *http_route(const struct http_request *r)
{
    return r->route;
}

const char *http_client(const struct http_request *r)
{
    return r->client;
}

const char *http_param(const struct http_request *r, const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < r->params.count; i++)
        if (r->params.param[i].name_length == length &&
            memcmp(r->params.param[i].name, name, length) == 0)
            return r->params.param[i].value;
    return NULL;
}

const char *http_query(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->n_query; i++)
        if (strcmp(r->query[i].name, name) == 0)
            return r->query[i].value;
    return NULL;
}

const char *http_header(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, name);
}

const void *http_body(const struct http_request *r, size_t *ret_size)
{
    *ret_size = r->body.length;
    return r->body.text;
}

const char *http_media_type(struct http_request *r)
{
    const char *header = http_header(r, "Content-Type");
    if (header == NULL)
        return "";
    char *type = arena_strndup(&r->arena, header, strcspn(header, "; \t"));
    if (type == NULL)
        return "";
    for (char *p = type; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return type;
}

json_t *http_body_json(struct http_request *r)
{
    if (r->json != NULL)
        return r->json;
    if (strcmp(http_media_type(r), "application/json") != 0) {
        http_problem(r, PROBLEM_MEDIA_TYPE, "the body must be application/json");
        return NULL;
    }
    json_error_t error;
    json_t *json = json_loadb(r->body.text, r->body.length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        http_problem(r, PROBLEM_BAD_JSON, "line %d, column %d: %s", error.line, error.column,
                     error.text);
        return NULL;
    }
    r->json = json;
    if (!json_is_object(json)) {
        http_problem_at(r, PROBLEM_BAD_JSON, "", "the body must be a JSON object");
        return NULL;
    }
    return json;
}

bool http_query_u64(struct http_request *r, const char *name, uint64_t max, uint64_t absent,
                    uint64_t *ret)
{
    const char *text = http_query(r, name);
    struct err why = {0};
    *ret = absent;
    if (text == NULL || parse_u64(text, name, 0, max, ret, &why) == OK)
        return true;
    http_problem_at(r, PROBLEM_BAD_QUERY, arena_printf(&r->arena, "?%s", name), "%s", why.text);
    return false;
}

void *http_user(const struct http_request *r)
{
    return r->user;
}

void http_set_user(struct http_request *r, void *user)
{
    r->user = user;
}

bool http_answered(const struct http_request *r)
{
    return r->reply.kind != REPLY_NONE;
}

bool http_wants_text(const struct http_request *r)
{
    const char *accept = http_header(r, "Accept");
    const char *agent = http_header(r, "User-Agent");
    if (accept == NULL || strcmp(accept, "*/*") != 0 || agent == NULL)
        return false;
    return strncmp(agent, "curl/", 5) == 0 || strncmp(agent, "Wget/", 5) == 0;
}

int64_t http_now_ms(void)
{
    return wait_now_ms();
}

bool http_wait(struct http_request *r, int64_t until_ms)
{
    switch (wait_until(r->server->room, &r->waiter, until_ms)) {
    case WAIT_SUSPENDED:
        return true;
    case WAIT_LOOK_AGAIN:
        r->again = true;
        return true;
    case WAIT_OVER:
        return false;
    }
    return false;
}

void http_watch(struct http_request *r, const char *topic)
{
    wait_watch(r->server->room, &r->waiter, topic);
}

void http_wake(struct http_server *s, const char *topic)
{
    wait_wake(s->room, topic);
}
