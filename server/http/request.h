/* A request's inside, for the files of this folder alone. */
#pragma once

#include <microhttpd.h>
#include <stdatomic.h>

#include "server/http/blob.h"
#include "server/http/http.h"
#include "server/http/router.h"
#include "server/http/wait.h"

enum {
    REQUEST_ARENA_MAX = 32 * 1024 * 1024,
    REQUEST_HEADERS_MAX = 16, /* that an answer adds of its own */
    REQUEST_QUERY_MAX = 16,
    REQUEST_ID_LENGTH = 20,
};

struct http_pair {
    const char *name, *value;
};

enum reply_kind { REPLY_NONE, REPLY_BYTES, REPLY_STREAM };

struct reply { /* what the handler decided; sent by reply_send */
    enum reply_kind kind;
    unsigned status;
    const char *type; /* NULL: no body */
    const void *bytes;
    size_t size;
    struct str text;   /* owns the bytes, where they are not the arena's */
    struct blob *blob; /* or this does */
    const char *etag;  /* NULL: made from the bytes */
    const char *csp;   /* NULL: the one for data */
    const char *cache;
    const char *vary; /* NULL: by all that may matter */
    bool gzipped;     /* the bytes are already */
    struct http_pair headers[REQUEST_HEADERS_MAX];
    size_t n_headers;
    http_stream_next *next;
    void *next_context;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct arena arena;
    char id[REQUEST_ID_LENGTH + 1];
    char client[64];
    int64_t start_ms;

    const char *uri; /* as it came */
    struct route_path segments;
    struct http_pair query[REQUEST_QUERY_MAX];
    size_t n_query;
    const char *bad_uri; /* NULL, or what is wrong with it */

    const char *method_name;
    bool head, begun;
    bool again; /* the handler runs once more: what it waits for has happened */
    const struct http_route *route;
    struct route_params params;
    void *user;
    json_t *json;

    struct str body;
    size_t discarded; /* bytes of a body that nobody wants */

    struct waiter waiter;
    struct reply reply;
    struct stream {
        struct str pending;
        size_t sent; /* bytes of `pending` */
        bool ended;
        int64_t beat_ms; /* when the next heartbeat is due */
    } stream;
    size_t sent_bytes; /* of the body, for the log */
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_config config;
    struct wait_room *room;
    atomic_int active; /* requests between their first line and their end */
    uint16_t port;
};

/* Parses the raw target; afterwards bad_uri tells whether it was any good. */
struct http_request *request_new(struct http_server *server, const char *uri);
void request_free(struct http_request *r);

/* Sends what the handler decided. */
enum MHD_Result reply_send(struct http_request *r);
/* Sets status, type and bytes; the first answer stays. */
void reply_set(struct http_request *r, unsigned status, const char *type, const void *bytes,
               size_t size);

/* Answers with a file of the web app, or does nothing where there is none. */
void static_files_reply(struct static_files *files, struct http_request *r);
struct MHD_Response *stream_response(struct http_request *r);
