#include "server/store/job.h"

#include <string.h>

#include "server/store/inside.h"

/* ---- Leasing ---- */

struct lease {
    const char *owner;
    int64_t now_ms, until_ms;
    struct arena *a;
    struct job job;
};

/* The UPDATE picks and takes in one statement, on the only writing connection: no two get one. */
static enum err_code take_oldest(struct db *db, struct lease *l, struct err *why)
{
    struct rows rows;
    enum err_code rc = db_query(
        db,
        "UPDATE job SET state = 'leased', attempt = attempt + 1, owner = ?, started_ms = ?,"
        " lease_ms = ? WHERE submission ="
        " (SELECT submission FROM job WHERE state = 'queued' ORDER BY submission LIMIT 1)"
        " RETURNING submission, attempt, deaths, last_error",
        PARAMS(TEXT(l->owner), INT(l->now_ms), INT(l->until_ms)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        row_copy(&rows, 0, l->job.submission, ID_LENGTH);
        l->job.attempt = (int)row_int(&rows, 1);
        l->job.deaths = (int)row_int(&rows, 2);
        l->job.last_error = row_text(&rows, 3, l->a);
        rc = rows_next(&rows, why); /* to the end: only then is the change made */
    }
    return rows_end(&rows, rc, why);
}

static enum err_code describe(struct db *db, struct lease *l, struct err *why)
{
    struct rows rows;
    const char *mode = NULL;
    enum err_code rc = db_query(db, "SELECT lab, mode, seed FROM submission WHERE id = ?",
                                PARAMS(TEXT(l->job.submission)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        l->job.lab = row_text(&rows, 0, l->a);
        mode = row_text(&rows, 1, l->a);
        l->job.seed = (uint64_t)row_int(&rows, 2);
    }
    rc = rows_end(&rows, rc, why);
    if (rc == OK)
        rc = submission_mode_parse(mode, &l->job.mode, why);
    if (rc == OK)
        rc = submission_files_of(db, l->job.submission, l->a, &l->job.files, &l->job.n_files, why);
    return rc;
}

static enum err_code lease(struct db *db, void *arg, struct err *why)
{
    struct lease *l = arg;
    const enum err_code rc = take_oldest(db, l, why);
    if (rc != OK)
        return rc;
    if (l->job.attempt == 0)
        return err_set(why, ERR_NOT_FOUND, "the queue is empty");
    return describe(db, l, why);
}

enum err_code job_lease(struct store *s, const char *owner, int64_t lease_ms, struct arena *a,
                        struct job *ret, struct err *why)
{
    const int64_t now_ms = store_now_ms(s);
    struct lease l = {.owner = owner, .now_ms = now_ms, .until_ms = now_ms + lease_ms, .a = a};
    const enum err_code rc = store_write(s, lease, &l, why);
    if (rc == OK)
        *ret = l.job;
    return rc;
}

/* ---- What only the holder of the lease may do ---- */

struct held {
    const char *submission;
    int attempt;
    int64_t now_ms, until_ms;
    const char *death;
    const struct job_result *result;
};

/* After an UPDATE with the condition "leased, and in this attempt". */
static enum err_code check_held(struct db *db, const struct held *h, enum err_code rc,
                                struct err *why)
{
    if (rc == OK && db_changes(db) == 0)
        return err_set(why, ERR_CONFLICT, "attempt %d of submission %.40s is not in force",
                       h->attempt, h->submission);
    return rc;
}

static enum err_code heartbeat(struct db *db, void *arg, struct err *why)
{
    const struct held *h = arg;
    const enum err_code rc =
        db_run(db,
               "UPDATE job SET lease_ms = ?"
               " WHERE submission = ? AND state = 'leased' AND attempt = ?",
               PARAMS(INT(h->until_ms), TEXT(h->submission), INT(h->attempt)), why);
    return check_held(db, h, rc, why);
}

enum err_code job_heartbeat(struct store *s, const char *submission, int attempt, int64_t lease_ms,
                            struct err *why)
{
    struct held h = {
        .submission = submission, .attempt = attempt, .until_ms = store_now_ms(s) + lease_ms};
    return store_write(s, heartbeat, &h, why);
}

static enum err_code requeue(struct db *db, void *arg, struct err *why)
{
    const struct held *h = arg;
    const enum err_code rc = db_run(
        db,
        "UPDATE job SET state = 'queued', owner = NULL, lease_ms = NULL,"
        " deaths = deaths + ?, last_error = coalesce(?, last_error)"
        " WHERE submission = ? AND state = 'leased' AND attempt = ?",
        PARAMS(INT(h->death != NULL), TEXT(h->death), TEXT(h->submission), INT(h->attempt)), why);
    return check_held(db, h, rc, why);
}

enum err_code job_requeue(struct store *s, const char *submission, int attempt, const char *death,
                          struct err *why)
{
    struct held h = {.submission = submission, .attempt = attempt, .death = death};
    return store_write(s, requeue, &h, why);
}

/* ---- Finishing ---- */

static enum err_code end_job(struct db *db, const struct held *h, struct err *why)
{
    const enum err_code rc =
        db_run(db,
               "UPDATE job SET state = ?, finished_ms = ?, owner = NULL, lease_ms = NULL"
               " WHERE submission = ? AND state = 'leased' AND attempt = ?",
               PARAMS(TEXT(h->result->failed ? "failed" : "done"), INT(h->now_ms),
                      TEXT(h->submission), INT(h->attempt)),
               why);
    return check_held(db, h, rc, why);
}

static enum err_code insert_report(struct db *db, const struct held *h, struct err *why)
{
    const struct job_result *r = h->result;
    const struct param json = {.kind = PARAM_TEXT, .bytes = r->json, .size = r->size};
    return db_run(db,
                  "INSERT INTO report (submission, lab_version, verdict, score, max_score, pass,"
                  " json, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                  PARAMS(TEXT(h->submission), TEXT(r->lab_version), TEXT(r->verdict),
                         REAL(r->score), REAL(r->max_score), INT(r->pass), json, INT(h->now_ms)),
                  why);
}

static enum err_code insert_events(struct db *db, const struct held *h, struct err *why)
{
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < h->result->n_events; i++) {
        const struct event *e = &h->result->events[i];
        rc = db_run(db, "INSERT INTO event (submission, seq, name, json) VALUES (?, ?, ?, ?)",
                    PARAMS(TEXT(h->submission), INT(e->seq), TEXT(e->name), TEXT(e->json)), why);
    }
    return rc;
}

/* The row of this learner and lab, derived anew from their submissions: the same view that
 * rebuilding uses, so that the two cannot drift apart. */
static enum err_code update_score(struct db *db, const struct held *h, struct err *why)
{
    return db_run(db,
                  "INSERT OR REPLACE INTO score SELECT d.* FROM score_derived AS d"
                  " WHERE d.user = (SELECT user FROM submission WHERE id = ?1)"
                  " AND d.lab = (SELECT lab FROM submission WHERE id = ?1)",
                  PARAMS(TEXT(h->submission)), why);
}

static enum err_code finish(struct db *db, void *arg, struct err *why)
{
    const struct held *h = arg;
    enum err_code rc = end_job(db, h, why);
    if (rc == OK)
        rc = insert_report(db, h, why);
    if (rc == OK)
        rc = insert_events(db, h, why);
    if (rc == OK)
        rc = update_score(db, h, why);
    return rc;
}

enum err_code job_finish(struct store *s, const char *submission, int attempt,
                         const struct job_result *r, struct err *why)
{
    struct held h = {
        .submission = submission, .attempt = attempt, .now_ms = store_now_ms(s), .result = r};
    return store_write(s, finish, &h, why);
}

/* ---- The whole queue ---- */

struct recovery {
    bool all;
    int64_t now_ms, count;
};

static enum err_code recover(struct db *db, void *arg, struct err *why)
{
    struct recovery *r = arg;
    const enum err_code rc =
        db_run(db,
               "UPDATE job SET state = 'queued', deaths = deaths + (NOT ?),"
               " last_error = CASE WHEN ? THEN 'the server' ELSE 'worker ' || owner END"
               " || ' died or hung in attempt ' || attempt,"
               " owner = NULL, lease_ms = NULL WHERE state = 'leased' AND (? OR lease_ms <= ?)",
               PARAMS(INT(r->all), INT(r->all), INT(r->all), INT(r->now_ms)), why);
    r->count = rc == OK ? db_changes(db) : 0;
    return rc;
}

enum err_code job_recover(struct store *s, bool all, int64_t *ret_count, struct err *why)
{
    struct recovery r = {.all = all, .now_ms = store_now_ms(s)};
    const enum err_code rc = store_write(s, recover, &r, why);
    if (rc == OK && ret_count != NULL)
        *ret_count = r.count;
    return rc;
}

enum err_code job_count(struct store *s, struct job_counts *ret, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct job_counts counts = {0};
    enum err_code rc =
        db_query(db,
                 "SELECT (SELECT count(*) FROM job WHERE state = 'queued'),"
                 " (SELECT count(*) FROM job WHERE state = 'leased'),"
                 " (SELECT count(*) FROM job WHERE state = 'failed'),"
                 " (SELECT queued_ms FROM job WHERE state = 'queued' ORDER BY submission LIMIT 1)",
                 NO_PARAMS, &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        counts = (struct job_counts){row_int(&rows, 0), row_int(&rows, 1), row_int(&rows, 2),
                                     row_int(&rows, 3)};
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc == OK)
        *ret = counts;
    return rc;
}
