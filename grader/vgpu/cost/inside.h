/* What the model's files share: the state of a launch that is being counted. */
#pragma once

#include <pthread.h>

#include "grader/vgpu/cost/access.h"
#include "grader/vgpu/cost/cache.h"
#include "grader/vgpu/cost/cost.h"
#include "grader/vgpu/cost/score.h"
#include "grader/vgpu/device/profile.h"

enum {
    COST_L1_WAYS = 8,
    COST_L2_WAYS = 16,
    COST_SCORED = 8,         /* blocks of a launch whose latency is scored */
    COST_NOTED = 1 << 23,    /* sectors of a wave of blocks that L2 is asked for one by one */
    COST_NOTED_LEAST = 4096, /* of a block */
    COST_TURN = 32,          /* sectors of a block before the next one of its wave has its turn */
};

/* What one worker counts with; it serves one block after the other. Sums of whole numbers do not
 * depend on which worker took which block. */
struct cost_bench {
    struct cost_bench *next;
    struct cost_cache *l1;
    struct cost_counts *lines; /* by pc */
    uint64_t l1_hits, l1_sectors, l1_wavefronts, atomic_rounds;
};

struct cost_sector { /* one that L1 did not answer */
    uint64_t number : 63;
    uint64_t write : 1;
};

struct cost_notes { /* of one block: vg_block.watch */
    struct cost_bench *bench;
    struct cost_score *score; /* NULL: not scored */
    struct cost_sector *sectors;
    size_t n_sectors, room;
    uint64_t beyond; /* sectors after those that are noted */
    uint64_t requests, barriers;
};

struct cost {
    struct vg_watcher watcher;
    struct cost_rates rates;
    struct wire_device device;
    struct cost_cache *l2;
    pthread_mutex_t lock; /* of the benches that are free */
    struct cost_bench *benches;
    bool failed; /* no memory: this launch has no result */

    struct cost_weight *weights; /* by pc, of this launch's program */
    struct cost_counts *lines;   /* by pc, of this launch */
    uint32_t n_pcs;
    unsigned slot;     /* in vg_block.watch */
    uint64_t l1_bytes; /* of a block's share */
    uint64_t n_blocks, score_every;

    /* Blocks that are on the device together: L2 hears them by turns. */
    struct cost_notes **wave;
    uint32_t n_wave, wave_room;
    size_t noted_most; /* sectors of a block */

    /* Of the launch, added in the order of its blocks. */
    uint64_t *sm_load;
    uint64_t load, scored, score_cycles[COST_VIEWS];
    uint64_t l1_wavefronts, l2_writes, atomic_rounds;
    struct cost_kernel last;
    bool ended;
};

/* watch.c */
void cost_watch(struct cost *c);
/* model.c: occupancy before, times after a launch */
void cost_occupancy(struct cost *c, const struct vg_launch *l);
void cost_times(struct cost *c);
