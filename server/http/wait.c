#include "server/http/wait.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One lock for everything here. It is held while a connection is suspended or resumed, so a
 * connection that the timer resumes cannot end at the same moment; microhttpd calls nothing of ours
 * from within these two. */
struct wait_room {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* somebody waits, or the end */
    pthread_t timer;
    struct waiter *first;
    bool closed, ending;
};

int64_t wait_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void resume(struct waiter *w)
{
    w->woken = true;
    if (!w->suspended)
        return;
    w->suspended = false;
    MHD_resume_connection(w->connection);
}

/* Resumes who is due; returns when the next one is. */
static int64_t resume_due(struct wait_room *room, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (struct waiter *w = room->first; w != NULL; w = w->next) {
        if (!w->suspended)
            continue;
        if (w->until_ms <= now_ms)
            resume(w);
        else if (w->until_ms < next_ms)
            next_ms = w->until_ms;
    }
    return next_ms;
}

static void *run_timer(void *arg)
{
    struct wait_room *room = arg;
    pthread_mutex_lock(&room->lock);
    while (!room->ending) {
        const int64_t next_ms = resume_due(room, wait_now_ms());
        if (next_ms == INT64_MAX) {
            pthread_cond_wait(&room->changed, &room->lock);
        } else {
            const struct timespec until = {.tv_sec = next_ms / 1000,
                                           .tv_nsec = next_ms % 1000 * 1000000};
            pthread_cond_timedwait(&room->changed, &room->lock, &until);
        }
    }
    pthread_mutex_unlock(&room->lock);
    return NULL;
}

enum err_code wait_room_new(struct wait_room **ret, struct err *why)
{
    struct wait_room *room = calloc(1, sizeof *room);
    if (room == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the waiting room");
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&room->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&room->lock, NULL);
    const int failed = pthread_create(&room->timer, NULL, run_timer, room);
    if (failed != 0) {
        pthread_cond_destroy(&room->changed);
        pthread_mutex_destroy(&room->lock);
        free(room);
        return err_sys(why, ERR_INTERNAL, failed, "starting the timer thread");
    }
    *ret = room;
    return OK;
}

void wait_room_free(struct wait_room *room)
{
    if (room == NULL)
        return;
    pthread_mutex_lock(&room->lock);
    room->ending = true;
    pthread_cond_signal(&room->changed);
    pthread_mutex_unlock(&room->lock);
    pthread_join(room->timer, NULL);
    pthread_cond_destroy(&room->changed);
    pthread_mutex_destroy(&room->lock);
    free(room);
}

static void enter(struct wait_room *room, struct waiter *w)
{
    if (w->inside)
        return;
    w->inside = true;
    w->previous = NULL;
    w->next = room->first;
    if (room->first != NULL)
        room->first->previous = w;
    room->first = w;
}

void wait_leave(struct wait_room *room, struct waiter *w)
{
    pthread_mutex_lock(&room->lock);
    if (w->inside) {
        if (w->previous != NULL)
            w->previous->next = w->next;
        else
            room->first = w->next;
        if (w->next != NULL)
            w->next->previous = w->previous;
        w->inside = false;
    }
    pthread_mutex_unlock(&room->lock);
}

enum wait_result wait_until(struct wait_room *room, struct waiter *w, int64_t until_ms)
{
    enum wait_result result = WAIT_SUSPENDED;
    pthread_mutex_lock(&room->lock);
    if (room->closed || until_ms <= wait_now_ms()) {
        result = WAIT_OVER;
    } else if (w->woken) {
        w->woken = false;
        result = WAIT_LOOK_AGAIN;
    } else {
        enter(room, w);
        w->until_ms = until_ms;
        w->suspended = true;
        MHD_suspend_connection(w->connection);
        pthread_cond_signal(&room->changed);
    }
    pthread_mutex_unlock(&room->lock);
    return result;
}

void wait_watch(struct wait_room *room, struct waiter *w, const char *topic)
{
    pthread_mutex_lock(&room->lock);
    snprintf(w->topic, sizeof w->topic, "%s", topic);
    enter(room, w);
    pthread_mutex_unlock(&room->lock);
}

/* A look at everyone: some hundreds at most, and a hundred wakes a second are many. */
void wait_wake(struct wait_room *room, const char *topic)
{
    pthread_mutex_lock(&room->lock);
    for (struct waiter *w = room->first; w != NULL; w = w->next)
        if (strcmp(w->topic, topic) == 0)
            resume(w);
    pthread_mutex_unlock(&room->lock);
}

void wait_close(struct wait_room *room)
{
    pthread_mutex_lock(&room->lock);
    room->closed = true;
    for (struct waiter *w = room->first; w != NULL; w = w->next)
        resume(w);
    pthread_mutex_unlock(&room->lock);
}

bool wait_closed(struct wait_room *room)
{
    pthread_mutex_lock(&room->lock);
    const bool closed = room->closed;
    pthread_mutex_unlock(&room->lock);
    return closed;
}
