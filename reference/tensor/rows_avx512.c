#define RUNG     ref_rows_avx512
#define RUNG_ISA REF_ISA_AVX512
#include "reference/tensor/rows_rungs.h"

#include "reference/tensor/rows_lanes.h"
