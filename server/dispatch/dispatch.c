#include "server/dispatch/dispatch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "server/dispatch/hub.h"
#include "server/dispatch/job_dir.h"
#include "server/dispatch/judge.h"
#include "server/store/job.h"

enum {
    TIMEOUT_MS = 10 * 60 * 1000,
    LEASE_MS = 30 * 1000,
    IDLE_MS = 1000, /* a worker with nothing to do looks again after this, woken or not */
    ARENA_BYTES = 64 << 20,
    WORKERS_MAX = 256,
};

struct worker {
    struct dispatch *d;
    pthread_t thread;
    struct judge judge;
    char owner[32]; /* "pid/number" */
};

struct dispatch {
    struct store *store;
    struct hub *hub;
    char jobs_dir[PATH_MAX], grade_path[PATH_MAX], labs_dir[PATH_MAX], cache_dir[PATH_MAX];
    int log_fd;
    int stop_fd; /* readable: graders are to be killed now */

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work;  /* there may be a job, or the end */
    pthread_cond_t idle;  /* a worker is not active any more */
    uint64_t wakes;
    bool stopping;
    unsigned active; /* workers that look for a job or have one */
    struct dispatch_stats stats;
    unsigned started; /* workers with a thread */
    struct worker workers[];
};

/* ---- Workers ---- */

static struct timespec in_ms(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t ns = t.tv_nsec + ms % 1000 * 1000000;
    return (struct timespec){t.tv_sec + ms / 1000 + ns / 1000000000, ns % 1000000000};
}

/* With the lock held: until someone wakes, the server stops, or a while has passed. */
static void rest(struct dispatch *d, uint64_t wakes)
{
    const struct timespec until = in_ms(IDLE_MS);
    while (d->wakes == wakes && !d->stopping)
        if (pthread_cond_timedwait(&d->work, &d->lock, &until) == ETIMEDOUT)
            break;
}

static void judge_one(struct worker *w, const struct job *job, struct arena *a)
{
    struct dispatch *d = w->d;
    pthread_mutex_lock(&d->lock);
    d->stats.busy++;
    pthread_mutex_unlock(&d->lock);
    const enum judge_end end = judge_job(&w->judge, job, a);
    pthread_mutex_lock(&d->lock);
    d->stats.busy--;
    d->stats.graded += end == JUDGE_GRADED;
    d->stats.died += end == JUDGE_DIED;
    pthread_mutex_unlock(&d->lock);
}

/* Takes one job and judges it; false: there was none. */
static bool work_once(struct worker *w, struct arena *a)
{
    struct dispatch *d = w->d;
    struct job job;
    struct err why = {0};
    arena_reset(a);
    const enum err_code rc = job_lease(d->store, w->owner, w->judge.lease_ms, a, &job, &why);
    if (rc == OK) {
        judge_one(w, &job, a);
        return true;
    }
    if (rc != ERR_NOT_FOUND && d->log_fd >= 0)
        dprintf(d->log_fd, "dispatch: %s\n", why.text);
    else if (job_recover(d->store, false, NULL, &why) != OK && d->log_fd >= 0)
        dprintf(d->log_fd, "dispatch: %s\n", why.text);
    return false;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct dispatch *d = w->d;
    struct arena a;
    arena_init(&a, ARENA_BYTES);
    pthread_mutex_lock(&d->lock);
    while (!d->stopping) {
        const uint64_t wakes = d->wakes; /* read before looking: a wake in between is seen */
        d->active++;
        pthread_mutex_unlock(&d->lock);
        const bool worked = work_once(w, &a);
        pthread_mutex_lock(&d->lock);
        d->active--;
        pthread_cond_signal(&d->idle);
        if (!worked)
            rest(d, wakes);
    }
    pthread_mutex_unlock(&d->lock);
    arena_done(&a);
    return NULL;
}

/* ---- Starting ---- */

static cpu_set_t own_cores(void)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (sched_getaffinity(0, sizeof cores, &cores) != 0 || CPU_COUNT(&cores) == 0)
        CPU_SET(0, &cores);
    return cores;
}

/* The n-th core of ours; -1: there are fewer, then workers share them as the kernel likes. */
static int nth_core(const cpu_set_t *cores, unsigned n)
{
    for (int core = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, cores) && n-- == 0)
            return core;
    return -1;
}

static enum err_code copy_path(char ret[PATH_MAX], const char *path, struct err *why)
{
    if ((size_t)snprintf(ret, PATH_MAX, "%s", path != NULL ? path : "") >= PATH_MAX)
        return err_set(why, ERR_RANGE, "the path %.60s... is too long", path);
    return OK;
}

static enum err_code copy_config(struct dispatch *d, const struct dispatch_config *c,
                                 struct err *why)
{
    d->store = c->store;
    d->log_fd = c->log_fd;
    enum err_code rc = copy_path(d->jobs_dir, c->jobs_dir, why);
    if (rc == OK)
        rc = copy_path(d->grade_path, c->grade_path, why);
    if (rc == OK)
        rc = copy_path(d->labs_dir, c->labs_dir, why);
    if (rc == OK)
        rc = copy_path(d->cache_dir, c->cache_dir, why);
    if (rc == OK && access(d->grade_path, X_OK) != 0)
        rc = err_sys(why, ERR_NOT_FOUND, errno, "the grader %s", d->grade_path);
    return rc;
}

static enum err_code start_worker(struct dispatch *d, const struct dispatch_config *c, int core,
                                  struct err *why)
{
    struct worker *w = &d->workers[d->started];
    w->d = d;
    w->judge = (struct judge){.store = d->store,
                              .hub = d->hub,
                              .jobs_dir = d->jobs_dir,
                              .grade_path = d->grade_path,
                              .labs_dir = c->labs_dir != NULL ? d->labs_dir : NULL,
                              .cache_dir = c->cache_dir != NULL ? d->cache_dir : NULL,
                              .core = core,
                              .timeout_ms = c->timeout_ms > 0 ? c->timeout_ms : TIMEOUT_MS,
                              .lease_ms = c->lease_ms > 0 ? c->lease_ms : LEASE_MS,
                              .stop_fd = d->stop_fd,
                              .log_fd = d->log_fd};
    snprintf(w->owner, sizeof w->owner, "%d/%u", (int)getpid(), d->started);
    const int failed = pthread_create(&w->thread, NULL, worker_main, w);
    if (failed != 0)
        return err_sys(why, ERR_LIMIT, failed, "starting worker %u", d->started);
    d->started++;
    return OK;
}

static enum err_code start(struct dispatch *d, const struct dispatch_config *c,
                           const cpu_set_t *cores, struct err *why)
{
    enum err_code rc = copy_config(d, c, why);
    if (rc == OK)
        rc = hub_new(&d->hub, why);
    if (rc == OK && (d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        rc = err_sys(why, ERR_IO, errno, "an eventfd");
    if (rc == OK)
        rc = job_dir_clear(d->jobs_dir, why);
    if (rc == OK)
        rc = job_recover(d->store, true, NULL, why);
    while (rc == OK && d->started < d->stats.workers)
        rc = start_worker(d, c, c->pin ? nth_core(cores, d->started) : -1, why);
    return rc;
}

/* Timed waits here are about lengths of time, which the wall clock may change. */
static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum err_code dispatch_start(const struct dispatch_config *config, struct dispatch **ret,
                             struct err *why)
{
    const cpu_set_t cores = own_cores();
    const unsigned workers = config->workers != 0 ? config->workers : (unsigned)CPU_COUNT(&cores);
    if (workers > WORKERS_MAX)
        return err_set(why, ERR_RANGE, "%u workers: at most %d", workers, WORKERS_MAX);
    struct dispatch *d = calloc(1, sizeof *d + workers * sizeof d->workers[0]);
    if (d == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %u workers", workers);
    d->stats.workers = workers;
    d->stop_fd = -1;
    pthread_mutex_init(&d->lock, NULL);
    init_cond(&d->work);
    init_cond(&d->idle);
    const enum err_code rc = start(d, config, &cores, why);
    if (rc != OK) {
        dispatch_stop(d, 0);
        dispatch_free(d);
        return rc;
    }
    *ret = d;
    return OK;
}

/* ---- Stopping ---- */

void dispatch_stop(struct dispatch *d, int64_t grace_ms)
{
    if (d == NULL)
        return;
    const struct timespec until = in_ms(grace_ms);
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_broadcast(&d->work);
    while (d->active > 0)
        if (pthread_cond_timedwait(&d->idle, &d->lock, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&d->lock);
    if (d->stop_fd >= 0 && eventfd_write(d->stop_fd, 1) != 0 && d->log_fd >= 0)
        dprintf(d->log_fd, "dispatch: cannot stop graders: %s\n", strerrordesc_np(errno));
    for (; d->started > 0; d->started--)
        pthread_join(d->workers[d->started - 1].thread, NULL);
}

void dispatch_free(struct dispatch *d)
{
    if (d == NULL)
        return;
    hub_free(d->hub);
    if (d->stop_fd >= 0)
        close(d->stop_fd);
    pthread_cond_destroy(&d->idle);
    pthread_cond_destroy(&d->work);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* ---- What others ask ---- */

void dispatch_wake(struct dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    d->wakes++;
    pthread_cond_signal(&d->work);
    pthread_mutex_unlock(&d->lock);
}

void dispatch_listen(struct dispatch *d, void (*on_change)(void *ctx, const char *submission),
                     void *ctx)
{
    hub_listen(d->hub, on_change, ctx);
}

/* Not in the hub: stored, or not begun. The events are stored with the report, so a submission that
 * has any has them all; one without may still be over, when the reader has seen the last. */
static enum err_code read_stored(struct dispatch *d, const char *submission, int64_t after,
                                 struct arena *a, struct event **ret, size_t *ret_count,
                                 bool *ret_finished, struct err *why)
{
    struct submission s;
    enum err_code rc = submission_get(d->store, submission, a, &s, why);
    if (rc == OK)
        rc = event_list(d->store, submission, after, a, ret, ret_count, why);
    if (rc == OK)
        *ret_finished = s.state == SUBMISSION_FINISHED || *ret_count > 0;
    return rc;
}

enum err_code dispatch_events(struct dispatch *d, const char *submission, int64_t after,
                              struct arena *a, struct event **ret, size_t *ret_count,
                              bool *ret_finished, struct err *why)
{
    bool known = false;
    const enum err_code rc = hub_read(d->hub, submission, after, a, ret, ret_count, &known, why);
    if (rc == OK && !known)
        return read_stored(d, submission, after, a, ret, ret_count, ret_finished, why);
    *ret_finished = false;
    return rc;
}

struct dispatch_stats dispatch_stats(struct dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    const struct dispatch_stats stats = d->stats;
    pthread_mutex_unlock(&d->lock);
    return stats;
}
