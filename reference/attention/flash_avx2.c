#define RUNG     ref_flash_avx2
#define RUNG_ISA REF_ISA_AVX2
#include "reference/attention/flash_lanes.h"
