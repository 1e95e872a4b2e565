#include "server/dispatch/judge.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/report/report.h"
#include "server/dispatch/grader.h"
#include "server/dispatch/job_dir.h"
#include "server/dispatch/lines.h"

/* Exit statuses of grade (INTERFACES.md): both mean that it has left a report. */
enum { GRADE_PASSED = 0, GRADE_BELOW = 1 };

struct attempt {
    const struct judge *j;
    const struct job *job;
    struct arena *a;
    bool lost; /* the lease is not ours any more */
};

static void note(const struct attempt *t, const char *text)
{
    if (t->j->log_fd >= 0)
        dprintf(t->j->log_fd, "dispatch: submission %s, attempt %d: %s\n", t->job->submission,
                t->job->attempt, text);
}

/* ---- Events ---- */

static void add_state(const struct attempt *t, const char *state)
{
    char json[64];
    snprintf(json, sizeof json, "{\"event\":\"state\",\"state\":\"%s\"}", state);
    hub_add(t->j->hub, t->job->submission, t->job->attempt, "state", json);
}

/* Words that only we say: `finished` must not be told before the report is on the disk. */
static bool is_ours(const char *name)
{
    return strcmp(name, "finished") == 0 || strcmp(name, "state") == 0;
}

static void relay_line(void *ctx, const char *line, size_t size)
{
    const struct attempt *t = ctx;
    char name[EVENT_NAME_MAX + 1];
    char *json = NULL;
    struct err why;
    if (lines_event(line, size, name, &json, &why) != OK)
        note(t, why.text);
    else if (!is_ours(name))
        hub_add(t->j->hub, t->job->submission, t->job->attempt, name, json);
    free(json);
}

static bool beat(void *ctx)
{
    struct attempt *t = ctx;
    const enum err_code rc =
        job_heartbeat(t->j->store, t->job->submission, t->job->attempt, t->j->lease_ms, NULL);
    t->lost = rc == ERR_CONFLICT; /* a disk that is busy for a moment is no reason to stop */
    return !t->lost;
}

/* ---- Storing what was found ---- */

static char *finished_event(const struct report *r)
{
    json_t *json = json_pack("{s:s, s:s, s:f, s:f, s:b}", "event", "finished", "verdict",
                             verdict_word(r->verdict), "score", r->score, "max_score", r->max_score,
                             "pass", (int)r->pass);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* The attempt's events so far, and `finished` behind them. */
static enum err_code gather_events(const struct attempt *t, const char *finished,
                                   struct job_result *ret, struct err *why)
{
    struct event *events = NULL;
    size_t count = 0;
    bool known = false;
    const enum err_code rc =
        hub_read(t->j->hub, t->job->submission, 0, t->a, &events, &count, &known, why);
    if (rc != OK || !known)
        return rc;
    /* hub_read has left room for one more; hub_add keeps its number free. */
    events[count] = (struct event){
        (int64_t)t->job->attempt * EVENTS_PER_ATTEMPT + (int64_t)count + 1, "finished", finished};
    ret->events = events;
    ret->n_events = count + 1;
    return OK;
}

static enum err_code store_report(const struct attempt *t, const struct report *r, const char *json,
                                  size_t size, struct err *why)
{
    char *finished = finished_event(r);
    if (finished == NULL)
        return err_set(why, ERR_NOMEM, "no memory for an event");
    struct job_result result = {.json = json,
                                .size = size,
                                .verdict = verdict_word(r->verdict),
                                .lab_version = r->lab_version,
                                .score = r->score,
                                .max_score = r->max_score,
                                .pass = r->pass,
                                .failed = r->verdict == VERDICT_INTERNAL_ERROR};
    enum err_code rc = gather_events(t, finished, &result, why);
    if (rc == OK)
        rc = job_finish(t->j->store, t->job->submission, t->job->attempt, &result, why);
    free(finished);
    if (rc == OK)
        hub_end(t->j->hub, t->job->submission, t->job->attempt);
    return rc;
}

/* The grader says that it has left a report: it is read as strictly as a stranger's. */
static enum err_code take_report(const struct attempt *t, const char *dir, struct err *why)
{
    char *json = NULL;
    size_t size = 0;
    struct report report;
    enum err_code rc = job_dir_report(dir, t->a, &json, &size, why);
    if (rc == OK)
        rc = report_read(json, size, t->a, &report, why);
    if (rc != OK)
        return rc;
    if (strcmp(report.lab, t->job->lab) != 0)
        return err_set(why, ERR_FORMAT, "the report is of lab %.40s, not of %s", report.lab,
                       t->job->lab);
    return store_report(t, &report, json, size, why);
}

/* ---- When it goes wrong ---- */

static enum judge_end give_back(const struct attempt *t, const char *death)
{
    struct err why;
    if (death != NULL)
        note(t, death);
    /* First the store, then the word: who reads on hearing it must find the job queued. */
    if (!t->lost &&
        job_requeue(t->j->store, t->job->submission, t->job->attempt, death, &why) != OK)
        note(t, why.text);
    add_state(t, "queued");
    return death != NULL ? JUDGE_DIED : JUDGE_RETURNED;
}

static_assert(JOB_DEATHS_MAX == 3, "the message below says three");

static enum judge_end give_up(const struct attempt *t)
{
    /* The first line is for everyone, the rest for staff: report_redact() knows. */
    const char *cause = t->job->last_error != NULL ? t->job->last_error : "not known";
    const char *message = arena_printf(
        t->a,
        "The grader failed three times on this submission. That is our fault and costs no attempt; "
        "staff see the reason.\nThe last time: %.1500s",
        cause);
    struct report report = {
        .lab = t->job->lab,
        .lab_version = "",
        .lab_title = t->job->lab,
        .seed = t->job->seed,
        .verdict = VERDICT_INTERNAL_ERROR,
        .max_score = 100,
        .message = message,
        .compile = {.verdict = VERDICT_INTERNAL_ERROR},
        .sanitizer = {.verdict = VERDICT_INTERNAL_ERROR},
        .device_kind = "cpu",
        .device_name = "unknown",
    };
    struct str json;
    struct err why;
    str_init(&json, REPORT_JSON_MAX);
    report_write_json(&report, &json);
    const enum err_code rc = store_report(t, &report, json.text, json.length, &why);
    str_done(&json);
    if (rc != OK) {
        note(t, why.text);
        return JUDGE_RETURNED; /* the lease runs out, and someone tries again */
    }
    note(t, "given up");
    return JUDGE_GAVE_UP;
}

static enum judge_end conclude(const struct attempt *t, const char *dir,
                               const struct grader_end *end)
{
    struct err why;
    char death[GRADER_SAID_MAX + 256];
    switch (end->kind) {
    case GRADER_STOPPED:
    case GRADER_UNWANTED:
        return give_back(t, NULL);
    case GRADER_TIMED_OUT:
        snprintf(death, sizeof death, "the grader was killed after %lld ms: %s",
                 (long long)t->j->timeout_ms, end->said);
        return give_back(t, death);
    case GRADER_SIGNALLED:
        snprintf(death, sizeof death, "the grader died of signal %d (%s): %s", end->status,
                 sigabbrev_np(end->status), end->said);
        return give_back(t, death);
    case GRADER_EXITED:
        break;
    }
    if (end->status != GRADE_PASSED && end->status != GRADE_BELOW) {
        snprintf(death, sizeof death, "the grader ended with status %d: %s", end->status,
                 end->said);
        return give_back(t, death);
    }
    if (take_report(t, dir, &why) == OK) {
        if (end->said[0] != '\0') /* it graded in spite of something */
            note(t, end->said);
        return JUDGE_GRADED;
    }
    if (why.code == ERR_CONFLICT) {
        note(t, why.text);
        return JUDGE_RETURNED;
    }
    snprintf(death, sizeof death, "the grader's report cannot be used: %s", why.text);
    return give_back(t, death);
}

static enum judge_end run_grader(struct attempt *t, const char *dir)
{
    const struct judge *j = t->j;
    const struct grader grader = {.program = j->grade_path,
                                  .job_dir = dir,
                                  .labs_dir = j->labs_dir,
                                  .cache_dir = j->cache_dir,
                                  .core = j->core,
                                  .timeout_ms = j->timeout_ms,
                                  .on_line = relay_line,
                                  .on_beat = beat,
                                  .beat_ms = j->lease_ms / 3,
                                  .ctx = t,
                                  .stop_fd = j->stop_fd};
    struct grader_end end;
    struct err why;
    if (grader_run(&grader, &end, &why) != OK)
        return give_back(t, why.text);
    return conclude(t, dir, &end);
}

enum judge_end judge_job(const struct judge *j, const struct job *job, struct arena *a)
{
    struct attempt t = {.j = j, .job = job, .a = a};
    struct err why;
    if (hub_begin(j->hub, job->submission, job->attempt, &why) != OK)
        return give_back(&t, why.text);
    if (job->deaths >= JOB_DEATHS_MAX)
        return give_up(&t);
    add_state(&t, "running");
    const char *dir = NULL;
    if (job_dir_make(j->jobs_dir, j->store, job, a, &dir, &why) != OK)
        return give_back(&t, why.text);
    const enum judge_end end = run_grader(&t, dir);
    job_dir_remove(dir);
    return end;
}
