/* The tables of rows, one per source and instruction set. */
#pragma once

#include "grader/vgpu/exec/arith/row.h"

/* X(table): those that are compiled once per instruction set. */
#define VG_LANE_TABLES(X)                                                                          \
    X(vg_rows_int)                                                                                 \
    X(vg_rows_carry)                                                                               \
    X(vg_rows_bits)                                                                                \
    X(vg_rows_float)                                                                               \
    X(vg_rows_double)                                                                              \
    X(vg_rows_special)                                                                             \
    X(vg_rows_half)                                                                                \
    X(vg_rows_compare)                                                                             \
    X(vg_rows_convert)                                                                             \
    X(vg_rows_mov)

#define VG_DECLARE(table)                                                                          \
    extern const struct vg_rows table##_portable, table##_avx2, table##_avx512;
VG_LANE_TABLES(VG_DECLARE)
#undef VG_DECLARE

/* Ends a source: what it offers, under the name of the instruction set. */
#define TABLE(name) const struct vg_rows FOR_ISA(name) = {rows, sizeof rows / sizeof *rows};
