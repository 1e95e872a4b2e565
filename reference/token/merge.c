#include "reference/token/merge.h"

#include <string.h>

struct merger merger_on(const struct ref_vocab *v, const uint8_t *text, void *scratch, size_t n)
{
    struct pair *heap = scratch;
    return (struct merger){
        .v = v, .text = text, .heap = heap, .symbol = (struct symbol *)(void *)(heap + 3 * n)};
}

void merger_add(struct merger *m, uint32_t off, uint32_t n)
{
    const int32_t at = (int32_t)m->n++;
    m->symbol[at] = (struct symbol){.off = off, .n = n, .prev = at - 1, .next = -1};
    if (at > 0)
        m->symbol[at - 1].next = at;
}

/* Unsigned numbers in the reverse order of the floats; -0 equals 0. */
static uint32_t descending(float score)
{
    uint32_t bits;
    score += 0.0f;
    memcpy(&bits, &score, sizeof bits);
    return bits & 0x80000000u ? bits : 0x7fffffffu - bits;
}

/* False when the two do not merge. */
static bool priority(const struct merger *m, const struct symbol *left, const struct symbol *right,
                     uint32_t *ret)
{
    const uint8_t *text = m->text + left->off;
    if (m->v->def->kind == REF_VOCAB_BPE) {
        *ret = ref_vocab_rank(m->v, text, left->n, right->n);
        return *ret != UINT32_MAX;
    }
    const int32_t id = ref_vocab_find(m->v, text, (size_t)left->n + right->n);
    if (id >= 0)
        *ret = descending(m->v->def->piece[id].score);
    return id >= 0;
}

static void push(struct merger *m, struct pair p)
{
    uint32_t at = m->n_heap++;
    for (; at > 0 && m->heap[(at - 1) / 2].key > p.key; at = (at - 1) / 2)
        m->heap[at] = m->heap[(at - 1) / 2];
    m->heap[at] = p;
}

static struct pair pop(struct merger *m)
{
    const struct pair top = m->heap[0], last = m->heap[--m->n_heap];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < m->n_heap; at = child) {
        if (child + 1 < m->n_heap && m->heap[child + 1].key < m->heap[child].key)
            child++;
        if (last.key <= m->heap[child].key)
            break;
        m->heap[at] = m->heap[child];
    }
    m->heap[at] = last;
    return top;
}

static void offer(struct merger *m, int32_t left, int32_t right)
{
    uint32_t order;
    if (left < 0 || right < 0 || !priority(m, &m->symbol[left], &m->symbol[right], &order))
        return;
    push(m, (struct pair){.key = (uint64_t)order << 32 | (uint32_t)left,
                          .right = (uint32_t)right,
                          .n = m->symbol[left].n + m->symbol[right].n});
}

void merger_run(struct merger *m)
{
    for (uint32_t i = 1; i < m->n; i++)
        offer(m, (int32_t)i - 1, (int32_t)i);
    while (m->n_heap > 0) {
        const struct pair p = pop(m);
        const int32_t at = (int32_t)(p.key & UINT32_MAX);
        struct symbol *left = &m->symbol[at], *right = &m->symbol[p.right];
        if (left->n == 0 || right->n == 0 || left->n + right->n != p.n)
            continue;
        left->n += right->n;
        right->n = 0;
        left->next = right->next;
        if (left->next >= 0)
            m->symbol[left->next].prev = at;
        offer(m, left->prev, at);
        offer(m, at, left->next);
    }
}
