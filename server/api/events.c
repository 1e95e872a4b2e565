/* A submission's events as server-sent events. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "server/api/inside.h"
#include "server/api/view.h"

enum { EVENTS_SCRATCH_MAX = 16 * 1024 * 1024, STREAM_TURN_MAX = 256 * 1024 };

struct following {
    struct api *api;
    char id[ID_SIZE];
    int64_t after; /* seq of the last event that was sent */
    bool greeted;
};

/* What the submission is now. It has no id: a client that resumes counts the grader's events. */
static void add_state(struct http_request *r, const struct following *f, struct str *out)
{
    struct submission sub;
    if (submission_get(f->api->config.store, f->id, http_arena(r), &sub, NULL) != OK)
        return;
    str_printf(out, "event: state\ndata: {\"state\":\"%s\",\"queue_position\":",
               submission_state_word(sub.state));
    if (sub.queue_position != 0)
        str_printf(out, "%lld}\n\n", (long long)sub.queue_position);
    else
        str_add(out, "null}\n\n");
}

static void add_event(const struct event *e, struct str *out)
{
    str_printf(out, "id: %lld\nevent: %s\ndata: %s\n\n", (long long)e->seq, e->name, e->json);
}

/* Sends events until all are sent or the turn is full; returns how many. */
static size_t add_events(struct http_request *r, struct following *f, const struct event *events,
                         size_t n, struct str *out)
{
    size_t i = 0;
    for (; i < n && out->length < STREAM_TURN_MAX; i++) {
        f->after = events[i].seq;
        if (strcmp(events[i].name, "state") == 0)
            add_state(r, f, out);
        else
            add_event(&events[i], out);
    }
    return i;
}

static bool follow(struct http_request *r, void *context, struct str *out)
{
    struct following *f = context;
    struct arena scratch;
    struct event *events;
    size_t n = 0, sent = 0;
    bool finished = false;
    if (!f->greeted)
        add_state(r, f, out);
    f->greeted = true;
    arena_init(&scratch, EVENTS_SCRATCH_MAX);
    const enum err_code rc = dispatch_events(f->api->config.dispatch, f->id, f->after, &scratch,
                                             &events, &n, &finished, NULL);
    if (rc == OK)
        sent = add_events(r, f, events, n, out);
    arena_done(&scratch);
    return rc == OK && (sent < n || !finished); /* on an error the client comes back by itself */
}

/* False: the problem is answered. */
static bool read_last_id(struct http_request *r, int64_t *ret)
{
    const char *text = http_header(r, "Last-Event-ID");
    struct err why = {0};
    *ret = 0;
    if (text == NULL || parse_i64(text, "Last-Event-ID", 0, INT64_MAX, ret, &why) == OK)
        return true;
    http_problem_at(r, PROBLEM_BAD_REQUEST, "Last-Event-ID", "%s", why.text);
    return false;
}

/* Whether a client that has come back has seen everything. */
static bool is_over(const struct following *f)
{
    struct arena scratch;
    struct event *events;
    size_t n = 0;
    bool finished = false;
    arena_init(&scratch, EVENTS_SCRATCH_MAX);
    const enum err_code rc = dispatch_events(f->api->config.dispatch, f->id, f->after, &scratch,
                                             &events, &n, &finished, NULL);
    arena_done(&scratch);
    return rc == OK && finished && n == 0;
}

void events_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    struct submission sub;
    int64_t after;
    struct following *f = arena_alloc(http_arena(r), sizeof *f);
    if (f == NULL || !read_last_id(r, &after) || !route_submission(r, api, &sub))
        return;
    f->api = api;
    f->after = after;
    memcpy(f->id, sub.id, sizeof f->id);
    http_watch(r, f->id);
    if (after != 0 && is_over(f))
        http_reply_empty(r, 204); /* the one answer after which an EventSource stays away */
    else
        http_reply_stream(r, follow, f);
}
