/* Merging neighbours, best pair first: what SPM and BPE have in common.
 *
 * A heap holds every pair of neighbours that may merge. A pair is stale when one of its symbols has
 * merged since: then the lengths no longer add up, and it is dropped when it comes up. */
#pragma once

#include "reference/token/vocab.h"

struct symbol {
    uint32_t off, n;    /* bytes of the text; n = 0: merged into the one before */
    int32_t prev, next; /* -1: none */
};

struct pair {
    uint64_t key; /* priority << 32 | left: the lowest comes first */
    uint32_t right, n;
};

struct merger {
    const struct ref_vocab *v;
    const uint8_t *text;
    struct symbol *symbol; /* (n) */
    struct pair *heap;     /* (3 n): n - 1 pairs at first, and two more for each merge */
    uint32_t n, n_heap;
};

enum { MERGE_BYTES_PER_SYMBOL = sizeof(struct symbol) + 3 * sizeof(struct pair) };

/* A merger of n symbols at most, in n * MERGE_BYTES_PER_SYMBOL bytes. */
struct merger merger_on(const struct ref_vocab *v, const uint8_t *text, void *scratch, size_t n);
/* Appends the next n bytes of the text as a symbol. */
void merger_add(struct merger *m, uint32_t off, uint32_t n);
/* Merges until no pair is left. Symbol 0 is the first one of the result; follow `next`. */
void merger_run(struct merger *m);
