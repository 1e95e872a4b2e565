#include "grader/vgpu/cost/cache.h"

#include <stdlib.h>

enum { SECTORS_OF_LINE = 4, LINE_BYTES = 128 };

struct line {
    uint64_t tag;
    uint64_t used;       /* when; 0: never */
    uint32_t generation; /* of the cache; an older one is empty */
    uint8_t held, dirty; /* a bit per sector */
};

struct cost_cache {
    struct line *lines; /* [set][way] */
    uint64_t sets, most_sets;
    unsigned ways;
    uint64_t time;
    uint32_t generation;
};

static uint64_t sets_of(uint64_t bytes, unsigned ways)
{
    const uint64_t sets = bytes / LINE_BYTES / ways;
    return sets ? sets : 1;
}

enum err_code cost_cache_new(struct cost_cache **ret, uint64_t bytes, unsigned ways,
                             struct err *why)
{
    struct cost_cache *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(why, ERR_NOMEM, "no memory for a cache model");
    c->ways = ways;
    c->sets = c->most_sets = sets_of(bytes, ways);
    c->generation = 1;
    c->lines = calloc(c->sets * ways, sizeof(*c->lines));
    if (!c->lines) {
        free(c);
        return err_set(why, ERR_NOMEM, "no memory for a cache model of %llu bytes",
                       (unsigned long long)bytes);
    }
    *ret = c;
    return OK;
}

void cost_cache_free(struct cost_cache *c)
{
    if (!c)
        return;
    free(c->lines);
    free(c);
}

void cost_cache_reset(struct cost_cache *c, uint64_t bytes)
{
    c->sets = sets_of(bytes, c->ways);
    if (c->sets > c->most_sets)
        c->sets = c->most_sets;
    c->generation++;
    c->time = 0;
}

/* Devices hash addresses to sets, so that a power-of-two stride does not fall into one. */
static struct line *set_of(const struct cost_cache *c, uint64_t tag)
{
    const uint64_t mixed = tag ^ tag >> 7 ^ tag >> 15 ^ tag >> 24;
    return c->lines + mixed % c->sets * c->ways;
}

bool cost_cache_holds(const struct cost_cache *c, uint64_t sector)
{
    const uint64_t tag = sector / SECTORS_OF_LINE;
    const struct line *set = set_of(c, tag);
    for (unsigned w = 0; w < c->ways; w++)
        if (set[w].generation == c->generation && set[w].tag == tag)
            return set[w].held >> (sector % SECTORS_OF_LINE) & 1;
    return false;
}

static struct line *find_or_evict(struct cost_cache *c, uint64_t tag, unsigned *ret_written)
{
    struct line *set = set_of(c, tag), *oldest = set;
    for (unsigned w = 0; w < c->ways; w++) {
        struct line *l = &set[w];
        if (l->generation != c->generation)
            *l = (struct line){.generation = c->generation};
        else if (l->held && l->tag == tag)
            return l;
        if (l->used < oldest->used)
            oldest = l;
    }
    *ret_written = (unsigned)__builtin_popcount(oldest->dirty);
    *oldest = (struct line){.tag = tag, .generation = c->generation};
    return oldest;
}

bool cost_cache_touch(struct cost_cache *c, uint64_t sector, bool write, unsigned *ret_written)
{
    *ret_written = 0;
    struct line *l = find_or_evict(c, sector / SECTORS_OF_LINE, ret_written);
    const uint8_t bit = (uint8_t)(1u << (sector % SECTORS_OF_LINE));
    const bool hit = l->held & bit;
    l->held |= bit;
    if (write)
        l->dirty |= bit;
    l->used = ++c->time;
    return hit;
}

uint64_t cost_cache_flush(struct cost_cache *c)
{
    uint64_t written = 0;
    for (uint64_t i = 0; i < c->sets * c->ways; i++) {
        struct line *l = &c->lines[i];
        if (l->generation != c->generation)
            continue;
        written += (uint64_t)__builtin_popcount(l->dirty);
        l->dirty = 0;
    }
    return written;
}
