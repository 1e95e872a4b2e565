#define RUNG     ref_gemm_avx512
#define RUNG_ISA REF_ISA_AVX512
#define NR       12
#include "reference/tensor/gemm_rungs.h"

#include "reference/tensor/gemm_lanes.h"
