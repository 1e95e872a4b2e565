/* Lab 0.21: a walk over text that calls back. */
#pragma once

#include <stddef.h>

/* Told of each word; anything but 0 ends the walk. */
typedef int word_fn(void *user, const char *word, size_t n);

/* Calls fn for each longest run of bytes other than ' ' and '\n', in order, until it says stop.
 * Returns how many calls were made. The text has no NUL. */
size_t words(const char *text, size_t n, word_fn *fn, void *user);
