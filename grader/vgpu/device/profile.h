/* The devices that we can be: numbers of data sheets, and slices of them with fewer SMs. Sources:
 * NVIDIA's architecture white papers (A100, H100, Turing, GA102) and the tables of compute
 * capabilities in the CUDA Programming Guide. */
#pragma once

#include "base/err.h"
#include "grader/vgpu/device/wire.h"

/* "a100", or "a100/8": eight of its SMs, with their share of bandwidths and L2. Clears the rest of
 * `ret`. ERR_INVALID names the profiles. */
MUST_CHECK enum err_code profile_find(const char *text, struct wire_device *ret, struct err *why);

/* DRAM bytes per second, from clock and width. */
double profile_bandwidth(const struct wire_device *d);

/* Blocks of a kernel that an SM holds at once: by registers (per warp, to 256), shared memory (to
 * 128 bytes), warps and blocks. 0: not even one. */
uint32_t profile_blocks(const struct wire_device *d, uint32_t threads, uint32_t registers,
                        uint64_t shared);
