/* Sessions of browsers. The cookie holds a random secret; the file holds only its BLAKE2b hash, so
 * that whoever reads a backup cannot sign in with it. */
#pragma once

#include "server/store/user.h"

enum { SESSION_SECRET_SIZE = 44 }; /* 32 random bytes in base64url, and the NUL */

/* Lasts `lifetime_ms` from now. Sessions that are over are swept away on the way. */
MUST_CHECK enum err_code session_create(struct store *s, const char *user, int64_t lifetime_ms,
                                        char ret_secret[SESSION_SECRET_SIZE], struct err *why);

/* Whose session it is. ERR_UNAUTHENTICATED: unknown, ended or over. */
MUST_CHECK enum err_code session_lookup(struct store *s, const char *secret, struct arena *a,
                                        struct user *ret, struct err *why);

/* Signs out; an unknown secret is fine. */
MUST_CHECK enum err_code session_delete(struct store *s, const char *secret, struct err *why);
