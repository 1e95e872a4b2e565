/* Which lanes of which registers of a warp hold a value that nobody wrote, and which load brought
 * it. Registers are named by their lane array's address, which calls of functions keep apart. */
#pragma once

#include "grader/vgpu/exec/insn.h"

struct taint {
    struct taint_entry *entries; /* open addressing */
    uint32_t n, room;            /* room is a power of two, or 0 */
};

struct taint_origin {
    uint32_t pc;
    uint64_t address;
    uint32_t bytes;
    bool partial; /* a part of its bytes is known */
};

void taint_done(struct taint *t);
bool taint_any(const struct taint *t); /* false: nothing is tainted, nothing need be asked */

/* Lanes of the operand that are tainted; `ret` gets where from. Constants never are. */
uint32_t taint_of(const struct taint *t, const struct vg_warp *w, const struct vg_operand *o,
                  struct taint_origin *ret);
/* The lanes in `mask` become as `tainted` says. Without memory the taint is lost. */
void taint_put(struct taint *t, const struct vg_warp *w, const struct vg_operand *o, uint32_t mask,
               uint32_t tainted, struct taint_origin origin);
