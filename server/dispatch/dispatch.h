/* The dispatcher: takes queued jobs, lets `grade` judge them in child processes, relays what they
 * say, stores what they find.
 *
 *     struct dispatch *d = NULL;
 *     rc = dispatch_start(&(struct dispatch_config){.store = s, ...}, &d, why);
 *     dispatch_listen(d, on_change, ctx);
 *     ... submission_create(s, ...); dispatch_wake(d); ... dispatch_events(d, ...); ...
 *     dispatch_stop(d, 30000);
 *     dispatch_free(d);
 *
 * Each worker is a thread that lives until the end: the grader asks the kernel to be killed when
 * the thread that started it dies. One worker grades one job at a time. All functions may be called
 * by any thread; none of them but stop waits for a grading. */
#pragma once

#include "server/store/event.h"

struct dispatch_config {
    struct store *store;    /* borrowed until dispatch_free */
    const char *jobs_dir;   /* DATA/jobs; emptied at start: whoever worked there is dead */
    const char *grade_path; /* the program `grade` */
    const char *labs_dir;   /* passed as --labs; NULL: grade's own default */
    const char *cache_dir;  /* DATA/cache, passed as --cache; NULL: nothing is kept */
    unsigned workers;       /* 0: one per core this process may run on */
    bool pin;               /* give each worker's grader a core of its own (--core N) */
    int64_t timeout_ms;     /* a grader that takes longer is killed; 0: ten minutes. Longer than all
                               limits inside, or else it would judge instead of them */
    int64_t lease_ms;       /* 0: 30 s; renewed at a third of it */
    int log_fd;             /* what goes wrong, one line each; -1: nobody reads it */
};

struct dispatch;

/* Takes back the leases of servers that died, and starts the workers. The strings of the
 * configuration are copied. */
MUST_CHECK enum err_code dispatch_start(const struct dispatch_config *config, struct dispatch **ret,
                                        struct err *why);

/* Takes no further job; waits up to `grace_ms` for those under way, then kills their graders and
 * puts the jobs back into the queue, uncounted. What was submitted meanwhile stays queued in the
 * store for the next start. */
void dispatch_stop(struct dispatch *d, int64_t grace_ms);
/* After dispatch_stop, and after the last call of anything else here. NULL is fine. */
void dispatch_free(struct dispatch *d);

/* There is something new in the queue. Cheap. */
void dispatch_wake(struct dispatch *d);

/* `on_change` is called whenever dispatch_events has something new for a submission, its state
 * changes, or its report is there; by a worker, which must not be kept waiting and whose locks
 * allow no call of a function of this header. NULL: nobody. When this returns, no call of the one
 * before is in progress. */
void dispatch_listen(struct dispatch *d, void (*on_change)(void *ctx, const char *submission),
                     void *ctx);

/* The events of a submission with a greater seq than `after` (a client's Last-Event-ID; 0: all), in
 * order, whether its grading is under way or long ago. `ret_finished`: the last of them is
 * `finished`, or there is nothing more to come. To miss nothing, listen first and read then.
 *
 * Beside the grader's events (compile_started ... timed_finished) there is
 * {"event":"state","state":"running"|"queued"}: it was leased, or its grader died and it waits
 * again. `finished` appears only after the report is on the disk. A grading that starts again is
 * shown from its start, with greater numbers, also after a restart of the server. Events are
 * unredacted, but the grader puts no case data of hidden groups into them. */
MUST_CHECK enum err_code dispatch_events(struct dispatch *d, const char *submission, int64_t after,
                                         struct arena *a, struct event **ret, size_t *ret_count,
                                         bool *ret_finished, struct err *why);

struct dispatch_stats {
    unsigned workers, busy;
    int64_t graded, died; /* gradings since the start: that gave a report; whose grader died */
};
struct dispatch_stats dispatch_stats(struct dispatch *d);
