#define RUNG     ref_rows_neon
#define RUNG_ISA REF_ISA_NEON
#include "reference/tensor/rows_rungs.h"

#include "reference/tensor/rows_lanes.h"
