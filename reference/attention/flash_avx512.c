#define RUNG     ref_flash_avx512
#define RUNG_ISA REF_ISA_AVX512
#include "reference/attention/flash_lanes.h"
