/* A kernel as the executor runs it, and the state of a warp: what decoder, interpreter, arithmetic,
 * checks and cost model share. One instruction works on the 32 lanes of a warp.
 *
 * Registers are arrays over lanes ("lane arrays"), 64-byte aligned:
 *
 *     predicate      one uint32_t, a bit per lane
 *     8 and 16 bits  uint16_t[32]  (64 bytes; an 8-bit value is zero- or sign-extended by its type)
 *     32 bits        uint32_t[32] or float[32]   (128 bytes)
 *     64 bits        uint64_t[32] or double[32]  (256 bytes)
 *
 * An operand is a lane array in the warp's frame or, for literals and addresses of variables, in
 * the kernel's constants (the same value in all lanes). The first word of every frame is the carry
 * flag of .cc, a bit per lane. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "grader/vgpu/exec/memory.h"
#include "grader/vgpu/ptx/ptx.h"

struct vg_insn;
struct vg_warp;

/* Executes one instruction for the lanes in `mask` (never 0). Lanes outside of it keep their
 * registers. Handlers of arithmetic touch registers only; those of memory and control may set
 * warp->fault, whose story the interpreter completes with place and thread. */
typedef void vg_handler(struct vg_warp *w, const struct vg_insn *i, uint32_t mask);

enum vg_bank { VG_FRAME, VG_CONSTANTS, VG_BANKS };
struct vg_operand {
    uint32_t at;  /* bytes from the bank's start */
    uint8_t bank; /* enum vg_bank */
    uint8_t type; /* enum ptx_type of the register or literal; PTX_PRED for predicates */
    bool negated; /* a predicate behind '!' */
    bool absent;  /* _ or missing: results are dropped; `at` is then a scratch lane array */
};

/* Where an instruction spends its issue slot; the cost model's pipes. */
enum vg_pipe { VG_FP32, VG_INT, VG_FP64, VG_SFU, VG_LSU, VG_TENSOR, VG_CONTROL, VG_SYNC, VG_PIPES };

struct vg_insn {
    vg_handler *run;
    const struct vg_operand *operands; /* flattened in the text's order: vectors and pairs opened */
    uint32_t n_operands;
    uint32_t n_results; /* the first ones are written; the rest is read */
    uint32_t guard;     /* frame offset of the predicate; UINT32_MAX: none */
    bool guard_negated;
    uint8_t pipe;       /* enum vg_pipe */
    uint8_t space;      /* memory: enum ptx_space; else PTX_GENERIC */
    uint8_t lane_bytes; /* memory: bytes per lane, 1 to 16 */
    uint32_t pc;        /* its own number, over the whole module: counters are indexed by it */
    uint32_t a, b;      /* the handler's own: a branch's target and reconvergence, an offset ... */
    int64_t offset;     /* memory: added to the base */
    const struct ptx_instr *source;
};

enum { VG_FAULT_TEXT = 256 };
enum vg_fault { /* numbers of cudaError_t, so that nobody translates */
                VG_FINE = 0,
                VG_ILLEGAL_ADDRESS = 700,
                VG_TIMEOUT = 702, /* a budget of the launch is spent */
                VG_ASSERT = 710,
                VG_ILLEGAL_INSTRUCTION = 715,
                VG_MISALIGNED = 716,
                VG_INVALID_ADDRESS_SPACE = 717,
                VG_LAUNCH_FAILURE = 719,
};

struct vg_block;
struct vg_warp {
    unsigned char *bank[VG_BANKS]; /* frame, constants */
    uint32_t mask;                 /* lanes that run now */
    uint32_t live;                 /* lanes that have not exited */
    uint32_t number;               /* in its block */
    struct vg_block *block;
    enum vg_fault fault;
    uint32_t fault_lane;
    uint64_t fault_address;
    char fault_text[VG_FAULT_TEXT]; /* what happened, without the place */
    /* The interpreter's own state (stack of divergence, calls, local memory) follows elsewhere. */
    struct vg_warp_state *state;
};

/* The lane array of operand k. */
static inline void *vg_lanes(const struct vg_warp *w, const struct vg_insn *i, uint32_t k)
{
    const struct vg_operand *o = &i->operands[k];
    return w->bank[o->bank] + o->at;
}

/* ---- instruction sets of the host: the same results on each ---- */

enum vg_isa { VG_PORTABLE, VG_AVX2, VG_AVX512, VG_ISAS };
enum vg_isa vg_isa_best(void); /* what this CPU has; VGPU_ISA=portable|avx2 lowers it */

/* The handler of an instruction that only computes: registers in, registers out (exec/arith).
 * NULL: it is none of those, or not one that we know. */
vg_handler *vg_arith_find(const struct ptx_instr *i, const struct ptx_func *f, enum vg_isa isa);

/* ---- who watches ---- */

enum vg_access_kind { VG_LOAD, VG_STORE, VG_ATOMIC, VG_REDUCTION, VG_COPY_READ, VG_COPY_WRITE };
struct vg_access { /* one memory instruction of one warp; before it is performed, after its checks
                    */
    const struct vg_insn *insn;
    struct vg_warp *warp;
    enum ptx_space space; /* resolved: never PTX_GENERIC; one call per space when lanes differ */
    enum vg_access_kind kind;
    uint32_t mask;
    uint32_t bytes;            /* per lane */
    const uint64_t *addresses; /* [32], device addresses; shared and local: offsets in the window */
    int uniform_stride;        /* bytes between neighbouring lanes when all lanes are active and the
                                  addresses are an arithmetic progression; -1: not known */
};

enum vg_sync_kind {
    VG_SYNC_BLOCK,   /* a barrier completed: `id`, all its warps are past it */
    VG_SYNC_WARP,    /* bar.warp.sync, shfl.sync, vote.sync, match.sync, redux.sync, mma.sync */
    VG_FENCE_BLOCK,  /* membar.cta, fence.*.cta */
    VG_FENCE_DEVICE, /* membar.gl, fence.*.gpu and .sys */
    VG_SYNC_GRID,    /* every block of a cooperative launch is past it */
};

/* All are called by the worker that runs the block; blocks of one launch may run on several workers
 * at once, so what a watcher keeps is the block's (block->watch), merged in block order at its end.
 * NULL members are skipped. */
struct vg_launch;
struct vg_watcher {
    void *context;
    void (*launch_begin)(void *context, const struct vg_launch *l);
    void (*block_begin)(void *context, struct vg_block *b);
    /* After each instruction, with the lanes that ran; only for blocks that `wants_issue`. */
    void (*issue)(void *context, struct vg_warp *w, const struct vg_insn *i, uint32_t mask);
    bool (*wants_issue)(void *context, const struct vg_block *b);
    void (*access)(void *context, const struct vg_access *a);
    void (*sync)(void *context, struct vg_block *b, struct vg_warp *w, enum vg_sync_kind kind,
                 uint32_t id, uint32_t mask);
    void (*block_end)(void *context, struct vg_block *b);
    /* In block order, on one thread: the place to add a block's counts to the launch's. */
    void (*block_merge)(void *context, struct vg_block *b);
    void (*launch_end)(void *context, const struct vg_launch *l);
};

enum { VG_WATCHERS = 3 }; /* checks, cost, owners of bytes */
struct vg_block {
    uint32_t index[3];
    uint64_t number; /* x + nx * (y + ny * z) */
    const struct vg_launch *launch;
    struct vg_warp *warps;
    uint32_t n_warps, n_threads;
    unsigned char *shared; /* static, then dynamic */
    uint32_t shared_bytes;
    uint64_t *issued;         /* [module's instructions]: warp instructions, per pc */
    uint64_t *active;         /* the same: active lanes, summed */
    bool dropped;             /* block_end: it will not be merged, an earlier block faulted */
    void *watch[VG_WATCHERS]; /* one per watcher, its own */
};
