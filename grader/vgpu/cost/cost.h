/* The cost model: what a launch does is counted while it runs, and becomes a time by rules that
 * anybody can follow (docs/virtual-gpu.md). Same program, same inputs: same counters, same time.
 *
 *     struct cost *c;
 *     cost_new(&c, "a100/8", why);
 *     launch.watchers[1] = cost_watcher(c);
 *     vg_run(&launch, ...);
 *     const struct cost_kernel *k = cost_last(c);      counters, times, what bounds it
 *
 * Caches stay warm from one launch to the next until cost_cold(). */
#pragma once

#include "grader/vgpu/cost/rates.h"
#include "grader/vgpu/exec/exec.h"

struct cost;

enum cost_term { /* of the modelled time */
                 COST_ISSUE,
                 COST_FP32,
                 COST_INT,
                 COST_FP64,
                 COST_SFU,
                 COST_LSU,
                 COST_TENSOR,
                 COST_L1, /* wavefronts of shared memory and L1 */
                 COST_L2,
                 COST_DRAM,
                 COST_LATENCY,
                 COST_TERMS
};
const char *cost_term_text(enum cost_term t);

enum cost_limiter { COST_BY_WARPS, COST_BY_BLOCKS, COST_BY_REGISTERS, COST_BY_SHARED };

/* Counters of one instruction or of a whole launch; names as in module 4's conventions. */
struct cost_counts {
    uint64_t issued, lanes;          /* warp instructions; lanes of them that were active */
    uint64_t requests;               /* global loads, stores and atomics with an active lane */
    uint64_t sectors, sectors_ideal; /* distinct 32-byte sectors of each; no cache */
    uint64_t wavefronts, conflicts;  /* of shared memory; those beyond the fewest */
    uint64_t shared_requests, local_requests, atomics;
};

void cost_counts_add(struct cost_counts *to, const struct cost_counts *from);

struct cost_kernel { /* one launch */
    const char *name;
    uint32_t grid[3], block[3], registers, shared_bytes;
    struct cost_counts total;
    double by_pipe[VG_PIPES];     /* uses of the pipe by a warp */
    uint64_t l1_hits, l1_sectors; /* sectors of loads that asked L1 */
    uint64_t l2_hits, l2_sectors;
    uint64_t dram_read, dram_written; /* bytes */
    uint64_t barriers;
    uint32_t blocks_per_sm, warps_per_sm;
    enum cost_limiter limiter;
    double occupancy; /* resident warps / the most */
    double cycles[COST_TERMS];
    enum cost_term bound;
    double total_cycles, ns; /* with the overhead of a launch */
};

MUST_CHECK enum err_code cost_new(struct cost **ret, const char *profile, struct err *why);
void cost_free(struct cost *c);

const struct vg_watcher *cost_watcher(struct cost *c);
/* Empties the caches; what was dirty counts as written to DRAM by the last launch. */
void cost_cold(struct cost *c);
/* The launch that ended last; NULL: none yet, or memory ran out while it was counted. The model's,
 * until the next one begins. */
const struct cost_kernel *cost_last(const struct cost *c);
/* Counters per instruction of the last launch, by pc; `ret_n` of them. */
const struct cost_counts *cost_last_lines(const struct cost *c, uint32_t *ret_n);
const struct cost_rates *cost_rates(const struct cost *c);
