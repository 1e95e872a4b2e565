/* Bytes with several owners: a cached file stays while answers still send it. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

struct blob {
    atomic_int owners;
    size_t size;
    unsigned char bytes[];
};

/* One owner, content to be written; NULL: out of memory. */
static inline struct blob *blob_new(size_t size)
{
    struct blob *b = malloc(sizeof *b + size);
    if (b != NULL) {
        atomic_init(&b->owners, 1);
        b->size = size;
    }
    return b;
}

static inline struct blob *blob_share(struct blob *b)
{
    if (b != NULL)
        atomic_fetch_add(&b->owners, 1);
    return b;
}

static inline void blob_drop(struct blob *b)
{
    if (b != NULL && atomic_fetch_sub(&b->owners, 1) == 1)
        free(b);
}
