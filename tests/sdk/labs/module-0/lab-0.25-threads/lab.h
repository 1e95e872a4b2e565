/* Lab 0.25: a loop for several threads. */
#pragma once

#include <stddef.h>

/* Calls fn(user, i) once for every i below n, from `threads` threads (1 to 8) that run at once, and
 * returns when all calls have. 0; -1: a thread could not be made, and nothing was called. */
int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user);
