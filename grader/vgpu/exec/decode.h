/* The decoder's own state, shared by its files. Decoding turns one function, for one kernel and one
 * instruction set, into handlers with operands resolved to lane arrays. */
#pragma once

#include "base/arena.h"
#include "grader/vgpu/exec/machine.h"

enum { VG_DECODE_OPERANDS = 64 }; /* flattened, of one instruction: wmma has 32 */

struct vg_constants { /* literals of a function, each once */
    unsigned char *bytes;
    uint32_t used, room;
    struct vg_constant {
        uint64_t bits;
        uint32_t at;
        uint8_t width;
    } * table;         /* width 0: empty */
    uint32_t n, slots; /* a power of two */
};

struct vg_decoder {
    const struct ptx_module *module;
    const struct ptx_func *func;
    const struct vg_kernel *kernel;
    struct vg_code *code;
    struct arena *arena;
    enum vg_isa isa;
    struct vg_constants constants;
    uint32_t *reg_at;
    const uint32_t *meets; /* of flow.h */
    const struct ptx_instr *instr;
    struct err *why;

    uint32_t literal_width; /* of 'x' */
    bool trusted;           /* vg_arith_find checked the registers */

    struct vg_insn *insn;
    struct vg_operand operands[VG_DECODE_OPERANDS];
    uint32_t n_operands;
};

/* ---- errors: all begin with the place and name the instruction ---- */

enum err_code vg_decode_refuse(struct vg_decoder *d);                  /* ERR_UNSUPPORTED */
enum err_code vg_decode_wrong(struct vg_decoder *d, const char *what); /* ERR_FORMAT */

/* ---- operands (decode_operand.c) ---- */

/* Flattens all operands; a letter per lane operand says how wide a literal is: p h w d f F e, as in
 * arith.h; a: an address, 32 or 64 bits; x: any width, literals of literal_width; '=' behind the
 * results, '?' behind what may be missing, '*' at the end: the last letter repeats. */
enum err_code vg_decode_operands(struct vg_decoder *d, const char *shape);
/* The lane array of a value that all lanes share. False: no memory. */
bool vg_decode_constant(struct vg_decoder *d, uint64_t bits, uint32_t width,
                        struct vg_operand *ret);
uint32_t vg_decode_special(struct vg_decoder *d, enum ptx_sreg sreg, uint32_t bytes);
/* Bytes of a register's lane: 0 for predicates, 2, 4, 8 or 16. */
uint32_t vg_lane_width(enum ptx_type type);
bool vg_decode_place(const struct vg_decoder *d, const struct ptx_operand *o, struct vg_place *ret);
const struct ptx_table *vg_decode_table(const struct vg_decoder *d);

/* ---- families: OK, or ERR_NOT_FOUND for an instruction of none of theirs ---- */

enum err_code vg_decode_flow(struct vg_decoder *d);   /* bra, call, ret, exit, trap */
enum err_code vg_decode_move(struct vg_decoder *d);   /* mov of addresses, cvta, isspacep */
enum err_code vg_decode_access(struct vg_decoder *d); /* ld, st, prefetch */
enum err_code vg_decode_atomic(struct vg_decoder *d);
enum err_code vg_decode_warp(struct vg_decoder *d);   /* shfl, vote, match, redux, barriers */
enum err_code vg_decode_matrix(struct vg_decoder *d); /* ldmatrix, wmma.load, wmma.store */
enum err_code vg_decode_async(struct vg_decoder *d);  /* cp.async, mbarrier */

/* Decodes one function. The code's `vars` are placed already. */
MUST_CHECK enum err_code vg_decode(struct vg_kernel *kernel, size_t func, enum vg_isa isa,
                                   struct vg_code *ret, struct err *why);
