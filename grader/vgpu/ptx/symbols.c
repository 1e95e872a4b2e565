#include "grader/vgpu/ptx/symbols.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 1024 };

/* FNV-1a, 64 bits. Names that were chosen to collide cost time in proportion to their number, which
 * the bounds of a module keep small; nothing worse. */
static uint64_t hash_of(const char *name, size_t length)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

bool symbols_init(struct symbols *s)
{
    *s = (struct symbols){.n = 1, .capacity = FIRST_BUCKETS, .n_buckets = FIRST_BUCKETS};
    s->all = calloc(s->capacity, sizeof(*s->all));
    s->buckets = calloc(s->n_buckets, sizeof(*s->buckets));
    return s->all && s->buckets;
}

void symbols_done(struct symbols *s)
{
    free(s->all);
    free(s->buckets);
    *s = (struct symbols){0};
}

static void link_symbol(struct symbols *s, size_t i)
{
    uint32_t *bucket = &s->buckets[s->all[i].hash & (s->n_buckets - 1)];
    s->all[i].next = *bucket;
    *bucket = (uint32_t)i;
}

static bool grow(struct symbols *s)
{
    struct symbol *all = realloc(s->all, 2 * s->capacity * sizeof(*all));
    if (!all)
        return false;
    s->all = all;
    uint32_t *buckets = calloc(2 * s->n_buckets, sizeof(*buckets));
    if (!buckets)
        return false;
    free(s->buckets);
    s->buckets = buckets;
    s->capacity *= 2;
    s->n_buckets *= 2;
    for (size_t i = 1; i < s->n; i++) /* in order: the newest ends up first */
        link_symbol(s, i);
    return true;
}

bool symbols_add(struct symbols *s, const char *name, size_t length, enum symbol_kind kind,
                 uint32_t index, uint32_t count)
{
    if (s->n == s->capacity && !grow(s))
        return false;
    s->all[s->n] = (struct symbol){.name = name,
                                   .length = length,
                                   .hash = hash_of(name, length),
                                   .index = index,
                                   .count = count,
                                   .depth = s->depth,
                                   .kind = (uint8_t)kind};
    link_symbol(s, s->n++);
    return true;
}

void symbols_enter(struct symbols *s)
{
    s->depth++;
}

void symbols_leave(struct symbols *s)
{
    while (s->n > 1 && s->all[s->n - 1].depth == s->depth) {
        const struct symbol *last = &s->all[--s->n];
        s->buckets[last->hash & (s->n_buckets - 1)] = last->next;
    }
    s->depth--;
}

static bool is_named(const struct symbol *y, uint64_t hash, const char *name, size_t length)
{
    return y->hash == hash && y->length == length && memcmp(y->name, name, length) == 0;
}

/* What the program declares; keywords have spaces of their own and are asked for by kind. */
const struct symbol *symbols_find(const struct symbols *s, const char *name, size_t length)
{
    const uint64_t hash = hash_of(name, length);
    for (uint32_t i = s->buckets[hash & (s->n_buckets - 1)]; i; i = s->all[i].next) {
        const struct symbol *y = &s->all[i];
        if (y->kind > SYMBOL_SREG && y->count == 0 && is_named(y, hash, name, length))
            return y;
    }
    return NULL;
}

const struct symbol *symbols_find_kind(const struct symbols *s, const char *name, size_t length,
                                       enum symbol_kind kind)
{
    const uint64_t hash = hash_of(name, length);
    for (uint32_t i = s->buckets[hash & (s->n_buckets - 1)]; i; i = s->all[i].next)
        if (s->all[i].kind == kind && is_named(&s->all[i], hash, name, length))
            return &s->all[i];
    return NULL;
}

static bool find_in_range(const struct symbols *s, const char *name, size_t stem, uint64_t number,
                          uint32_t *ret)
{
    const uint64_t hash = hash_of(name, stem);
    for (uint32_t i = s->buckets[hash & (s->n_buckets - 1)]; i; i = s->all[i].next) {
        const struct symbol *y = &s->all[i];
        if (y->kind == SYMBOL_REG && number < y->count && is_named(y, hash, name, stem)) {
            *ret = y->index + (uint32_t)number;
            return true;
        }
    }
    return false;
}

bool symbols_find_reg(const struct symbols *s, const char *name, size_t length, uint32_t *ret)
{
    uint64_t number = 0, place = 1;
    for (size_t stem = length; stem > 1 && length - stem < 9;) {
        const char c = name[--stem];
        if (c < '0' || c > '9')
            break;
        number += place * (uint64_t)(c - '0');
        place *= 10;
        /* %r07 is no name of %r<10>. */
        const bool canonical = c != '0' || length - stem == 1;
        if (canonical && find_in_range(s, name, stem, number, ret))
            return true;
    }
    const struct symbol *y = symbols_find(s, name, length);
    if (!y || y->kind != SYMBOL_REG)
        return false;
    *ret = y->index;
    return true;
}
