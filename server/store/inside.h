/* What the store's own files share. */
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include "server/store/db.h"
#include "server/store/store.h"
#include "server/store/ulid.h"
#include "server/store/user.h"
#include "server/store/writer.h"

enum { STORE_SECRET_BYTES = 32, HASH_BYTES = 32 };

struct store {
    struct store_clock clock;
    struct writer *writer;
    sem_t hashing;                      /* who may compute a password's hash now */
    uint8_t secret[STORE_SECRET_BYTES]; /* makes seeds that nobody can guess */

    pthread_mutex_t id_lock;
    struct ulid ulid;

    pthread_mutex_t reader_lock;
    pthread_cond_t reader_free;
    struct db **readers; /* those not in use: the first n_free */
    size_t n_readers, n_free;
};

/* Runs fn in a transaction and returns when it is on the disk; see writer.h. */
MUST_CHECK enum err_code store_write(struct store *s, write_fn *fn, void *arg, struct err *why);

/* A reading connection, waiting for one if all are in use. Give it back soon. */
struct db *store_reader(struct store *s);
void store_reader_done(struct store *s, struct db *db);

/* The limit of a list as the caller wants it, cut to PAGE_MAX; and one row more, which tells
 * whether there is a next page. */
size_t page_limit(size_t limit);
/* Sets count and next of a list that was read with one row more than `limit`. */
void page_finish(struct page *page, size_t count, size_t limit, const void *rows, size_t row_size);

/* ERR_INVALID unless it is 1 to NAME_MAX_BYTES bytes of UTF-8 without control characters. */
MUST_CHECK enum err_code check_name(const char *what, const char *name, struct err *why);

/* A random secret in base64url and the hash that is stored of one. */
void secret_make(char *ret, size_t size, const char *prefix);
void secret_hash(const char *secret, uint8_t ret[HASH_BYTES]);

/* The files of one submission, by name. */
struct submission_file;
MUST_CHECK enum err_code submission_files_of(struct db *db, const char *id, struct arena *a,
                                             const struct submission_file **ret, size_t *ret_count,
                                             struct err *why);

/* Columns of a user, in the order that user_from_row wants them. */
#define USER_COLUMNS "user.id, user.login, user.name, user.role, user.created_ms"
enum { USER_COLUMN_COUNT = 5 };
void user_from_row(struct rows *rows, int first, struct arena *a, struct user *ret);
