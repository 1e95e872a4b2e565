/* Instructions on a bench: PTX text is parsed, each instruction gets a handler per instruction set,
 * its operands a frame, and runs without an executor. */
#pragma once

#include "base/arena.h"
#include "grader/vgpu/exec/arith/arith.h"

enum { BENCH_OPERANDS = 32, BENCH_LANE_BYTES = 256 };

struct bench {
    struct arena arena;
    struct ptx_module module;
    const struct ptx_func *func;
};

/* The body of a function that declares registers %p, %b, %h, %e, %w, %f, %d, %F, 32 of each. */
void bench_open(struct bench *b, const char *body);
void bench_close(struct bench *b);

/* One instruction with its lanes: operand k's are lanes[k], results first. */
struct bench_run {
    vg_handler *run[VG_ISAS];
    const char *shape;
    struct vg_insn insn;
    struct vg_operand operands[BENCH_OPERANDS];
    _Alignas(64) unsigned char frame[(BENCH_OPERANDS + 1) * BENCH_LANE_BYTES];
};

/* False: it has no handler, and no message. */
bool bench_find(const struct bench *b, size_t instr, struct bench_run *ret);
void *bench_lanes(struct bench_run *r, unsigned operand);
void bench_execute(struct bench_run *r, enum vg_isa isa, uint32_t mask);

/* Bits of an operand's lane, and back, by its letter. */
uint64_t bench_get(struct bench_run *r, unsigned operand, unsigned lane);
void bench_set(struct bench_run *r, unsigned operand, unsigned lane, uint64_t bits);
char bench_letter(const struct bench_run *r, unsigned operand);

/* Random bits, and those that arithmetic trips over: by the letter. */
uint64_t bench_random(uint64_t *state);
uint64_t bench_special(uint64_t *state, char letter);
