/* A string that grows up to a bound given at birth.
 *
 *     struct str s;
 *     str_init(&s, 65536);
 *     str_printf(&s, "%zu bytes", n);
 *     if (s.cut) ...                       something did not fit; what did is kept and NUL-ended
 *     str_done(&s);
 *
 * `text` is never NULL after str_init and always ends in a NUL that `length` does not count.
 * Bytes may hold NULs. Running out of memory counts as being full. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct str {
    char *text;
    size_t length, capacity, max; /* bytes; max excludes the NUL */
    bool cut;                     /* an append did not fit and was shortened */
};

void str_init(struct str *s, size_t max_bytes);
void str_done(struct str *s);
void str_clear(struct str *s);

void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *bytes, size_t count);
void str_add_char(struct str *s, char c);
void str_printf(struct str *s, const char *format, ...) PRINTF_LIKE(2, 3);
