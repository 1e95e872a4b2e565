/* Small mistakes made on purpose and by machine: what a solution must not survive, were its lab's
 * cases complete. Works on tokens, knows no types: some of what it makes does not compile, some
 * means the same as before. Pure. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum mutation {
    MUTATE_COMPARE, /* < becomes <=, == becomes != and so on */
    MUTATE_STEP,    /* a whole number becomes one more or one less */
    MUTATE_SIGN,    /* + becomes -, += becomes -= */
    MUTATE_LOGIC,   /* && becomes || */
    MUTATE_NEGATE,  /* if (c) becomes if (!(c)) */
    MUTATE_DROP,    /* a statement goes */
};

struct mutant {
    enum mutation kind;
    size_t at, length;       /* bytes of the source that give way */
    const char *replacement; /* to this */
    int line;                /* of `at`, from 1 */
};

/* All mutants of a C source in the order of their places; the arena's. Preprocessor lines, strings
 * and comments stay as they are. */
MUST_CHECK enum err_code mutate_list(const char *source, size_t size, struct arena *a,
                                     const struct mutant **ret, size_t *ret_count, struct err *why);

/* The whole source with one mistake, NUL-ended; the arena's. NULL: no memory. */
char *mutate_apply(const char *source, size_t size, const struct mutant *m, struct arena *a,
                   size_t *ret_size);

/* "'i < n' becomes 'i <= n'", for people, on one line; the arena's. */
const char *mutate_text(const char *source, size_t size, const struct mutant *m, struct arena *a);

/* Puts `wanted` of the n indexes 0..n-1, drawn without return by a fixed seed, in rising order into
 * `ret` (room for n); returns how many. */
size_t mutate_sample(size_t n, size_t wanted, size_t *ret);
