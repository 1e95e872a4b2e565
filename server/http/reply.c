#include <sodium.h>
#include <string.h>

#include "server/http/gzip.h"
#include "server/http/negotiate.h"
#include "server/http/request.h"

enum { REPLY_TEXT_MAX = 32 * 1024 * 1024, GZIP_LEVEL = 4 };

/* Data never runs, embeds or is embedded, whatever a browser makes of it. */
static const char csp_data[] = "default-src 'none'; frame-ancestors 'none'; sandbox";

void reply_set(struct http_request *r, unsigned status, const char *type, const void *bytes,
               size_t size)
{
    if (http_answered(r))
        return;
    r->reply.kind = REPLY_BYTES;
    r->reply.status = status;
    r->reply.type = type;
    r->reply.bytes = bytes;
    r->reply.size = size;
}

void http_reply(struct http_request *r, unsigned status, const char *type, const void *bytes,
                size_t size)
{
    reply_set(r, status, type, bytes, size);
}

void http_reply_str(struct http_request *r, unsigned status, const char *type, struct str *text)
{
    if (!http_answered(r)) {
        r->reply.text = *text;
        str_init(text, text->max);
        reply_set(r, status, type, r->reply.text.text, r->reply.text.length);
    }
    str_done(text);
}

static int add_json_bytes(const char *bytes, size_t size, void *text)
{
    str_add_bytes(text, bytes, size);
    return ((struct str *)text)->cut ? -1 : 0;
}

void http_reply_json(struct http_request *r, unsigned status, json_t *body)
{
    struct str text;
    str_init(&text, REPLY_TEXT_MAX);
    const int failed = body == NULL || json_dump_callback(body, add_json_bytes, &text,
                                                          JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(body);
    if (failed != 0) { /* no memory, or a text that is not UTF-8: ours to prevent */
        static const char sorry[] =
            "{\"title\":\"The answer could not be written\",\"status\":500}";
        str_done(&text);
        reply_set(r, 500, "application/problem+json", sorry, sizeof sorry - 1);
        return;
    }
    str_add_char(&text, '\n');
    http_reply_str(r, status, "application/json", &text);
}

void http_reply_empty(struct http_request *r, unsigned status)
{
    reply_set(r, status, NULL, "", 0);
}

void http_add_header(struct http_request *r, const char *name, const char *value)
{
    if (value == NULL || strpbrk(value, "\r\n") != NULL ||
        r->reply.n_headers == REQUEST_HEADERS_MAX)
        return;
    r->reply.headers[r->reply.n_headers++] = (struct http_pair){name, value};
}

void http_cache(struct http_request *r, const char *control)
{
    r->reply.cache = control;
}

/* Weak: the same content has one tag, gzipped or not. */
static const char *make_etag(struct http_request *r)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[2 * sizeof hash + 1];
    crypto_generichash(hash, sizeof hash, r->reply.bytes, r->reply.size, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return arena_printf(&r->arena, "W/\"%s\"", hex);
}

/* A read whose content the client already has becomes a 304. */
static void check_etag(struct http_request *r)
{
    const bool read = r->head || strcmp(r->method_name, "GET") == 0;
    if (r->reply.kind != REPLY_BYTES || r->reply.status != 200 || !read)
        return;
    if (r->reply.etag == NULL)
        r->reply.etag = make_etag(r);
    if (r->reply.etag != NULL &&
        negotiate_none_match(http_header(r, "If-None-Match"), r->reply.etag)) {
        r->reply.status = MHD_HTTP_NOT_MODIFIED;
        r->reply.type = NULL;
        r->reply.bytes = "";
        r->reply.size = 0;
        r->reply.gzipped = false;
    }
}

static void compress(struct http_request *r)
{
    struct reply *reply = &r->reply;
    if (reply->kind != REPLY_BYTES || reply->gzipped || reply->type == NULL || r->head ||
        !gzip_helps(reply->type, reply->size) || !negotiate_gzip(http_header(r, "Accept-Encoding")))
        return;
    struct blob *b = gzip_bytes(reply->bytes, reply->size, GZIP_LEVEL);
    if (b == NULL)
        return;
    blob_drop(reply->blob);
    reply->blob = b;
    reply->bytes = b->bytes;
    reply->size = b->size;
    reply->gzipped = true;
}

static void add_headers(const struct http_request *r, struct MHD_Response *response)
{
    const struct reply *reply = &r->reply;
    const struct http_pair headers[] = {
        {"Content-Type", reply->type},
        {"Content-Encoding", reply->gzipped ? "gzip" : NULL},
        {"ETag", reply->etag},
        {"Vary",
         reply->vary != NULL ? reply->vary : "Accept, Accept-Encoding, Authorization, Cookie"},
        {"Cache-Control", reply->cache != NULL ? reply->cache : "private, no-cache"},
        {"X-Request-Id", r->id},
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", reply->csp != NULL ? reply->csp : csp_data},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (headers[i].value != NULL)
            MHD_add_response_header(response, headers[i].name, headers[i].value);
    for (size_t i = 0; i < reply->n_headers; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
}

enum MHD_Result reply_send(struct http_request *r)
{
    check_etag(r);
    compress(r);
    struct MHD_Response *response;
    if (r->reply.kind == REPLY_STREAM) {
        response = stream_response(r);
    } else { /* the bytes live until the request is freed, which is after they are sent */
        response = MHD_create_response_from_buffer(r->reply.size, (void *)(uintptr_t)r->reply.bytes,
                                                   MHD_RESPMEM_PERSISTENT);
        r->sent_bytes = r->head ? 0 : r->reply.size;
    }
    if (response == NULL)
        return MHD_NO;
    add_headers(r, response);
    const enum MHD_Result result = MHD_queue_response(r->connection, r->reply.status, response);
    MHD_destroy_response(response);
    return result;
}
