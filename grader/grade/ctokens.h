/* A C source as tokens: enough to find operators, numbers and statements, no more. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum ctoken_kind { CTOKEN_WORD, CTOKEN_NUMBER, CTOKEN_TEXT, CTOKEN_MARK };

struct ctoken {
    enum ctoken_kind kind;
    size_t at, length;      /* bytes of the source */
    int line, depth, round; /* open braces, and round brackets, in front of it */
};

/* Comments and preprocessor lines leave none. Never fails on what is no C; ERR_NOMEM. */
MUST_CHECK enum err_code ctokens_read(const char *source, size_t size, struct arena *a,
                                      const struct ctoken **ret, size_t *ret_count,
                                      struct err *why);
