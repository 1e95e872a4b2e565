/* A block that runs: its warps by turns, until it is done, waits for other blocks, or faults. */
#pragma once

#include "grader/vgpu/exec/machine.h"

struct vg_clock { /* the launch's wall time, looked at now and then */
    int64_t end_ms;
    uint64_t unchecked; /* warp instructions since */
};

/* Memory for blocks of a launch; NULL: none. */
struct vg_live_block *vg_live_new(const struct vg_launch *l, struct vg_code *const *codes);
void vg_live_free(struct vg_live_block *live);

/* Makes it block `number` of the launch, at its first instruction. */
void vg_live_begin(struct vg_live_block *live, const struct vg_launch *l, uint64_t position,
                   uint64_t number, uint64_t limit);

enum vg_block_state { VG_BLOCK_DONE, VG_BLOCK_SPINS, VG_BLOCK_FAULT };
/* Runs its warps until nothing more can come of it. VG_BLOCK_SPINS: it only waits for others. */
enum vg_block_state vg_live_run(struct vg_live_block *live, struct vg_clock *clock);

/* All its threads have ended. */
bool vg_live_done(const struct vg_live_block *live);

/* Position k of a launch's order is block number ret; seed 0: k. */
uint64_t vg_order_at(uint64_t seed, uint64_t n, uint64_t k);

int64_t vg_now_ms(void);
