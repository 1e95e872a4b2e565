/* Splits, meetings and activations of a warp: where its lanes are. */
#pragma once

#include "grader/vgpu/exec/machine.h"

/* All lanes at the kernel's first instruction. */
void vg_warp_begin(struct vg_warp *w, const struct vg_code *code, unsigned char *frame);

/* Chooses a split that can run; false: none can. */
bool vg_warp_select(struct vg_warp *w);

/* After a handler left an event, or (VG_STRAIGHT) when the current split came to its meeting; its
 * `pc` is the next instruction. True: the same split goes on. */
bool vg_warp_event(struct vg_warp *w);

/* Lets lanes go on that wait for others to meet them, so that those others can be reached: what
 * independent thread scheduling promises. False: nobody waits. */
bool vg_warp_release(struct vg_warp *w, enum vg_split_state of);

/* Another split than the current one first. */
void vg_warp_rotate(struct vg_warp *w);

/* The lanes whose warp synchronisation is complete go on. */
void vg_warp_match(struct vg_warp *w);
/* Tells the watchers that the instruction ran (interpreter.c). */
void vg_tell_issue(struct vg_warp *w, const struct vg_insn *i, uint32_t mask);

/* Splits at barrier `id` go on; those at one place become one again. */
void vg_warp_pass_barrier(struct vg_warp *w, uint32_t id);

bool vg_warp_is_ready(const struct vg_warp *w);

/* Fills the lane arrays of special registers that a function reads. */
void vg_fill_specials(const struct vg_warp *w, const struct vg_code *code, unsigned char *frame);

/* call.c: local memory of at least `bytes` per thread; copies between the variables of caller and
 * callee that a call names. */
bool vg_grow_local(struct vg_warp *w, uint32_t bytes);
void vg_pass_arguments(struct vg_warp *w, const struct vg_insn *call,
                       const struct vg_activation *from, const struct vg_activation *to,
                       uint32_t lanes);
void vg_pass_results(struct vg_warp *w, const struct vg_insn *call,
                     const struct vg_activation *from, const struct vg_activation *to,
                     uint32_t lanes);

/* interpreter.c: runs the current split and what follows from it, until the warp has nothing that
 * can run, has run `steps` instructions, spins or faults. */
void vg_warp_turn(struct vg_warp *w, uint64_t steps);
