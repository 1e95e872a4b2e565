/* The one writer: a thread that owns the writing connection and commits in batches.
 *
 * Whoever wants to write hands in a function and waits. The writer takes all that wait, runs them
 * in one transaction, each in a savepoint of its own, and commits: one fsync for all. While the
 * disk is busy with it the next batch gathers by itself, so there is nothing to tune: alone a write
 * waits for its own fsync only, and in a rush hundreds share one.
 *
 * A function that fails undoes its own changes and no one else's. Its results count only when
 * writer_run returned OK: the commit comes after it. */
#pragma once

#include "server/store/db.h"

typedef enum err_code write_fn(struct db *db, void *arg, struct err *why);

struct writer;

/* Takes the connection, and closes it in writer_stop. On failure it stays the caller's. */
MUST_CHECK enum err_code writer_start(struct db *db, struct writer **ret, struct err *why);
void writer_stop(struct writer *w); /* NULL is fine; no writer_run may be in progress */

MUST_CHECK enum err_code writer_run(struct writer *w, write_fn *fn, void *arg, struct err *why);

/* Transactions so far, for tests and measurements. */
int64_t writer_commits(struct writer *w);
