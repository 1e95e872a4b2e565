/* The HTTP server: connections, routes, bodies, answers. It knows nothing of what it serves.
 *
 * A handler reads from its request and answers once with one http_reply_*, http_problem* or
 * http_reply_stream; or it calls http_wait and is called again later. Handlers run on a few worker
 * threads, each of which serves many connections: they may do a quick read or wait for a commit,
 * but never for another person.
 *
 * Everything an accessor returns is borrowed until the request ends. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct http_request;
struct http_server;
struct static_files;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

/* Every problem that an answer can name, with its status: problem.def. */
enum http_problem {
#define PROBLEM(name, status, slug, title) name,
#include "server/http/problem.def"
#undef PROBLEM
};

/* ---- Server ---- */

typedef void http_handler(struct http_request *r, void *context);

struct http_route {
    enum http_method method; /* GET answers HEAD too; OPTIONS is answered for all routes */
    const char *pattern;     /* "/labs/{id}/files/{path...}": a name is one segment, or the rest */
    http_handler *handler;
    size_t body_max; /* bytes; 0: takes no body */
    unsigned access; /* the caller's mark, for `admit` */
};

enum { HTTP_THREADS_MAX = 64 };
struct http_config {
    const char *address; /* numeric IPv4 or IPv6: "127.0.0.1" */
    uint16_t port;       /* 0: any free one; http_port() tells */
    unsigned threads;
    unsigned connections;            /* at most, in all */
    const struct http_route *routes; /* the caller's until http_stop */
    size_t n_routes;
    /* Called when the headers of a matched request are there and before any body is taken; it may
     * answer, and then the body is thrown away. NULL: all are welcome. */
    http_handler *admit;
    void *context;              /* for admit and the handlers */
    const char *api_prefix;     /* below it, unknown paths are problems, never files */
    struct static_files *files; /* what GETs outside the routes see; NULL: nothing */
    int log_fd;                 /* one line a request; -1: none */
};

MUST_CHECK enum err_code http_start(const struct http_config *config, struct http_server **ret,
                                    struct err *why);
uint16_t http_port(const struct http_server *s);
/* Takes no new connections, ends waits and streams, then returns; NULL is nothing to stop. */
void http_stop(struct http_server *s);

/* ---- Request ---- */

struct arena *http_arena(struct http_request *r);
const struct http_route *http_route(const struct http_request *r);
const char *http_client(const struct http_request *r); /* numeric address */
/* Decoded; NULL: absent. A decoded value holds no NUL: such a request is refused before. */
const char *http_param(const struct http_request *r, const char *name);
const char *http_query(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);
const char *http_cookie(const struct http_request *r, const char *name);
const void *http_body(const struct http_request *r, size_t *ret_size);
/* The lower-case media type of the body without its parameters; "" where none is named. */
const char *http_media_type(struct http_request *r);
/* The body as a JSON object; NULL: it was none, and the problem is answered. */
json_t *http_body_json(struct http_request *r);
/* A whole number in the query, `absent` where it is not given. False: the problem is answered. */
bool http_query_u64(struct http_request *r, const char *name, uint64_t max, uint64_t absent,
                    uint64_t *ret);
/* What `admit` found out, for the handler; the memory is the arena's. */
void *http_user(const struct http_request *r);
void http_set_user(struct http_request *r, void *user);
bool http_answered(const struct http_request *r);
/* For people at a terminal: they accept anything, and the client is curl. */
bool http_wants_text(const struct http_request *r);

/* ---- Answers ---- */

/* `bytes` must live as long as the request: the arena's, or for ever. */
void http_reply(struct http_request *r, unsigned status, const char *type, const void *bytes,
                size_t size);
/* Takes what is in `text`, and leaves it empty. */
void http_reply_str(struct http_request *r, unsigned status, const char *type, struct str *text);
/* Takes the reference. */
void http_reply_json(struct http_request *r, unsigned status, json_t *body);
void http_reply_empty(struct http_request *r, unsigned status);
/* Before or after the reply. Neither may hold a line end; such a header is dropped. */
void http_add_header(struct http_request *r, const char *name, const char *value);
/* Cache-Control of the reply; without it "private, no-cache". */
void http_cache(struct http_request *r, const char *control);

void http_problem(struct http_request *r, enum http_problem problem, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same about one field of what was sent, named by a JSON pointer: "/files/0/name". */
void http_problem_at(struct http_request *r, enum http_problem problem, const char *pointer,
                     const char *format, ...) PRINTF_LIKE(4, 5);
/* From an error of ours; internal kinds are logged and told to the client without their story. */
void http_problem_err(struct http_request *r, const struct err *why);

/* ---- Waiting: no thread is held meanwhile ---- */

int64_t http_now_ms(void); /* monotonic */
/* From now on http_wake(topic) reaches this request. Call it before looking at what is watched, so
 * that no change falls between the look and the wait. One topic per request. */
void http_watch(struct http_request *r, const char *topic);
/* True: return, the handler is called again when the topic is woken or at `until_ms` (http_now_ms).
 * A wake since the last call counts. False: the time is over or the server stops; answer now. */
bool http_wait(struct http_request *r, int64_t until_ms);
/* Any thread: those who watch the topic look again. Never blocks for long, calls nothing of the
 * caller's. */
void http_wake(struct http_server *s, const char *topic);

/* Appends what is new to `out`; nothing: waits for the watched topic. False: that was the last. The
 * answer is text/event-stream; a comment line goes out every 15 s of silence. `context` is the
 * arena's. */
typedef bool http_stream_next(struct http_request *r, void *context, struct str *out);
void http_reply_stream(struct http_request *r, http_stream_next *next, void *context);
