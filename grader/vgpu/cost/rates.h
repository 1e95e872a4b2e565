/* What an SM and the caches of a device profile do per clock; the rest of a profile (SMs, clocks,
 * sizes) is device/profile.h's.
 *
 * Sources: CUDA C++ Programming Guide, table of arithmetic throughput; NVIDIA's white papers of
 * A100, H100, Turing and GA102 for caches and tensor cores. L2 bandwidths are measured ones as
 * published for these devices. */
#pragma once

#include "base/err.h"
#include "grader/vgpu/exec/insn.h"

struct cost_rates {
    double
        lanes[VG_PIPES]; /* lane instructions per clock and SM, by pipe; 0: its issue slot only */
    double tensor;       /* f16 multiply-adds per clock and SM */
    double l2_bytes, dram_bytes; /* per clock, of the whole device or slice */
    uint32_t sms;
    uint32_t l1_bytes; /* per SM, shared memory included */
    uint64_t l2_capacity;
    double ghz;
};

/* "a100", "a100/8". ERR_INVALID names the profiles. */
MUST_CHECK enum err_code cost_rates_find(const char *profile, struct cost_rates *ret,
                                         struct err *why);
