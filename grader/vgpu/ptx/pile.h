/* Items that are collected one by one and then moved to an arena together. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

struct pile {
    void *items;
    size_t n, capacity, item_bytes, max;
};

void pile_init(struct pile *p, size_t item_bytes, size_t max);
void pile_done(struct pile *p);
/* A zeroed item at the end, until the next one is added. NULL: `max` of them, or no memory. */
void *pile_add(struct pile *p);
/* Copies the items from `first` on and drops them. NULL: the arena is full (or nothing was there).
 */
void *pile_take(struct pile *p, size_t first, struct arena *arena);
