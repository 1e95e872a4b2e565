#define RUNG     ref_rows_avx2
#define RUNG_ISA REF_ISA_AVX2
#include "reference/tensor/rows_rungs.h"

#include "reference/tensor/rows_lanes.h"
