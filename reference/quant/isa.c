#include "reference/quant/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

const char *ref_isa_name(enum ref_isa isa)
{
    static const char *const names[REF_ISAS] = {"scalar", "avx2", "avx512", "neon"};
    return names[isa];
}

#if defined(__x86_64__)
static bool has_f16c(void) /* clang 14's __builtin_cpu_supports does not know it */
{
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2") && has_f16c();
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
}
#endif

bool ref_isa_present(enum ref_isa isa)
{
    switch (isa) {
    case REF_ISA_SCALAR:
        return true;
#if defined(__x86_64__)
    case REF_ISA_AVX2:
        return has_avx2();
    case REF_ISA_AVX512:
        return has_avx512();
    case REF_ISA_NEON:
#elif defined(__aarch64__)
    case REF_ISA_NEON:
        return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
    case REF_ISA_AVX2:
    case REF_ISA_AVX512:
#else
    case REF_ISA_AVX2:
    case REF_ISA_AVX512:
    case REF_ISA_NEON:
#endif
    case REF_ISAS:
        return false;
    }
    return false;
}

enum ref_isa ref_isa_best(void)
{
    enum ref_isa best = REF_ISA_SCALAR;
    for (int isa = REF_ISA_SCALAR; isa < REF_ISAS; isa++)
        if (ref_isa_present((enum ref_isa)isa))
            best = (enum ref_isa)isa;
    return best;
}
