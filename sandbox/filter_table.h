/* What filter_make.c writes into filter_table.c when graded is built. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_PROFILES = 3, FILTER_EXTRA_SETS = 16 };

/* A program that waits for its cookie: both halves of it stand in one comparison each. */
struct filter_entry {
    const struct sock_filter *code; /* NULL: no profile has these extras */
    unsigned short length, cookie_high, cookie_low;
};
extern const struct filter_entry filter_table[FILTER_PROFILES][FILTER_EXTRA_SETS];

/* Names by number; NULL: unknown. */
extern const char *const filter_names[];
extern const int filter_n_names;
