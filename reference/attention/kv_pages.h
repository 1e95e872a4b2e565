/* A key/value cache in blocks: each sequence has a table of blocks, blocks are shared by counting
 * references, and a shared block that is not full is copied when somebody writes to it. (Kwon and
 * others: Efficient Memory Management for Large Language Model Serving with PagedAttention, 2023.)
 * At most one block of each sequence is not full. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where token i of an append goes. */
struct ref_kv_slot {
    uint32_t block, slot;
    int32_t copy_from; /* -1, or a block whose first `slot` tokens have to be copied here first */
};

struct ref_kv_pages {
    uint32_t n_blocks, block_tokens, n_seqs;
    uint32_t *references; /* (n_blocks) */
    uint32_t *tables;     /* (n_seqs, n_blocks): blocks in order */
    uint32_t *tokens;     /* (n_seqs) length of each */
    uint32_t free;        /* blocks without a reference */
};

/* uint32_t that `memory` has to hold, 0 where that overflows. */
size_t ref_kv_pages_size(uint32_t n_blocks, uint32_t n_seqs);
/* memory (ref_kv_pages_size) the caller's. block_tokens is at least 1. */
void ref_kv_pages_init(struct ref_kv_pages *p, uint32_t n_blocks, uint32_t block_tokens,
                       uint32_t n_seqs, uint32_t *memory);

/* Makes room for n tokens more; blocks are taken lowest number first. False, and nothing changed,
 * when there are too few.  ret_slots (n) */
bool ref_kv_pages_append(struct ref_kv_pages *p, uint32_t seq, uint32_t n,
                         struct ref_kv_slot *ret_slots);
/* `to`, which is empty, shares all of `from`. False where it is not empty, or the same. */
bool ref_kv_pages_fork(struct ref_kv_pages *p, uint32_t from, uint32_t to);
void ref_kv_pages_release(struct ref_kv_pages *p, uint32_t seq);

/* Blocks of a sequence. */
uint32_t ref_kv_pages_count(const struct ref_kv_pages *p, uint32_t seq);
static inline const uint32_t *ref_kv_pages_table(const struct ref_kv_pages *p, uint32_t seq)
{
    return p->tables + (size_t)seq * p->n_blocks;
}
