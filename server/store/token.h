/* API tokens: shown once, kept as BLAKE2b hashes, scoped, revocable. */
#pragma once

#include "server/store/user.h"

enum token_scope { /* bits of a set */
                   SCOPE_SUBMIT = 1 << 0,
                   SCOPE_READ = 1 << 1,
                   SCOPE_GRADE = 1 << 2,
                   SCOPE_ADMIN = 1 << 3,
                   SCOPE_ALL = (1 << 4) - 1,
};

/* The word of one bit ("submit"); NULL for anything else. ERR_INVALID: no scope has this word. */
const char *scope_word(enum token_scope scope);
MUST_CHECK enum err_code scope_parse(const char *word, enum token_scope *ret, struct err *why);

enum {
    TOKEN_SECRET_SIZE = 48, /* "grd_", 32 random bytes in base64url, and the NUL */
    TOKENS_MAX = 100,       /* not revoked, of one user */
};

struct token {
    char id[ID_SIZE];
    const char *name;
    unsigned scopes; /* set of enum token_scope */
    int64_t created_ms;
    int64_t last_used_ms; /* 0: never; exact to a minute */
};

/* `scopes` is a set and not empty. ERR_LIMIT: the user has TOKENS_MAX. ERR_NOT_FOUND: no such user.
 * ERR_INVALID: name empty or longer than NAME_MAX_BYTES. */
MUST_CHECK enum err_code token_create(struct store *s, const char *user, const char *name,
                                      unsigned scopes, struct arena *a, struct token *ret,
                                      char ret_secret[TOKEN_SECRET_SIZE], struct err *why);

/* Whose token it is and what it may; notes the use. ERR_UNAUTHENTICATED: unknown or revoked. */
MUST_CHECK enum err_code token_lookup(struct store *s, const char *secret, struct arena *a,
                                      struct user *ret_user, unsigned *ret_scopes, struct err *why);

/* ERR_NOT_FOUND: the user has no such token, or it is revoked already. */
MUST_CHECK enum err_code token_revoke(struct store *s, const char *user, const char *id,
                                      struct err *why);

/* The user's tokens that are not revoked, newest first; at most TOKENS_MAX. */
MUST_CHECK enum err_code token_list(struct store *s, const char *user, struct arena *a,
                                    struct token **ret_tokens, size_t *ret_count, struct err *why);
