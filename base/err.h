/* Errors have one shape in every folder: `enum err_code` is the kind, `struct err` the story for
 * people (the thing, its value, the bound, what to do).
 *
 *     enum err_code thing_open(..., struct thing **ret, struct err *why);
 *
 * `why` may be NULL where the reader needs no story. Results go to `ret`, untouched on failure. */
#pragma once

#define MUST_CHECK                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, further) __attribute__((format(printf, text, further)))

enum err_code {
#define ERR(name, text) name,
#include "base/err_code.def"
#undef ERR
};

enum { ERR_TEXT_MAX = 512 };
struct err {
    enum err_code code;
    char text[ERR_TEXT_MAX]; /* one line, without a full stop; cut where it does not fit */
};

/* The name of the kind, for logs: "out of range". */
const char *err_code_text(enum err_code code);

/* Tells the story; returns `code`, so that `return err_set(...)` reads as one thought. */
enum err_code err_set(struct err *why, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same, ending in ": " and the system's words for `errno_value`. */
enum err_code err_sys(struct err *why, enum err_code code, int errno_value, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Puts context in front of a story on its way up: "lab 3.2: file a.c: too large". Returns its code.
 */
enum err_code err_wrap(struct err *why, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
