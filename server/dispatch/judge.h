/* One job from its lease to its end: its directory, its grader, its events, its report. */
#pragma once

#include "server/dispatch/hub.h"
#include "server/store/job.h"

struct judge {
    struct store *store;
    struct hub *hub;
    const char *jobs_dir, *grade_path, *labs_dir, *cache_dir;
    int core; /* -1: any */
    int64_t timeout_ms, lease_ms;
    int stop_fd;
    int log_fd; /* what went wrong, one line each; -1: nobody reads it */
};

enum judge_end {
    JUDGE_GRADED,   /* a report is stored */
    JUDGE_DIED,     /* the grader did; the job waits for another attempt */
    JUDGE_GAVE_UP,  /* it had died too often: a report says internal_error */
    JUDGE_RETURNED, /* the server stops, or the lease was lost: nothing was decided */
};

/* Never fails: what goes wrong ends in one of these and in the log. The arena is reset by the
 * caller before and after. */
enum judge_end judge_job(const struct judge *j, const struct job *job, struct arena *a);
