#include <string.h>

#include "server/http/request.h"

enum { STREAM_BEAT_MS = 15000, STREAM_PENDING_MAX = 1024 * 1024, STREAM_BLOCK = 4096 };

/* Fills `pending`; leaves it empty where the connection now sleeps or the stream has ended. */
static void refill(struct http_request *r)
{
    struct stream *s = &r->stream;
    str_clear(&s->pending);
    s->sent = 0;
    while (!s->ended) {
        s->ended = !r->reply.next(r, r->reply.next_context, &s->pending);
        if (s->pending.length != 0 || s->ended)
            break;
        const enum wait_result result = wait_until(r->server->room, &r->waiter, s->beat_ms);
        if (result == WAIT_SUSPENDED)
            return;
        if (result == WAIT_LOOK_AGAIN)
            continue;
        if (wait_closed(r->server->room))
            s->ended = true;
        else
            str_add(&s->pending, ": still here\n\n"); /* tells proxies, and us if nobody listens */
        break;
    }
    s->beat_ms = wait_now_ms() + STREAM_BEAT_MS;
}

static ssize_t read_stream(void *cls, uint64_t position, char *buffer, size_t max)
{
    (void)position;
    struct http_request *r = cls;
    struct stream *s = &r->stream;
    if (s->sent == s->pending.length)
        refill(r);
    size_t n = s->pending.length - s->sent;
    if (n == 0)
        return s->ended ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    if (n > max)
        n = max;
    memcpy(buffer, s->pending.text + s->sent, n);
    s->sent += n;
    r->sent_bytes += n;
    return (ssize_t)n;
}

struct MHD_Response *stream_response(struct http_request *r)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, r, NULL);
}

void http_reply_stream(struct http_request *r, http_stream_next *next, void *context)
{
    if (http_answered(r))
        return;
    r->reply.kind = REPLY_STREAM;
    r->reply.status = MHD_HTTP_OK;
    r->reply.type = "text/event-stream";
    r->reply.cache = "no-store";
    r->reply.next = next;
    r->reply.next_context = context;
    str_init(&r->stream.pending, STREAM_PENDING_MAX);
    r->stream.beat_ms = wait_now_ms() + STREAM_BEAT_MS;
    http_add_header(r, "X-Accel-Buffering", "no"); /* nginx would hold events back */
}
