/* The instruction sets that the fast rungs are written for, and which of them this machine has. */
#pragma once

#include <stdbool.h>

enum ref_isa {
    REF_ISA_SCALAR, /* C as it stands: the truth */
    REF_ISA_AVX2,   /* x86-64 with AVX2, FMA, F16C and BMI2 */
    REF_ISA_AVX512, /* and with AVX-512 F, BW, DQ, VL, VBMI and VNNI */
    REF_ISA_NEON,   /* AArch64 with the dot product instructions of Armv8.2 */
    REF_ISAS,       /* their number */
};

/* "scalar", "avx2", "avx512", "neon". */
const char *ref_isa_name(enum ref_isa isa);

/* Whether this machine runs it; the scalar one always. */
bool ref_isa_present(enum ref_isa isa);

/* The fastest one present. */
enum ref_isa ref_isa_best(void);
