#include "reference/attention/kv_pages.h"

#include "base/checked.h"

size_t ref_kv_pages_size(uint32_t n_blocks, uint32_t n_seqs)
{
    size_t all;
    if (ckd_mul(&all, (size_t)n_blocks, n_seqs) || ckd_add(&all, all, n_blocks) ||
        ckd_add(&all, all, n_seqs) || all > SIZE_MAX / sizeof(uint32_t))
        return 0;
    return all;
}

void ref_kv_pages_init(struct ref_kv_pages *p, uint32_t n_blocks, uint32_t block_tokens,
                       uint32_t n_seqs, uint32_t *memory)
{
    *p = (struct ref_kv_pages){.n_blocks = n_blocks,
                               .block_tokens = block_tokens,
                               .n_seqs = n_seqs,
                               .references = memory,
                               .tokens = memory + n_blocks,
                               .tables = memory + n_blocks + n_seqs,
                               .free = n_blocks};
    for (uint32_t i = 0; i < n_blocks + n_seqs; i++)
        memory[i] = 0;
}

uint32_t ref_kv_pages_count(const struct ref_kv_pages *p, uint32_t seq)
{
    const uint64_t tokens = p->tokens[seq];
    return (uint32_t)((tokens + p->block_tokens - 1) / p->block_tokens);
}

static uint32_t *table_of(struct ref_kv_pages *p, uint32_t seq)
{
    return p->tables + (size_t)seq * p->n_blocks;
}

static uint32_t take_block(struct ref_kv_pages *p)
{
    uint32_t block = 0;
    while (p->references[block] != 0)
        block++;
    p->references[block] = 1;
    p->free--;
    return block;
}

static void drop_block(struct ref_kv_pages *p, uint32_t block)
{
    if (--p->references[block] == 0)
        p->free++;
}

/* The last block has room, but others read it too. */
static bool must_copy(const struct ref_kv_pages *p, uint32_t seq)
{
    const uint32_t count = ref_kv_pages_count(p, seq);
    return p->tokens[seq] % p->block_tokens != 0 &&
           p->references[ref_kv_pages_table(p, seq)[count - 1]] > 1;
}

bool ref_kv_pages_append(struct ref_kv_pages *p, uint32_t seq, uint32_t n,
                         struct ref_kv_slot *ret_slots)
{
    if (n == 0)
        return true;
    const bool copies = must_copy(p, seq);
    const uint64_t end = (uint64_t)p->tokens[seq] + n;
    const uint64_t blocks = (end + p->block_tokens - 1) / p->block_tokens;
    const uint32_t count = ref_kv_pages_count(p, seq);
    if (end > UINT32_MAX || blocks - count + (copies ? 1 : 0) > p->free)
        return false;
    uint32_t *table = table_of(p, seq);
    int32_t copy_from = -1;
    if (copies) {
        copy_from = (int32_t)table[count - 1];
        table[count - 1] = take_block(p);
        drop_block(p, (uint32_t)copy_from);
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = p->tokens[seq] % p->block_tokens;
        const uint32_t index = p->tokens[seq] / p->block_tokens;
        if (at == 0)
            table[index] = take_block(p);
        ret_slots[i] = (struct ref_kv_slot){.block = table[index], .slot = at, .copy_from = -1};
        p->tokens[seq]++;
    }
    ret_slots[0].copy_from = copy_from;
    return true;
}

bool ref_kv_pages_fork(struct ref_kv_pages *p, uint32_t from, uint32_t to)
{
    if (from == to || p->tokens[to] != 0)
        return false;
    const uint32_t count = ref_kv_pages_count(p, from);
    for (uint32_t i = 0; i < count; i++) {
        table_of(p, to)[i] = table_of(p, from)[i];
        p->references[table_of(p, from)[i]]++;
    }
    p->tokens[to] = p->tokens[from];
    return true;
}

void ref_kv_pages_release(struct ref_kv_pages *p, uint32_t seq)
{
    const uint32_t count = ref_kv_pages_count(p, seq);
    for (uint32_t i = 0; i < count; i++)
        drop_block(p, table_of(p, seq)[i]);
    p->tokens[seq] = 0;
}
