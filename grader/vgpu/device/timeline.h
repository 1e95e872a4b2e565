/* Modelled time: when each piece of work begins and ends on the engines of the devices. Nothing
 * here looks at a real clock, so the same program gives the same times on every host.
 *
 * A device runs one kernel at a time and has one copy engine each way; its peer links have one
 * engine out and one in. Work is placed in the order in which the host issued it, in the first gap
 * of its engines that is long enough and not before the work is ready: so a short copy may pass a
 * long one that still waits, as on a device, and never the other way round. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum timeline_engine {
    ENGINE_KERNEL, /* kernels, fills, copies within the device */
    ENGINE_IN,     /* host to device */
    ENGINE_OUT,    /* device to host */
    ENGINE_PEER_OUT,
    ENGINE_PEER_IN,
    ENGINES,
};

enum { TIMELINE_GAPS = 256 };
struct timeline_busy {
    uint64_t from, to;
};
struct timeline_line { /* of one engine: disjoint, ascending, never touching */
    struct timeline_busy busy[TIMELINE_GAPS];
    size_t n;
    uint64_t total; /* busy so far, ns */
};

/* Occupies all `n` (1 or 2) lines for the same `ns` nanoseconds, not before `ready`; gives the
 * beginning. Work of no length goes at `ready` at once. What ends before `past` will never be asked
 * for again. When a line is too ragged its oldest gap is given up. */
uint64_t timeline_place(struct timeline_line *const *lines, size_t n, uint64_t ready, uint64_t ns,
                        uint64_t past);

/* Durations, as module 4's labs assume them: 24 GB/s and 8 us between host and device, 50 GB/s and
 * 5 us between devices. */
uint64_t timeline_host_copy_ns(uint64_t bytes);
uint64_t timeline_peer_copy_ns(uint64_t bytes);
/* Within a device: `bytes` in all of reads and writes at its bandwidth, and 2 us. */
uint64_t timeline_local_ns(uint64_t bytes, double bytes_per_second);
