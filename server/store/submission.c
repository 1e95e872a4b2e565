#include "server/store/submission.h"

#include <string.h>

#include "server/store/inside.h"
#include "server/store/intake.h"

/* ---- Words ---- */

const char *submission_mode_word(enum submission_mode mode)
{
    switch (mode) {
    case SUBMISSION_FULL:
        return "full";
    case SUBMISSION_VISIBLE:
        return "visible";
    }
    return NULL;
}

enum err_code submission_mode_parse(const char *word, enum submission_mode *ret, struct err *why)
{
    if (strcmp(word, "full") == 0)
        *ret = SUBMISSION_FULL;
    else if (strcmp(word, "visible") == 0)
        *ret = SUBMISSION_VISIBLE;
    else
        return err_set(why, ERR_INVALID, "mode is '%.40s': expected full or visible", word);
    return OK;
}

const char *submission_state_word(enum submission_state state)
{
    switch (state) {
    case SUBMISSION_QUEUED:
        return "queued";
    case SUBMISSION_RUNNING:
        return "running";
    case SUBMISSION_FINISHED:
        return "finished";
    }
    return NULL;
}

/* ---- Creating: one transaction for all of it ---- */

struct creation {
    const struct submission_request *request;
    const struct intake *intake;
    char id[ID_SIZE];
    int64_t now_ms;
    bool replayed; /* the key was used before; id is what it made then */
};

static enum err_code find_key(struct db *db, struct creation *c, struct err *why)
{
    if (c->request->idempotency_key == NULL)
        return OK;
    struct rows rows;
    uint8_t hash[SHA256_BYTES] = {0};
    enum err_code rc =
        db_query(db, "SELECT submission, request_hash FROM idempotency WHERE user = ? AND key = ?",
                 PARAMS(TEXT(c->request->user), TEXT(c->request->idempotency_key)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        c->replayed = true;
        row_copy(&rows, 0, c->id, ID_LENGTH);
        row_copy(&rows, 1, hash, sizeof hash);
    }
    rc = rows_end(&rows, rc, why);
    if (rc == OK && c->replayed && memcmp(hash, c->intake->request_hash, sizeof hash) != 0)
        return err_set(why, ERR_CONFLICT, "this Idempotency-Key was used for another submission");
    return rc;
}

static enum err_code insert_submission(struct db *db, const struct creation *c, struct err *why)
{
    const struct submission_request *r = c->request;
    const enum err_code rc =
        db_run(db,
               "INSERT INTO submission (id, user, lab, mode, seed, created_ms)"
               " VALUES (?, ?, ?, ?, ?, ?)",
               PARAMS(TEXT(c->id), TEXT(r->user), TEXT(r->lab), TEXT(submission_mode_word(r->mode)),
                      INT((int64_t)c->intake->seed), INT(c->now_ms)),
               why);
    if (rc == ERR_NOT_FOUND)
        return err_set(why, rc, "no lab %.40s, or no user %.40s", r->lab, r->user);
    return rc;
}

static enum err_code insert_file(struct db *db, const struct creation *c,
                                 const struct intake_file *f, struct err *why)
{
    const enum err_code rc =
        db_run(db, "INSERT INTO file (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING",
               PARAMS(BLOB(f->sha256, SHA256_BYTES), BLOB(f->source->bytes, f->source->size)), why);
    if (rc != OK)
        return rc;
    return db_run(db, "INSERT INTO submission_file (submission, name, sha256) VALUES (?, ?, ?)",
                  PARAMS(TEXT(c->id), TEXT(f->source->name), BLOB(f->sha256, SHA256_BYTES)), why);
}

static enum err_code insert_key(struct db *db, const struct creation *c, struct err *why)
{
    if (c->request->idempotency_key == NULL)
        return OK;
    return db_run(db,
                  "INSERT INTO idempotency (user, key, request_hash, submission, created_ms)"
                  " VALUES (?, ?, ?, ?, ?)",
                  PARAMS(TEXT(c->request->user), TEXT(c->request->idempotency_key),
                         BLOB(c->intake->request_hash, SHA256_BYTES), TEXT(c->id), INT(c->now_ms)),
                  why);
}

static enum err_code create(struct db *db, void *arg, struct err *why)
{
    struct creation *c = arg;
    enum err_code rc = find_key(db, c, why);
    if (rc != OK || c->replayed)
        return rc;
    rc = insert_submission(db, c, why);
    for (size_t i = 0; rc == OK && i < c->request->n_files; i++)
        rc = insert_file(db, c, &c->intake->files[i], why);
    if (rc == OK)
        rc = db_run(db, "INSERT INTO job (submission, state, queued_ms) VALUES (?, 'queued', ?)",
                    PARAMS(TEXT(c->id), INT(c->now_ms)), why);
    return rc == OK ? insert_key(db, c, why) : rc;
}

enum err_code submission_create(struct store *s, const struct submission_request *r,
                                char ret_id[ID_SIZE], bool *ret_new, struct err *why)
{
    struct intake intake;
    enum err_code rc = intake_check(r, s->secret, &intake, why);
    if (rc != OK)
        return rc;
    struct creation c = {.request = r, .intake = &intake, .now_ms = store_now_ms(s)};
    store_id(s, c.id);
    if ((rc = store_write(s, create, &c, why)) != OK)
        return rc;
    memcpy(ret_id, c.id, ID_SIZE);
    *ret_new = !c.replayed;
    return OK;
}

/* ---- Reading ---- */

#define SUBMISSION_COLUMNS                                                                         \
    "s.id, s.user, user.login, s.lab, lab.title, s.mode, s.seed, s.created_ms,"                    \
    " j.state, j.started_ms, j.finished_ms,"                                                       \
    " CASE WHEN j.state = 'queued' THEN (SELECT count(*) FROM job AS q"                            \
    "      WHERE q.state = 'queued' AND q.submission <= s.id) ELSE 0 END,"                         \
    " r.verdict, r.score, r.max_score, r.pass"
#define SUBMISSION_TABLES                                                                          \
    " FROM submission AS s JOIN job AS j ON j.submission = s.id JOIN user ON user.id = s.user"     \
    " JOIN lab ON lab.id = s.lab LEFT JOIN report AS r ON r.submission = s.id "

static enum submission_state state_of(const char *job_state)
{
    if (job_state == NULL || strcmp(job_state, "queued") == 0)
        return SUBMISSION_QUEUED;
    return strcmp(job_state, "leased") == 0 ? SUBMISSION_RUNNING : SUBMISSION_FINISHED;
}

static void submission_from_row(struct rows *rows, struct arena *a, struct submission *ret)
{
    row_copy(rows, 0, ret->id, ID_LENGTH);
    row_copy(rows, 1, ret->user, ID_LENGTH);
    ret->login = row_text(rows, 2, a);
    ret->lab = row_text(rows, 3, a);
    ret->lab_title = row_text(rows, 4, a);
    const char *mode = row_text(rows, 5, a);
    /* The schema allows only these words. */
    if (mode == NULL || submission_mode_parse(mode, &ret->mode, NULL) != OK)
        ret->mode = SUBMISSION_FULL;
    ret->seed = (uint64_t)row_int(rows, 6);
    ret->created_ms = row_int(rows, 7);
    ret->state = state_of(row_text(rows, 8, a));
    ret->started_ms = row_int(rows, 9);
    ret->finished_ms = row_int(rows, 10);
    ret->queue_position = row_int(rows, 11);
    ret->verdict = row_text(rows, 12, a);
    ret->has_report = ret->verdict != NULL;
    ret->score = row_real(rows, 13);
    ret->max_score = row_real(rows, 14);
    ret->pass = row_int(rows, 15) != 0;
}

static enum err_code read_row(struct db *db, const char *id, struct arena *a,
                              struct submission *ret, struct err *why)
{
    struct rows rows;
    enum err_code rc = db_query(db, "SELECT " SUBMISSION_COLUMNS SUBMISSION_TABLES "WHERE s.id = ?",
                                PARAMS(TEXT(id)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        submission_from_row(&rows, a, ret);
    return rows_end_one(&rows, rc, "submission", id, why);
}

enum err_code submission_files_of(struct db *db, const char *id, struct arena *a,
                                  const struct submission_file **ret, size_t *ret_count,
                                  struct err *why)
{
    struct rows rows;
    struct list list = {0};
    enum err_code rc =
        db_query(db,
                 "SELECT sf.name, length(file.bytes), sf.sha256 FROM submission_file AS sf"
                 " JOIN file ON file.sha256 = sf.sha256 WHERE sf.submission = ? ORDER BY sf.name",
                 PARAMS(TEXT(id)), &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct submission_file *f = list_add(&list, sizeof *f, a, &rows);
        if (f == NULL)
            break;
        f->name = row_text(&rows, 0, a);
        f->size = (size_t)row_int(&rows, 1);
        row_copy(&rows, 2, f->sha256, SHA256_BYTES);
    }
    if ((rc = rows_end(&rows, rc, why)) != OK)
        return rc;
    *ret = list.items;
    *ret_count = list.count;
    return OK;
}

enum err_code submission_get(struct store *s, const char *id, struct arena *a,
                             struct submission *ret, struct err *why)
{
    struct submission found = {0};
    struct db *db = store_reader(s);
    enum err_code rc = read_row(db, id, a, &found, why);
    if (rc == OK)
        rc = submission_files_of(db, id, a, &found.files, &found.n_files, why);
    store_reader_done(s, db);
    if (rc == OK)
        *ret = found;
    return rc;
}

/* Four statements rather than one with "? IS NULL OR": each finds its own index. The text after
 * any ULID is '~', so that a first page asks for what is below it. */
#define NEWEST_FIRST " s.id < ? ORDER BY s.id DESC LIMIT ?"
static enum err_code list_query(struct db *db, struct submission_filter f, const char *before,
                                int64_t limit, struct rows *ret, struct err *why)
{
    static const char all[] = "SELECT " SUBMISSION_COLUMNS SUBMISSION_TABLES "WHERE" NEWEST_FIRST;
    static const char by_user[] =
        "SELECT " SUBMISSION_COLUMNS SUBMISSION_TABLES "WHERE s.user = ? AND" NEWEST_FIRST;
    static const char by_lab[] =
        "SELECT " SUBMISSION_COLUMNS SUBMISSION_TABLES "WHERE s.lab = ? AND" NEWEST_FIRST;
    static const char by_both[] = "SELECT " SUBMISSION_COLUMNS SUBMISSION_TABLES
                                  "WHERE s.user = ? AND s.lab = ? AND" NEWEST_FIRST;
    const struct param id = TEXT(before), count = INT(limit);
    if (f.user != NULL && f.lab != NULL)
        return db_query(db, by_both, PARAMS(TEXT(f.user), TEXT(f.lab), id, count), ret, why);
    if (f.user != NULL)
        return db_query(db, by_user, PARAMS(TEXT(f.user), id, count), ret, why);
    if (f.lab != NULL)
        return db_query(db, by_lab, PARAMS(TEXT(f.lab), id, count), ret, why);
    return db_query(db, all, PARAMS(id, count), ret, why);
}

enum err_code submission_list(struct store *s, struct submission_filter filter, const char *after,
                              size_t limit, struct arena *a, struct submission **ret,
                              struct page *ret_page, struct err *why)
{
    limit = page_limit(limit);
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc =
        list_query(db, filter, after != NULL ? after : "~", (int64_t)limit + 1, &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct submission *one = list_add(&list, sizeof *one, a, &rows);
        if (one == NULL)
            break;
        submission_from_row(&rows, a, one);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret = list.items;
    page_finish(ret_page, list.count, limit, list.items, sizeof(struct submission));
    return OK;
}

static enum err_code read_bytes(struct store *s, const char *sql, struct params params,
                                const char *what, const char *name, struct arena *a,
                                const char **ret, size_t *ret_size, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    const char *bytes = NULL;
    size_t size = 0;
    enum err_code rc = db_query(db, sql, params, &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        bytes = row_blob(&rows, 0, a, &size);
    rc = rows_end_one(&rows, rc, what, name, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret = bytes;
    *ret_size = size;
    return OK;
}

enum err_code submission_file_read(struct store *s, const char *id, const char *name,
                                   struct arena *a, const char **ret_bytes, size_t *ret_size,
                                   struct err *why)
{
    return read_bytes(s,
                      "SELECT file.bytes FROM submission_file AS sf"
                      " JOIN file ON file.sha256 = sf.sha256"
                      " WHERE sf.submission = ? AND sf.name = ?",
                      PARAMS(TEXT(id), TEXT(name)), "file", name, a, ret_bytes, ret_size, why);
}

enum err_code submission_report(struct store *s, const char *id, struct arena *a,
                                const char **ret_json, size_t *ret_size, struct err *why)
{
    return read_bytes(s, "SELECT json FROM report WHERE submission = ?", PARAMS(TEXT(id)),
                      "report of submission", id, a, ret_json, ret_size, why);
}
