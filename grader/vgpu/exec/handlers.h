/* The handlers of instructions that are neither arithmetic nor plain loads and stores. */
#pragma once

#include "grader/vgpu/exec/machine.h"

vg_handler vg_run_nothing;

/* control.c. bra: `a` target. brx: `a` the first of its targets in the table. `b`: where lanes meet
 * (the interpreter reads it). */
vg_handler vg_run_bra, vg_run_brx, vg_run_call, vg_run_call_register, vg_run_ret, vg_run_exit,
    vg_run_trap, vg_run_break;

/* builtin.c: functions that a device's own library has. */
vg_handler vg_run_printf, vg_run_assert, vg_run_malloc, vg_run_free;

/* move.c */
vg_handler vg_run_special, vg_run_mov_64, vg_run_mov_32, vg_run_mov_local, vg_run_cvta,
    vg_run_cvta_narrow, vg_run_isspacep, vg_run_load_param, vg_run_stacksave, vg_run_stackrestore,
    vg_run_alloca;

/* barrier.c */
vg_handler vg_run_bar, vg_run_warp_sync, vg_run_fence, vg_run_sleep;

/* vote.c */
vg_handler vg_run_shfl, vg_run_vote, vg_run_match, vg_run_redux, vg_run_activemask, vg_run_elect;

/* atomic.c, matrix.c, async.c */
vg_handler vg_run_atomic, vg_run_load_matrix, vg_run_store_matrix, vg_run_prefetch;
vg_handler vg_run_wmma_load, vg_run_wmma_store;
vg_handler vg_run_copy, vg_run_commit, vg_run_wait_group, vg_run_mbarrier, vg_run_pending_count;
/* struct vg_insn.a of mbarrier; `lane_bytes`: which operand is the address; `b`: parity, or that
 * copies arrive without having been counted */
enum vg_mbarrier {
    VG_MBARRIER_INIT,
    VG_MBARRIER_INVAL,
    VG_MBARRIER_ARRIVE,
    VG_MBARRIER_DROP,
    VG_MBARRIER_COPIES,
    VG_MBARRIER_TEST,
};

/* struct vg_insn.b of shfl, vote and match */
enum { VG_SHFL_UP, VG_SHFL_DOWN, VG_SHFL_BFLY, VG_SHFL_IDX };
enum { VG_VOTE_ALL, VG_VOTE_ANY, VG_VOTE_UNI, VG_VOTE_BALLOT };

/* The lanes of `mask` that may go now: whose named lanes (members, a lane array) are all here or
 * gone. Others are parked: the instruction runs again when the rest has come. */
uint32_t vg_meet_members(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                         const uint32_t *members);
/* Tells the watchers that something was synchronised. */
void vg_tell_sync(struct vg_block *b, struct vg_warp *w, enum vg_sync_kind kind, uint32_t id,
                  uint32_t mask);

/* barrier.c: what the scheduler asks. `id` is complete: all that waited are ready. */
bool vg_barrier_arrive(struct vg_warp *w, const struct vg_insn *i, uint32_t mask);
void vg_barriers_recheck(struct vg_live_block *live);

/* async.c: performs what was not waited for when lanes end. */
void vg_copies_drop(struct vg_warp *w, uint32_t mask);
