/* Who touches memory: a block of a launch, or a copy. And what blocks of one launch have told each
 * other: a block that fences and then changes a word atomically releases what it wrote before to
 * whoever reads that word atomically after. */
#pragma once

#include "grader/vgpu/check/order.h"
#include "grader/vgpu/exec/exec.h"

enum { ACTOR_TOLD = 64 }; /* releases and acquires that a block is remembered by, each */

struct actor_told {
    uint64_t address, when; /* `when` counts all of these of a launch */
    uint32_t fences;        /* of a release: how many the block had done */
};

struct actor {
    const struct vg_launch *launch; /* NULL: a copy; borrowed, see check.c */
    uint32_t launch_id;
    uint64_t block;
    struct order_point point;
    uint32_t phase; /* of grid-wide barriers: what is older is over */
    uint32_t fences;
    uint32_t n_releases, n_acquires; /* ever; the last ACTOR_TOLD are kept */
    struct actor_told *releases, *acquires;
};

struct actors {
    struct actor *all; /* all[0] is nobody */
    uint32_t n, room;
    uint64_t when;
};

bool actors_init(struct actors *a); /* false: no memory */
void actors_done(struct actors *a);
/* 0: no memory, which is nobody. */
uint32_t actors_add(struct actors *a, const struct actor *who);
struct actor *actors_get(const struct actors *a, uint32_t who);

void actors_release(struct actors *a, uint32_t who, uint64_t address);
void actors_acquire(struct actors *a, uint32_t who, uint64_t address);
/* Whether what `from` did when it had done `fences` fences is known to `to` now. */
bool actors_told(const struct actors *a, uint32_t from, uint32_t fences, uint32_t to);
