#include "grader/vgpu/check/taint.h"

#include <stdlib.h>

struct taint_entry {
    const unsigned char *reg; /* NULL: free */
    uint32_t lanes;
    struct taint_origin origin;
};

void taint_done(struct taint *t)
{
    free(t->entries);
    *t = (struct taint){0};
}

bool taint_any(const struct taint *t)
{
    return t->n > 0;
}

static size_t slot_of(const struct taint *t, const unsigned char *reg)
{
    size_t i = ((uintptr_t)reg / 4 * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->room - 1);
    while (t->entries[i].reg && t->entries[i].reg != reg)
        i = (i + 1) & (t->room - 1);
    return i;
}

static const unsigned char *name_of(const struct vg_warp *w, const struct vg_operand *o)
{
    return o->bank == VG_FRAME && !o->absent ? w->bank[VG_FRAME] + o->at : NULL;
}

uint32_t taint_of(const struct taint *t, const struct vg_warp *w, const struct vg_operand *o,
                  struct taint_origin *ret)
{
    const unsigned char *reg = t->n ? name_of(w, o) : NULL;
    if (!reg)
        return 0;
    const struct taint_entry *e = &t->entries[slot_of(t, reg)];
    if (e->lanes)
        *ret = e->origin;
    return e->reg ? e->lanes : 0;
}

static bool grow(struct taint *t)
{
    struct taint bigger = {.room = t->room ? 2 * t->room : 64};
    bigger.entries = calloc(bigger.room, sizeof(*bigger.entries));
    if (!bigger.entries)
        return false;
    for (uint32_t i = 0; i < t->room; i++) {
        if (!t->entries[i].lanes) /* clean again: not carried over */
            continue;
        bigger.entries[slot_of(&bigger, t->entries[i].reg)] = t->entries[i];
        bigger.n++;
    }
    free(t->entries);
    *t = bigger;
    return true;
}

void taint_put(struct taint *t, const struct vg_warp *w, const struct vg_operand *o, uint32_t mask,
               uint32_t tainted, struct taint_origin origin)
{
    const unsigned char *reg = name_of(w, o);
    if (!reg || (!t->n && !(tainted & mask)))
        return;
    if (4 * t->n >= 3 * t->room && !grow(t))
        return;
    struct taint_entry *e = &t->entries[slot_of(t, reg)];
    if (!e->reg && !(tainted & mask))
        return;
    if (!e->reg) {
        e->reg = reg;
        t->n++;
    }
    e->lanes = (e->lanes & ~mask) | (tainted & mask);
    if (tainted & mask)
        e->origin = origin;
}
