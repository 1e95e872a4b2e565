#include "server/dispatch/hub.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct topic {
    struct topic *next;
    char submission[ID_SIZE];
    int attempt;
    struct arena arena; /* the texts */
    struct event *events;
    size_t count, capacity;
};

enum { TOPIC_BYTES = 8 << 20 };

struct hub {
    pthread_mutex_t lock; /* for the topics */
    struct topic *topics; /* as many as jobs are graded now: a list is short enough */
    /* Its own lock, held during a call: so that taking the listener away waits for the call, and
     * the listener may read from the hub. */
    pthread_mutex_t listener_lock;
    void (*on_change)(void *ctx, const char *submission);
    void *ctx;
};

enum err_code hub_new(struct hub **ret, struct err *why)
{
    struct hub *h = calloc(1, sizeof *h);
    if (h == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the hub");
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->listener_lock, NULL);
    *ret = h;
    return OK;
}

static void topic_free(struct topic *t)
{
    arena_done(&t->arena);
    free(t->events);
    free(t);
}

void hub_free(struct hub *h)
{
    if (h == NULL)
        return;
    for (struct topic *next; h->topics != NULL; h->topics = next) {
        next = h->topics->next;
        topic_free(h->topics);
    }
    pthread_mutex_destroy(&h->listener_lock);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void hub_listen(struct hub *h, void (*on_change)(void *ctx, const char *submission), void *ctx)
{
    pthread_mutex_lock(&h->listener_lock);
    h->on_change = on_change;
    h->ctx = ctx;
    pthread_mutex_unlock(&h->listener_lock);
}

static void tell(struct hub *h, const char *submission)
{
    pthread_mutex_lock(&h->listener_lock);
    if (h->on_change != NULL)
        h->on_change(h->ctx, submission);
    pthread_mutex_unlock(&h->listener_lock);
}

/* ---- Topics; all with the lock held ---- */

/* The link to a submission's topic; it points to NULL when there is none. */
static struct topic **find(struct hub *h, const char *submission)
{
    struct topic **at = &h->topics;
    while (*at != NULL && strcmp((*at)->submission, submission) != 0)
        at = &(*at)->next;
    return at;
}

static void forget(struct hub *h, const char *submission)
{
    struct topic **at = find(h, submission);
    struct topic *gone = *at;
    if (gone == NULL)
        return;
    *at = gone->next;
    topic_free(gone);
}

/* False: there is no room. */
static bool append(struct topic *t, const char *name, const char *json)
{
    if (t->count == EVENTS_PER_ATTEMPT - 1 || strlen(name) > EVENT_NAME_MAX ||
        strlen(json) > EVENT_JSON_MAX)
        return false;
    if (t->count == t->capacity) {
        const size_t capacity = t->capacity == 0 ? 64 : t->capacity * 2;
        struct event *grown = realloc(t->events, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        t->events = grown;
        t->capacity = capacity;
    }
    const int64_t seq = (int64_t)t->attempt * EVENTS_PER_ATTEMPT + 1 + (int64_t)t->count;
    const struct event e = {seq, arena_strdup(&t->arena, name), arena_strdup(&t->arena, json)};
    if (e.name == NULL || e.json == NULL)
        return false;
    t->events[t->count++] = e;
    return true;
}

static enum err_code copy_event(const struct event *e, struct arena *a, struct event *ret,
                                struct err *why)
{
    *ret = (struct event){e->seq, arena_strdup(a, e->name), arena_strdup(a, e->json)};
    return ret->name != NULL && ret->json != NULL ? OK
                                                  : err_set(why, ERR_NOMEM, "no memory for events");
}

static enum err_code copy_after(const struct topic *t, int64_t after, struct arena *a,
                                struct event **ret, size_t *ret_count, struct err *why)
{
    size_t first = 0;
    while (first < t->count && t->events[first].seq <= after)
        first++;
    const size_t count = t->count - first;
    struct event *events = arena_array(a, count + 1, sizeof *events);
    if (events == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %zu events", count);
    for (size_t i = 0; i < count; i++) {
        const enum err_code rc = copy_event(&t->events[first + i], a, &events[i], why);
        if (rc != OK)
            return rc;
    }
    *ret = events;
    *ret_count = count;
    return OK;
}

/* ---- What others call ---- */

enum err_code hub_begin(struct hub *h, const char *submission, int attempt, struct err *why)
{
    struct topic *t = calloc(1, sizeof *t);
    if (t == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a submission's events");
    arena_init(&t->arena, TOPIC_BYTES);
    memcpy(t->submission, submission, ID_SIZE);
    t->attempt = attempt;
    pthread_mutex_lock(&h->lock);
    forget(h, submission);
    t->next = h->topics;
    h->topics = t;
    pthread_mutex_unlock(&h->lock);
    return OK;
}

void hub_add(struct hub *h, const char *submission, int attempt, const char *name, const char *json)
{
    pthread_mutex_lock(&h->lock);
    struct topic *t = *find(h, submission);
    const bool added = t != NULL && t->attempt == attempt && append(t, name, json);
    pthread_mutex_unlock(&h->lock);
    if (added)
        tell(h, submission);
}

void hub_end(struct hub *h, const char *submission, int attempt)
{
    pthread_mutex_lock(&h->lock);
    const struct topic *t = *find(h, submission);
    if (t != NULL && t->attempt == attempt)
        forget(h, submission);
    pthread_mutex_unlock(&h->lock);
    tell(h, submission);
}

enum err_code hub_read(struct hub *h, const char *submission, int64_t after, struct arena *a,
                       struct event **ret, size_t *ret_count, bool *ret_known, struct err *why)
{
    enum err_code rc = OK;
    pthread_mutex_lock(&h->lock);
    const struct topic *t = *find(h, submission);
    *ret_known = t != NULL;
    if (t != NULL)
        rc = copy_after(t, after, a, ret, ret_count, why);
    pthread_mutex_unlock(&h->lock);
    return rc;
}
