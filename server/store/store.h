/* The store: everything the server must not lose, in one SQLite file. All SQL is in this folder.
 *
 *     struct store *store = NULL;
 *     rc = store_open(&(struct store_config){.path = "data/graded.db"}, &store, why);
 *     ... user.h, session.h, token.h, cohort.h, lab.h, submission.h, job.h, event.h, score.h ...
 *     store_close(store);
 *
 * Every function that takes a `struct store *` may be called by any thread at any time between open
 * and close. A function that changes something returns once its change is on the disk: writers wait
 * together for one fsync (writer.h). Readers never wait for writers.
 *
 * Results are the caller's arena's. A function that needs an arena and finds it full returns
 * ERR_NOMEM; 64 KiB are plenty but for lists (about 1 KiB a row), sources and reports.
 *
 * Errors all functions share, which their comments do not repeat: ERR_IO (the disk, or SQLite),
 * ERR_BUSY (another process held the file for longer than five seconds), ERR_NOMEM. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { ID_LENGTH = 26, ID_SIZE = ID_LENGTH + 1 }; /* a ULID as text, and with its NUL */

enum { NAME_MAX_BYTES = 200 }; /* names of people, tokens, cohorts; titles of labs */

enum { PAGE_MAX = 200 }; /* rows in one page of any list; a larger limit is cut to it */

/* What a list function returns beside its rows: pass `next` back as `after` for the next page. */
struct page {
    size_t count;
    char next[ID_SIZE]; /* "": there is no further page */
};

/* Milliseconds since 1970, UTC. A function, so that tests can move the time. */
struct store_clock {
    int64_t (*now_ms)(void *ctx); /* called by any thread; NULL: the system's clock */
    void *ctx;
};

struct store_config {
    const char *path; /* the file; made when it does not exist */
    struct store_clock clock;
    unsigned readers; /* read-only connections; 0: eight */
};

struct store;

/* Opens a file whose schema is the one this program was built with.
 * ERR_CONFLICT: its schema is older (run store_migrate) or newer (run a newer program). */
MUST_CHECK enum err_code store_open(const struct store_config *config, struct store **ret,
                                    struct err *why);
/* Waits for the writes under way. No other call may be in progress or follow. NULL is fine. */
void store_close(struct store *s);

/* Brings a file, new or old, to the newest schema: migrations/NNNN-*.sql in order, each in one
 * transaction, its number left in user_version. The two results (may be NULL) are the versions
 * before and after. ERR_CONFLICT: the file is newer than this program. */
MUST_CHECK enum err_code store_migrate(const char *path, int *ret_from, int *ret_to,
                                       struct err *why);

/* A consistent copy of the whole file while everything goes on, checked (integrity_check,
 * foreign_key_check) before it gets its name. ERR_CONFLICT: `path` exists. */
MUST_CHECK enum err_code store_backup(struct store *s, const char *path, struct err *why);

/* Computes everything derived (scores) anew from submissions and reports, in one transaction.
 * `ret_changed` (may be NULL): how many rows were wrong before; more than 0 is a bug of ours. */
MUST_CHECK enum err_code store_rebuild(struct store *s, int64_t *ret_changed, struct err *why);

/* The store's clock. */
int64_t store_now_ms(const struct store *s);

/* A new ULID: 48 bits of time, 80 of chance; each is greater than all made since the store was
 * opened. */
void store_id(struct store *s, char ret[ID_SIZE]);
