/* Submissions and their files. A submission is committed whole, with its files, its job and its
 * idempotency key, in one transaction: what was acknowledged is there after any crash. Files are
 * content-addressed by SHA-256 and live in the database, so that one transaction covers them. */
#pragma once

#include "server/store/user.h"

enum submission_mode { SUBMISSION_FULL, SUBMISSION_VISIBLE };
enum submission_state { SUBMISSION_QUEUED, SUBMISSION_RUNNING, SUBMISSION_FINISHED };

const char *submission_mode_word(enum submission_mode mode);    /* "full", "visible" */
const char *submission_state_word(enum submission_state state); /* "queued", "running", ... */
/* ERR_INVALID: no mode has this word. */
MUST_CHECK enum err_code submission_mode_parse(const char *word, enum submission_mode *ret,
                                               struct err *why);

enum {
    SUBMISSION_FILES_MAX = 64,
    SUBMISSION_BYTES_MAX = 16 * 1024 * 1024, /* of all files of one submission */
    FILE_NAME_MAX = 100,                     /* letters, digits, . _ -; no leading dot or dash */
    SHA256_BYTES = 32,
    IDEMPOTENCY_KEY_MAX = 200,
};

struct submission_source { /* one file on its way in; all the caller's */
    const char *name;
    const void *bytes;
    size_t size;
};

struct submission_request {
    const char *user, *lab; /* ids */
    enum submission_mode mode;
    const struct submission_source *files;
    size_t n_files;
    const char *idempotency_key; /* NULL: none */
};

struct submission_file {
    const char *name;
    size_t size;
    uint8_t sha256[SHA256_BYTES];
};

struct submission {
    char id[ID_SIZE], user[ID_SIZE];
    const char *login, *lab, *lab_title; /* of the user; of the lab */
    enum submission_mode mode;
    enum submission_state state;
    uint64_t seed; /* below 2^53; same files, same seed */
    int64_t created_ms;
    int64_t started_ms;     /* of the last attempt; 0: not yet */
    int64_t finished_ms;    /* 0: not yet */
    int64_t queue_position; /* 1: next; 0: not queued */
    bool has_report;        /* the next four are of the report */
    const char *verdict;    /* its word */
    double score, max_score;
    bool pass;
    const struct submission_file *files; /* by name; NULL in lists */
    size_t n_files;
};

/* Stores the submission and queues its job. With an idempotency key that this user has used before
 * for the same lab, mode and files, `ret_id` is that first submission and `ret_new` is false;
 * nothing is written then. ERR_CONFLICT: the key was used for something else. ERR_NOT_FOUND: no
 * such user or lab. ERR_INVALID: no files, a bad name, one name twice, a bad key. ERR_TOO_LARGE:
 * over the limits. Afterwards, wake the dispatcher: dispatch_wake(). */
MUST_CHECK enum err_code submission_create(struct store *s, const struct submission_request *r,
                                           char ret_id[ID_SIZE], bool *ret_new, struct err *why);

/* With its files' names. ERR_NOT_FOUND. */
MUST_CHECK enum err_code submission_get(struct store *s, const char *id, struct arena *a,
                                        struct submission *ret, struct err *why);

/* Which ones; NULL: any. */
struct submission_filter {
    const char *user, *lab;
};

/* Newest first, without files; `after` is the last page's `next`, or NULL. */
MUST_CHECK enum err_code submission_list(struct store *s, struct submission_filter filter,
                                         const char *after, size_t limit, struct arena *a,
                                         struct submission **ret, struct page *ret_page,
                                         struct err *why);

/* The bytes of one file, with a NUL behind them. ERR_NOT_FOUND. */
MUST_CHECK enum err_code submission_file_read(struct store *s, const char *id, const char *name,
                                              struct arena *a, const char **ret_bytes,
                                              size_t *ret_size, struct err *why);

/* The whole report, unredacted, as report.json. ERR_NOT_FOUND: no such submission, or not yet. */
MUST_CHECK enum err_code submission_report(struct store *s, const char *id, struct arena *a,
                                           const char **ret_json, size_t *ret_size,
                                           struct err *why);
