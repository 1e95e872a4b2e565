/* One arena per job or request: many small allocations, released together.
 *
 *     struct arena a;
 *     arena_init(&a, 1 << 20);             at most 1 MiB in all, from birth
 *     char *name = arena_printf(&a, "case %d", i);
 *     arena_reset(&a);                     everything from it is gone; it can be used again
 *     arena_done(&a);
 *
 * Memory comes back zeroed and aligned for any type. A full arena returns NULL; so a caller that
 * sized it by its own bounds may assert. Not safe for use by several threads at once. */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct arena_block;
struct arena {
    struct arena_block *block; /* newest first */
    size_t used, max;          /* bytes handed out, and their bound */
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_reset(struct arena *a);
void arena_done(struct arena *a);

void *arena_alloc(struct arena *a, size_t bytes);
/* `count` objects of `bytes` each; NULL also where the product does not fit. */
void *arena_array(struct arena *a, size_t count, size_t bytes);
char *arena_strdup(struct arena *a, const char *text);
/* The first `length` bytes of `text`, with a NUL behind them. */
char *arena_strndup(struct arena *a, const char *text, size_t length);
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
