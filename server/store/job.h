/* Jobs: one per submission, queued when it is created, leased by one worker at a time, oldest
 * submission first, and finished exactly once.
 *
 *     queued --job_lease--> leased --job_finish--> done      graded
 *        ^                    |    `-------------> failed    internal_error: given up
 *        `---job_requeue, job_recover
 *
 * Each lease is a new attempt, and its number is the key to it: finish, heartbeat and requeue work
 * only with the attempt in force. A worker that was thought dead and comes back late gets
 * ERR_CONFLICT, and its result is dropped. Only the dispatcher calls these. */
#pragma once

#include "server/store/event.h"
#include "server/store/submission.h"

enum { JOB_DEATHS_MAX = 3 }; /* the grader died this often: give up */

struct job {
    char submission[ID_SIZE];
    const char *lab;
    enum submission_mode mode;
    uint64_t seed;
    int attempt;            /* from 1, never given twice; numbers the directory and the events */
    int deaths;             /* how often its grader has died so far */
    const char *last_error; /* the last death's story; NULL: none */
    const struct submission_file *files;
    size_t n_files;
};

/* Leases the oldest queued job for `lease_ms` to `owner` ("pid/worker", for people).
 * ERR_NOT_FOUND: the queue is empty. */
MUST_CHECK enum err_code job_lease(struct store *s, const char *owner, int64_t lease_ms,
                                   struct arena *a, struct job *ret, struct err *why);

/* The lease lasts `lease_ms` from now. ERR_CONFLICT: the attempt is not in force any more; stop. */
MUST_CHECK enum err_code job_heartbeat(struct store *s, const char *submission, int attempt,
                                       int64_t lease_ms, struct err *why);

/* What a grading ended with; the caller has checked the report (report_read). */
struct job_result {
    const char *json; /* report.json */
    size_t size;
    const char *verdict, *lab_version; /* of the report */
    double score, max_score;
    bool pass;
    bool failed; /* internal_error: the job ends as failed, and never counts as an attempt */
    const struct event *events; /* of this attempt, kept for readers to come */
    size_t n_events;
};

/* Stores report and events, ends the job and brings the score up to date, in one transaction.
 * ERR_CONFLICT: the attempt is not in force any more; nothing was written. */
MUST_CHECK enum err_code job_finish(struct store *s, const char *submission, int attempt,
                                    const struct job_result *r, struct err *why);

/* Gives a job back. `death` is the story of how its grader died, which is counted; NULL: nobody's
 * fault (the server stops), not counted. ERR_CONFLICT: the attempt is not in force any more. */
MUST_CHECK enum err_code job_requeue(struct store *s, const char *submission, int attempt,
                                     const char *death, struct err *why);

/* Takes back leases that ran out (`all` false), each of which counts as a death, or all of them: a
 * server starts, so whoever held one is dead. That was the server's death and not the grader's: it
 * is not counted, or a server that is killed three times would fail what it was grading. */
MUST_CHECK enum err_code job_recover(struct store *s, bool all, int64_t *ret_count,
                                     struct err *why);

struct job_counts {
    int64_t queued, running, failed; /* failed: ever */
    int64_t oldest_queued_ms;        /* when it was queued; 0: none is */
};
MUST_CHECK enum err_code job_count(struct store *s, struct job_counts *ret, struct err *why);
