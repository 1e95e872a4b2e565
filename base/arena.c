#include "base/arena.h"

#include <assert.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

struct arena_block {
    struct arena_block *older;
    size_t size, used; /* bytes of data[] */
    _Alignas(max_align_t) unsigned char data[];
};

enum { ARENA_BLOCK_BYTES = 16 * 1024 };

void arena_init(struct arena *a, size_t max_bytes)
{
    *a = (struct arena){.max = max_bytes};
}

void arena_reset(struct arena *a)
{
    for (struct arena_block *b = a->block; b != NULL;) {
        struct arena_block *older = b->older;
        free(b);
        b = older;
    }
    a->block = NULL;
    a->used = 0;
}

void arena_done(struct arena *a)
{
    arena_reset(a);
}

static struct arena_block *block_new(struct arena_block *older, size_t bytes)
{
    const size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    struct arena_block *b = calloc(1, sizeof *b + size);
    if (b != NULL) {
        b->older = older;
        b->size = size;
        /* For AddressSanitizer only what was handed out is memory; elsewhere this is nothing. */
        ASAN_POISON_MEMORY_REGION(b->data, size);
    }
    return b;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    const size_t align = _Alignof(max_align_t);
    size_t whole, total;
    if (ckd_add(&whole, bytes, align - 1) || ckd_add(&total, a->used, whole & ~(align - 1)))
        return NULL;
    whole &= ~(align - 1);
    if (total > a->max)
        return NULL;
    if (a->block == NULL || a->block->size - a->block->used < whole) {
        struct arena_block *b = block_new(a->block, whole);
        if (b == NULL)
            return NULL;
        a->block = b;
    }
    void *p = a->block->data + a->block->used;
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    a->block->used += whole;
    a->used = total;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t bytes)
{
    size_t total;
    return ckd_mul(&total, count, bytes) ? NULL : arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
    char *copy = arena_alloc(a, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *text = arena_alloc(a, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
