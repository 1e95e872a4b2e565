/* Where lanes that part at a branch meet again: the immediate post-dominator of the branch, after
 * Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001), on the reversed graph.
 */
#pragma once

#include "base/arena.h"
#include "grader/vgpu/ptx/ptx.h"

/* Fills ret_meets (n_instrs entries): for branches the instruction where their lanes meet, for all
 * others and where lanes only meet at the function's end UINT32_MAX. The arena holds what is needed
 * meanwhile. ERR_NOMEM. */
MUST_CHECK enum err_code vg_flow(const struct ptx_module *module, const struct ptx_func *func,
                                 struct arena *arena, uint32_t *ret_meets, struct err *why);
