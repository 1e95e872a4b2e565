/* The `graded` program: its commands, what each takes, and what they share. main.c parses; a
 * command gets its options checked and filled in, does its work, and tells an error upwards. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct options {
    char data[PATH_MAX];                                 /* --data */
    char labs[PATH_MAX], grade[PATH_MAX], web[PATH_MAX]; /* web "": there is no web app */
    const char *listen;
    uint16_t port;
    unsigned workers; /* 0: one per core */
    int64_t grace_ms; /* for gradings under way, when the server stops */
    bool secure_cookies;
    bool strict;                      /* serve only where every guarantee of a cell holds */
    char sandbox[PATH_MAX];           /* the program that is asked */
    const char *name, *role, *scopes; /* NULL: not given */
    bool password_from_stdin;
    char *const *rest; /* what follows the options: as many as the command wants */
};

typedef enum err_code command_fn(const struct options *o, struct err *why);

command_fn command_serve, command_demo;
command_fn command_migrate, command_backup, command_rebuild;
command_fn command_user_add, command_user_list, command_user_password;
command_fn command_token_create, command_token_revoke;
command_fn command_cohort_add, command_cohort_member;

/* ---- The data folder: graded.db, jobs/, demo.json, lock ---- */

struct store;

/* Makes it if it is not there (for its owner only), and holds it for this process until the
 * descriptor is closed. ERR_BUSY: another server has it. */
MUST_CHECK enum err_code data_lock(const char *data, int *ret_fd, struct err *why);

/* Opens DATA/graded.db. Needs no lock: several programs may use the file, only one may serve. */
MUST_CHECK enum err_code data_open_store(const char *data, struct store **ret, struct err *why);
/* Brings it to the newest schema; the caller holds the lock. */
MUST_CHECK enum err_code data_migrate(const char *data, int *ret_from, int *ret_to,
                                      struct err *why);

/* ---- Serving, for serve and demo ---- */

/* Serves until SIGTERM or SIGINT, then drains. `on_ready` is called once the port is known. The
 * caller holds the lock, and has called serve_block_signals before any thread was started. */
MUST_CHECK enum err_code serve(const struct options *o, struct store *store,
                               void (*on_ready)(void *ctx, const struct options *o, uint16_t port),
                               void *ctx, struct err *why);
/* With --strict: ERR_UNSUPPORTED on a host that lacks a guarantee, told on standard error with what
 * to change; OK without it. */
MUST_CHECK enum err_code strict_check(const struct options *o, struct err *why);
/* Before the first thread: the signals that `serve` waits for are kept for it. */
void serve_block_signals(void);
