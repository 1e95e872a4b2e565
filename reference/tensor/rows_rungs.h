/* The tables that rows.c names. Private to this folder. */
#pragma once

#include "reference/tensor/rows.h"

extern const struct ref_row_kernels ref_rows_avx2, ref_rows_avx512, ref_rows_neon;
