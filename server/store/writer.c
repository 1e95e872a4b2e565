#include "server/store/writer.h"

#include <pthread.h>
#include <stdlib.h>

enum { BATCH_MAX = 256 }; /* writes in one transaction: bounds how long the first one waits */

struct write { /* on the stack of the one who waits */
    write_fn *fn;
    void *arg;
    struct err *why;
    enum err_code rc; /* OK until something says otherwise */
    bool done;
    struct write *next;
};

struct writer {
    struct db *db; /* the thread's own */
    pthread_t thread;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work, done;
    struct write *first, **end; /* waiting, oldest first */
    bool stopping;
    int64_t commits;
};

/* ---- One batch, on the writer's thread ---- */

static void run_one(struct db *db, struct write *w)
{
    w->rc = db_run(db, "SAVEPOINT one", NO_PARAMS, w->why);
    if (w->rc != OK)
        return;
    w->rc = w->fn(db, w->arg, w->why);
    if (w->rc != OK && !sqlite3_get_autocommit(db->handle)) {
        const enum err_code undone = db_run(db, "ROLLBACK TO one", NO_PARAMS, NULL);
        if (undone != OK) /* then nothing of this transaction may stay */
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    if (!sqlite3_get_autocommit(db->handle)) {
        const enum err_code released = db_run(db, "RELEASE one", NO_PARAMS, NULL);
        if (released != OK)
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

/* Whatever went well from `first` up to `end` did not reach the disk after all. */
static void take_back(struct write *first, const struct write *end, struct err *story)
{
    for (struct write *w = first; w != end; w = w->next)
        if (w->rc == OK)
            w->rc = err_set(w->why, story->code, "%s", story->text);
}

/* Runs writes from `first` on in one transaction; returns the first one that is left over. That is
 * none, unless SQLite gave up the transaction in the middle (disk full, out of memory). */
static struct write *run_transaction(struct db *db, struct write *first)
{
    struct err story = {.code = ERR_IO, .text = "the database gave up a transaction"};
    if (db_run(db, "BEGIN IMMEDIATE", NO_PARAMS, &story) != OK) {
        take_back(first, NULL, &story);
        return NULL;
    }
    struct write *next = first;
    do {
        run_one(db, next);
        next = next->next;
    } while (next != NULL && !sqlite3_get_autocommit(db->handle));
    if (sqlite3_get_autocommit(db->handle)) {
        take_back(first, next, &story);
    } else if (db_run(db, "COMMIT", NO_PARAMS, &story) != OK) {
        take_back(first, next, &story);
        if (!sqlite3_get_autocommit(db->handle))
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    return next;
}

/* ---- The thread ---- */

/* With the lock held: up to BATCH_MAX writes, as a list of their own. */
static struct write *take_batch(struct writer *w)
{
    struct write *batch = w->first, *last = batch;
    for (int n = 1; n < BATCH_MAX && last->next != NULL; n++)
        last = last->next;
    w->first = last->next;
    if (w->first == NULL)
        w->end = &w->first;
    last->next = NULL;
    return batch;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->first == NULL && !w->stopping)
            pthread_cond_wait(&w->work, &w->lock);
        if (w->first == NULL)
            break;
        struct write *batch = take_batch(w);
        pthread_mutex_unlock(&w->lock);
        int64_t commits = 0;
        for (struct write *left = batch; left != NULL; commits++)
            left = run_transaction(w->db, left);
        pthread_mutex_lock(&w->lock);
        w->commits += commits;
        for (struct write *next; batch != NULL; batch = next) {
            next = batch->next; /* once done, its owner may take it off the stack */
            batch->done = true;
        }
        pthread_cond_broadcast(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum err_code writer_run(struct writer *w, write_fn *fn, void *arg, struct err *why)
{
    struct write own = {.fn = fn, .arg = arg, .why = why};
    pthread_mutex_lock(&w->lock);
    *w->end = &own;
    w->end = &own.next;
    pthread_cond_signal(&w->work);
    while (!own.done)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    return own.rc;
}

enum err_code writer_start(struct db *db, struct writer **ret, struct err *why)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the writer");
    w->db = db;
    w->end = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->done, NULL);
    const int failed = pthread_create(&w->thread, NULL, writer_main, w);
    if (failed != 0) {
        free(w);
        return err_sys(why, ERR_LIMIT, failed, "starting the writer's thread");
    }
    *ret = w;
    return OK;
}

void writer_stop(struct writer *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    db_close(w->db);
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

int64_t writer_commits(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    const int64_t commits = w->commits;
    pthread_mutex_unlock(&w->lock);
    return commits;
}
