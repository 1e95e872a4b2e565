/* Accounts. Passwords are kept as argon2id hashes (libsodium, its interactive limits: 64 MiB and
 * about a tenth of a second each; at most two are computed at once, so that a flood of sign-ins
 * costs time and not memory). */
#pragma once

#include "server/store/store.h"

enum role {
#define ROLE(name, word) name,
#include "server/store/role.def"
#undef ROLE
};

const char *role_word(enum role role); /* "learner" */
/* ERR_INVALID: no role has this word. */
MUST_CHECK enum err_code role_parse(const char *word, enum role *ret, struct err *why);

enum {
    LOGIN_MAX = 64,   /* a-z 0-9 . _ - @ +, beginning with a letter or digit */
    PASSWORD_MIN = 8, /* bytes */
    PASSWORD_MAX = 1024,
};

struct user {
    char id[ID_SIZE];
    const char *login, *name;
    enum role role;
    int64_t created_ms;
};

/* `password` NULL: nobody can sign in with a password until one is set; tokens work.
 * ERR_CONFLICT: the login is taken. ERR_INVALID: login, name or password outside the limits. */
MUST_CHECK enum err_code user_create(struct store *s, const char *login, const char *name,
                                     enum role role, const char *password, char ret_id[ID_SIZE],
                                     struct err *why);

/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code user_get(struct store *s, const char *id, struct arena *a,
                                  struct user *ret, struct err *why);
MUST_CHECK enum err_code user_by_login(struct store *s, const char *login, struct arena *a,
                                       struct user *ret, struct err *why);

/* The user who has this login and this password. ERR_UNAUTHENTICATED, after the same time and with
 * the same story, whether the login or the password is wrong. */
MUST_CHECK enum err_code user_verify_password(struct store *s, const char *login,
                                              const char *password, struct arena *a,
                                              struct user *ret, struct err *why);

/* Ends all the user's sessions too. ERR_NOT_FOUND, ERR_INVALID. */
MUST_CHECK enum err_code user_set_password(struct store *s, const char *id, const char *password,
                                           struct err *why);

/* Oldest first; `after` is the last page's `next`, or NULL. */
MUST_CHECK enum err_code user_list(struct store *s, const char *after, size_t limit,
                                   struct arena *a, struct user **ret_users, struct page *ret_page,
                                   struct err *why);
