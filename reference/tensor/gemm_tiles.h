/* The tiles that gemm.c names. Private to this folder. */
#pragma once

#include "reference/tensor/gemm.h"

ref_gemm_tile_fn ref_gemm_tile_scalar, ref_gemm_tile_avx2, ref_gemm_tile_avx512, ref_gemm_tile_neon;
