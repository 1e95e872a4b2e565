#include "grader/vgpu/ptx/pile.h"

#include <stdlib.h>
#include <string.h>

void pile_init(struct pile *p, size_t item_bytes, size_t max)
{
    *p = (struct pile){.item_bytes = item_bytes, .max = max};
}

void pile_done(struct pile *p)
{
    free(p->items);
    p->items = NULL;
    p->n = p->capacity = 0;
}

void *pile_add(struct pile *p)
{
    if (p->n == p->max)
        return NULL;
    if (p->n == p->capacity) {
        const size_t capacity = p->capacity ? 2 * p->capacity : 64;
        void *items = realloc(p->items, capacity * p->item_bytes);
        if (!items)
            return NULL;
        p->items = items;
        p->capacity = capacity;
    }
    unsigned char *item = (unsigned char *)p->items + p->n++ * p->item_bytes;
    memset(item, 0, p->item_bytes);
    return item;
}

void *pile_take(struct pile *p, size_t first, struct arena *arena)
{
    const size_t count = p->n - first;
    void *copy = count ? arena_array(arena, count, p->item_bytes) : NULL;
    if (copy)
        memcpy(copy, (unsigned char *)p->items + first * p->item_bytes, count * p->item_bytes);
    p->n = first;
    return copy;
}
