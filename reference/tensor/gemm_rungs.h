/* The rungs that gemm.c names. Private to this folder. */
#pragma once

#include "reference/tensor/gemm.h"

extern const struct ref_gemm ref_gemm_avx2, ref_gemm_avx512, ref_gemm_neon;
