/* What one memory instruction of a warp costs by its addresses alone: global memory by 32-byte
 * sectors, shared memory by wavefronts over 32 banks of 4 bytes.
 *
 * Sources: CUDA C++ Programming Guide, "Compute Capability 8.x: Global Memory, Shared Memory"; the
 * half- and quarter-warp rule of 8- and 16-byte accesses is what Nsight Compute's
 * l1tex__data_pipe_lsu_wavefronts counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { COST_LANES = 32, COST_SECTOR = 32, COST_LINE = 128, COST_BANKS = 32 };

/* The distinct sectors that the lanes of `mask` touch with `bytes` (1 to 16, aligned) each, as
 * numbers (address / 32), in the order of the lanes. Returns how many. */
unsigned cost_sectors(const uint64_t addresses[COST_LANES], uint32_t mask, uint32_t bytes,
                      uint64_t ret[COST_LANES]);

/* The fewest sectors that hold as many bytes. */
unsigned cost_sectors_ideal(uint32_t mask, uint32_t bytes);

/* Lanes that share an address, the largest such number: atomics of theirs happen one by one. */
unsigned cost_same_address(const uint64_t addresses[COST_LANES], uint32_t mask);

struct cost_wavefronts {
    unsigned taken, least; /* `taken` - `least` are conflicts */
};
/* `one_by_one`: an atomic, for which lanes with the same word do not share a wavefront. */
struct cost_wavefronts cost_shared(const uint64_t addresses[COST_LANES], uint32_t mask,
                                   uint32_t bytes, bool one_by_one);
