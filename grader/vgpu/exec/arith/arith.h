/* What the arithmetic wants to know from the decoder, and the decoder from it; vg_arith_find itself
 * stands in insn.h. All of PTX that reads registers and writes registers is here: integers, floats,
 * halves, comparisons, conversions, mov of values, video, matrices.
 *
 * Facts of the ISA that are easy to get wrong, and what is done here where it says nothing:
 *
 *     NaN, 32 bits and less   results are 0x7fffffff, 0x7fff (9.7.3, 9.7.4; CUDA C++ Programming
 *                             Guide, "Floating-Point Standard"); abs, neg, mov, selp pass bits on
 *     NaN, f64                not specified: the first operand that is a NaN, made quiet; without
 *                             one 0xfff8000000000000, which is what devices print as -nan
 *     division by zero        machine-specific (9.7.1.8): quotient all ones, remainder the dividend
 *     .approx                 more exact than promised: rcp, sqrt, div are rounded correctly, the
 *                             others computed in binary64 and rounded once; see special.h
 *     .ftz                    operands and the rounded result: a subnormal becomes a zero of its
 * sign shift amounts           32-bit registers, whatever is shifted (9.7.8.7)
 */
#pragma once

#include <stdbool.h>

#include "grader/vgpu/exec/insn.h"

/* The flattened operands of an instruction that vg_arith_find knows, as text: one letter each,
 * results before '=':
 *
 *     p  predicate (a literal: 0 or all ones)     h  16 bits     w  32 bits     d  64 bits
 *     f  32 bits, an f32                          F  64 bits, an f64
 *     e  a 16-bit half: f16 or bf16 bits
 *     ?  after a letter: that operand may be missing
 *
 * "ww?=ww" has two results, of which the second may be missing. A literal must be laid out in that
 * width (f and F say what a decimal literal becomes). vg_arith_find checked registers against it;
 * the registers of cvt may be wider, as 9.4.1 allows. NULL: not an instruction of ours. */
const char *vg_arith_shape(const struct ptx_instr *i, const struct ptx_func *f);

/* The pipe that an instruction of ours occupies. */
enum vg_pipe vg_arith_pipe(const struct ptx_instr *i);
