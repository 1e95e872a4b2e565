#define RUNG     ref_gemm_neon
#define RUNG_ISA REF_ISA_NEON
#define NR       12
#include "reference/tensor/gemm_rungs.h"

#include "reference/tensor/gemm_lanes.h"
