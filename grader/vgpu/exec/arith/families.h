/* What the parts of the search share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "grader/vgpu/exec/arith/row.h"

/* The most operands of an instruction of ours: mma has 8 + 4 + 2 + 8 registers at most. */
enum { VG_FLAT_MAX = 32 };

/* The operands in the order of the text, vectors and pairs opened. 0: too many, or out of bounds.
 */
size_t vg_flatten(const struct ptx_instr *i, const struct ptx_func *f,
                  const struct ptx_operand *ret[VG_FLAT_MAX]);

/* Whether they are as many as the shape (arith.h) says, registers of its widths. */
bool vg_shape_fits(const char *shape, const struct ptx_func *f,
                   const struct ptx_operand *const *operands, size_t n);

/* The families that are no tables: true with handler and shape when the instruction is theirs. */
bool vg_find_convert(const struct ptx_instr *i, const struct ptx_func *f, struct vg_row *ret);
bool vg_find_matrix(const struct ptx_instr *i, const struct ptx_func *f, enum vg_isa isa,
                    struct vg_row *ret);
bool vg_find_video(const struct ptx_instr *i, const struct ptx_func *f, struct vg_row *ret);
