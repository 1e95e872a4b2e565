/* The inside of the executor: decoded code, and the state of blocks and warps while they run.
 *
 * Lanes that diverge become splits of their warp: lanes with one program counter. A branch that
 * splits lanes makes a meeting (the branch's immediate post-dominator), and lanes that come there
 * wait for the others; a call makes one behind itself. So a warp's state is a tree of meetings with
 * the splits at its leaves. Any split can run, which is what independent thread scheduling needs: a
 * stack, whose top alone can run, would let a lane spin forever for one that waits below it. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "grader/vgpu/exec/exec.h"
#include "grader/vgpu/exec/memory_inner.h"

/* Kernel parameters whose address is taken have generic addresses too. */
#define VG_PARAM_WINDOW UINT64_C(0x300000000)

enum {
    VG_FULL_LANES = 32,
    VG_FRAME_CARRY = 0,    /* see insn.h */
    VG_FRAME_SCRATCH = 64, /* a lane array for results that nobody wants */
    VG_FRAME_FIRST = 64 + 256,
    VG_THREADS_MAX = 1024, /* of a block */
    VG_WARPS_MAX = VG_THREADS_MAX / VG_WARP,
    VG_BARRIERS = 16,
    VG_LOCAL_MAX = 512 << 10, /* bytes of local memory of a thread: a device's limit */
    VG_CALL_DEPTH = 2048,
    VG_SHARED_MAX = 228 << 10, /* bytes of a block: the largest device's */
    VG_PARAMS_MAX = 32764,     /* bytes: the ISA's bound since 8.1 */
};
#define VG_ALL     UINT32_MAX
#define VG_NOWHERE UINT32_MAX /* as a program counter */

/* ---- decoded code ---- */

enum vg_storage { VG_IN_PARAMS, VG_IN_LOCAL, VG_IN_SHARED, VG_IN_MEMORY };
struct vg_place { /* where a variable is */
    enum vg_storage storage;
    uint64_t at; /* offset, or address */
};

struct vg_special { /* a special register that a function reads, and its lane array */
    uint8_t sreg;
    uint8_t bytes; /* 4 or 8 */
    uint32_t at;
};

struct vg_code { /* one function, for one kernel and one instruction set */
    const struct ptx_func *func;
    struct vg_insn *insns; /* n_instrs and a ret behind them */
    uint32_t n, first_pc;
    const uint32_t *reg_at; /* lane array of each register, frame offset */
    const struct vg_place *vars;
    uint32_t frame_bytes;
    uint32_t local_bytes; /* .local variables, then .param ones */
    struct vg_special *specials;
    uint32_t n_specials;
    unsigned char *constants;
};

struct vg_param {
    size_t offset, bytes;
};

struct vg_kernel {
    struct vg_kernel_info info;
    struct vg_program *program;
    size_t func;                     /* index in the module */
    struct vg_code **codes[VG_ISAS]; /* [functions of the module]; NULL: not reached */
    const struct vg_place *shared;   /* of the module's variables */
    const struct vg_place *const
        *own;                /* [functions]: shared variables of their bodies; NULL: none */
    const uint32_t *reached; /* functions, the kernel's own first */
    uint32_t n_reached;
    const struct vg_param *params;
    bool ordered;      /* blocks talk to each other or add floats: one worker, block by block */
    bool uses_dynamic; /* an extern shared array */
};

struct vg_program {
    const struct ptx_module *module;
    struct vg_memory *memory;
    struct arena *arena;
    struct vg_place *vars; /* of the module's variables */
    struct vg_kernel *kernels;
    size_t n_kernels;
    uint32_t *first_pc; /* of each function */
    uint32_t n_pcs;
    uint64_t workspace; /* of grid barriers: what cooperative groups find by %envreg1 and 2 */
};

/* ---- a warp ---- */

struct vg_activation { /* one call of a function by some lanes */
    const struct vg_code *code;
    struct vg_activation *caller;
    unsigned char *frame;
    size_t room;               /* of the frame */
    uint32_t lanes;            /* that are in it or in something it calls */
    uint32_t local, local_top; /* its part of each thread's local memory */
};

struct vg_meeting {
    struct vg_meeting *parent;
    struct vg_activation *act;
    uint32_t pc;       /* where lanes go on when all are there */
    uint32_t expected; /* lanes that will come or have come; exited ones leave */
    uint32_t waiting;  /* of these, the ones that are there */
    bool call;         /* lanes come by ret, not by reaching `pc` */
};

enum vg_split_state { VG_READY, VG_AT_SYNC, VG_AT_BARRIER };
struct vg_split {
    uint32_t pc, mask;
    struct vg_meeting *meeting; /* NULL: none */
    struct vg_activation *act;
    enum vg_split_state state;
    uint32_t barrier;
};

/* Why a handler makes the interpreter leave the straight line. */
enum vg_event {
    VG_STRAIGHT,
    VG_JUMP,    /* lanes `event_mask` to `event_pc` */
    VG_SWITCH,  /* each lane of event_mask to event_pcs[lane] */
    VG_CALL,    /* lanes event_mask into event_code */
    VG_RETURN,  /* lanes event_mask */
    VG_EXIT,    /* lanes event_mask */
    VG_PARK,    /* lanes event_mask wait for the lanes they named; the others went */
    VG_BARRIER, /* lanes event_mask wait at barrier event_id */
    VG_SPIN,    /* somebody else should run */
    VG_FAULT,
};

struct vg_poll { /* the last answer of an instruction that asks for news */
    uint64_t address, value;
    uint32_t pc, times;
};
enum { VG_POLLS = 4, VG_SPIN_TIMES = 24, VG_COPIES_MAX = 1 << 14 };

struct vg_copy { /* a cp.async that was not waited for */
    const struct vg_insn *insn;
    uint32_t mask, group, bytes;
    uint64_t from[VG_WARP];
    uint32_t to[VG_WARP], from_bytes[VG_WARP];
};

struct vg_warp_state {
    enum vg_event event;
    uint32_t event_mask, event_pc, event_id;
    uint32_t event_again; /* VG_CALL: lanes that call another function by the same instruction */
    const struct vg_code *event_code;
    uint32_t event_pcs[VG_WARP];
    uint32_t members[VG_WARP]; /* of parked lanes: whom they wait for */

    struct vg_activation first; /* of the kernel itself */
    struct vg_split splits[VG_WARP];
    uint32_t n_splits, current;
    uint32_t back; /* branches backwards of the current split since it was chosen */
    struct vg_meeting *free_meetings;
    struct vg_activation *free_activations;
    uint32_t depth; /* activations in use */

    uint32_t *local;                  /* word k of lane l: local[k * 32 + l] */
    uint32_t local_bytes, local_room; /* per thread */
    uint32_t commits[VG_WARP];        /* cp.async groups closed, per lane */
    struct vg_copy *copies;
    uint32_t n_copies, copy_room;

    uint64_t steps; /* warp instructions of this warp */
    uint64_t slept; /* modelled ns, on top of one per instruction */
    struct vg_poll polls[VG_POLLS];
    bool spun; /* its last turn ended in VG_SPIN */
    bool watch_access;
};

/* ---- a block ---- */

/* Where an access was last found in range: who computes addresses stays in one allocation. */
struct vg_reach {
    uint64_t address, bytes;
    unsigned char *host; /* of `address` */
    struct vg_memory *memory;
    bool read_only;
};
enum { VG_REACHES = 64 };

struct vg_barrier {
    uint32_t arrived[VG_WARPS_MAX]; /* lanes, by warp; those that only arrive count too */
    uint32_t threads;               /* that it waits for; 0: all */
    bool busy, any, all;
    uint32_t count; /* bar.red: lanes whose predicate was true */
};

struct vg_live_block { /* a block with all it needs to run; used again for another */
    struct vg_block block;
    struct vg_warp warps[VG_WARPS_MAX];
    struct vg_warp_state states[VG_WARPS_MAX];
    struct vg_barrier barriers[VG_BARRIERS];
    struct vg_reach reach[VG_REACHES];
    const struct vg_kernel *kernel;
    unsigned char *frames; /* of all warps' first activations */
    size_t frames_bytes, shared_room;
    struct arena arena; /* meetings, and activations of calls: gone with the block */
    uint64_t position;  /* in the launch's order */
    uint64_t warp_instructions, limit;
    struct str output;
    bool shared_atomics; /* other workers run: atomics must be the host's */
    uint8_t warp_order[VG_WARPS_MAX];
    struct vg_result fault; /* .fault 0: none */
    uint32_t memory_changes;
    struct vg_code *const *codes;
    bool watch_issue;
};

static inline struct vg_live_block *vg_live(const struct vg_warp *w)
{
    return (struct vg_live_block *)w->block; /* its first member */
}

static inline bool vg_lane_in(uint32_t mask, uint32_t lane)
{
    return mask >> lane & 1;
}
#define VG_EACH_LANE(lane, mask)                                                                   \
    for (uint32_t lane##_left_ = (mask), lane;                                                     \
         lane##_left_ && (lane = (uint32_t)__builtin_ctz(lane##_left_), 1);                        \
         lane##_left_ &= lane##_left_ - 1)

static inline void vg_event(struct vg_warp *w, enum vg_event event, uint32_t mask)
{
    w->state->event = event;
    w->state->event_mask = mask;
}

/* The story of what went wrong in the handler of an instruction; the first one counts. */
void vg_fail(struct vg_warp *w, enum vg_fault fault, uint32_t lane, uint64_t address,
             const char *format, ...) PRINTF_LIKE(5, 6);
