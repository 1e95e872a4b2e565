#define RUNG     ref_flash_neon
#define RUNG_ISA REF_ISA_NEON
#include "reference/attention/flash_lanes.h"
