/* What the checks share. Blocks run one after the other (vg_tool.alone), so nothing here locks. */
#pragma once

#include "grader/vgpu/check/actors.h"
#include "grader/vgpu/check/finding.h"
#include "grader/vgpu/check/order.h"
#include "grader/vgpu/check/shadow.h"
#include "grader/vgpu/check/taint.h"
#include "grader/vgpu/device/observer.h"

struct warp_notes {
    uint32_t step;                 /* synchronisations of some of its lanes */
    uint32_t full;                 /* the step of the last one of all lanes */
    uint32_t (*pair)[VG_WARP];     /* [lane]: the last one of two lanes; NULL: none */
    uint32_t waits_at, waited_for; /* mask.c */
    uint32_t acted;                /* lanes that touched memory since some wait */
    bool fenced;                   /* and has not written a flag since */
    struct taint taint;
    uint32_t unset; /* lanes of the load that is going on that read what nobody wrote */
    struct taint_origin origin;
};

struct block_notes { /* vg_block.watch */
    uint32_t actor;
    uint32_t epoch; /* barriers so far, and 1 */
    uint32_t n_warps;
    struct warp_notes *warps;
    struct check_cell *shared; /* [words] */
    uint8_t *shared_set;       /* [bytes] */
    uint32_t shared_bytes;
};

enum { CHECK_SEEN = 4096 };
struct check_seen { /* a pair of places that was told before */
    uint64_t key;
    size_t finding;
};

struct check {
    struct vg_watcher watcher;
    struct vg_observer observer;
    struct check_log log;
    struct check_shadow *shadow;
    struct order *order;
    struct actors actors;
    struct check_seen seen[CHECK_SEEN];
    unsigned slot;
    struct vg_launch launch;                    /* a copy of the one that runs, for places */
    struct vg_memory *memories[VG_DEVICES + 1]; /* its: the caller's array does not stay */
    struct launch_kept *launches; /* of those that are over, for the other side of a hazard */
    uint32_t launch_id;
    struct order_point point; /* of the launch that runs */
    bool failed;              /* no memory for some block: the report says so */
};

/* The one access that is looked at. */
struct now {
    struct check *c;
    struct block_notes *b;
    struct warp_notes *w;
    const struct vg_access *a;
    enum check_touch touch;
    bool reads, writes;
    bool was_flag; /* somebody has written the word as a flag is written */
    uint32_t lane;
    struct check_toucher me;
};

/* Whether this pair of places was told before, which then counts once more; else the caller makes a
 * finding of it and tells that. */
bool check_known(struct check *c, enum check_kind kind, uint32_t pc, uint32_t other_pc);
void check_tell(struct check *c, const struct check_finding *f, uint32_t pc, uint32_t other_pc);
struct check_place check_actor_place(const struct check *c, const struct check_toucher *t);
/* Memory that begins with something, or that the host may write unseen. */
bool check_always_set(const struct check *c, uint64_t address);
void check_what(const struct check *c, uint64_t address, uint32_t bytes, char *ret, size_t size);

/* race.c */
void check_race(struct now *n);
bool check_warp_knows(const struct warp_notes *w, uint32_t lane, uint32_t other, uint32_t step);
/* mask.c */
void check_mask_issue(struct check *c, struct block_notes *b, struct vg_warp *w,
                      const struct vg_insn *i, uint32_t mask);
/* unset.c */
#define CHECK_STRANGER UINT64_MAX /* an origin's address: a lane that does not take part */
void check_taint_stranger(struct warp_notes *n, const struct vg_warp *w, const struct vg_insn *i,
                          uint32_t mask, uint32_t lanes);
void check_unset_access(struct now *n);
bool check_unset_warp(struct now *n);
void check_unset_issue(struct check *c, struct block_notes *b, struct vg_warp *w,
                       const struct vg_insn *i, uint32_t mask);
