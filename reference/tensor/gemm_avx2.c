#define RUNG     ref_gemm_avx2
#define RUNG_ISA REF_ISA_AVX2
#define NR       6
#include "reference/tensor/gemm_rungs.h"

#include "reference/tensor/gemm_lanes.h"
