/* How long a block takes when it has an SM to itself: an instruction waits for the registers that
 * it reads, barriers wait for the slowest warp.
 *
 * PTX is not scheduled yet: nvcc leaves a load where its value is used, and ptxas moves it up. So
 * between two branches or barriers an instruction that waits does not hold up those behind it that
 * do not need it, but all have begun before the next stretch does; and no load passes a store to
 * the same kind of memory, as ptxas cannot know that they differ.
 *
 * Kept twice, since only the whole launch tells how often L2 helps: once as if all that leaves L1
 * were found in L2, once as if nothing were. */
#pragma once

#include "grader/vgpu/cost/weigh.h"

enum cost_view { COST_ALL_IN_L2, COST_ALL_IN_DRAM, COST_VIEWS };
enum { COST_L1_CYCLES = 33, COST_L2_CYCLES = 200, COST_DRAM_CYCLES = 470, COST_SHARED_CYCLES = 23 };

struct cost_score;

/* NULL: no memory. */
struct cost_score *cost_score_new(uint32_t warps);
void cost_score_free(struct cost_score *s);

/* The memory instruction that this warp is about to be scored for takes so long, whatever its
 * weight says. */
void cost_score_memory(struct cost_score *s, uint32_t warp, const uint32_t cycles[COST_VIEWS]);
void cost_score_issue(struct cost_score *s, uint32_t warp, const struct vg_insn *i,
                      const struct cost_weight *w);
void cost_score_barrier(struct cost_score *s);
/* The slowest warp so far. */
void cost_score_cycles(const struct cost_score *s, uint64_t ret[COST_VIEWS]);
