/* Which instruction set of the host the handlers may use. */
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/exec/insn.h"

static enum vg_isa isa_of_cpu(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return VG_PORTABLE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return VG_AVX512;
    return VG_AVX2;
#else
    return VG_PORTABLE;
#endif
}

enum vg_isa vg_isa_best(void)
{
    const enum vg_isa cpu = isa_of_cpu();
    const char *const wish = getenv("VGPU_ISA");
    if (wish == NULL)
        return cpu;
    if (strcmp(wish, "portable") == 0)
        return VG_PORTABLE;
    return strcmp(wish, "avx2") == 0 && cpu > VG_AVX2 ? VG_AVX2 : cpu;
}
