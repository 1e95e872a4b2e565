/* Time on a real GPU: the learner's work and the solution's in turn on the same device, and what
 * share of the device's own copy bandwidth a kernel reaches.
 *
 * Clocks and temperatures of a device drift, so single times mean little and ratios of neighbours
 * much: each pair runs both sides within moments, in an order that alternates, and the median over
 * the pairs counts. */
#pragma once

#include "grader/vgpu/real/driver.h"

struct timing_side {
    int (*run)(void *context); /* enqueues the work on the legacy stream; a CUresult */
    void *context;
};

enum { TIMING_PAIRS_MAX = 101 };
struct timing_config {
    int warm;  /* runs of each side before it counts */
    int pairs; /* odd, so that the median is one of them; at most TIMING_PAIRS_MAX */
};

struct timing_result {
    double ratio;                   /* solution / learner: 1 is as fast, 0.5 half as fast */
    double ratio_low, ratio_high;   /* quartiles */
    double learner_ms, solution_ms; /* medians */
};

/* The device's context must be the current one. ERR_INVALID: the config; ERR_RANGE: a side takes no
 * time that events can tell; else what the driver says. */
MUST_CHECK enum err_code timing_pair(const struct driver *d, const struct timing_side *learner,
                                     const struct timing_side *solution,
                                     const struct timing_config *config, struct timing_result *ret,
                                     struct err *why);

/* CB: bytes per second, read and written counted, of the best of `repeats` copies of `bytes` from
 * device memory to device memory. Take more than L2 holds. Frees what it allocates. */
MUST_CHECK enum err_code timing_copy_bandwidth(const struct driver *d, size_t bytes, int repeats,
                                               double *ret, struct err *why);

/* The share of CB that a kernel reached which had to move `bytes` in `ms`. */
double timing_share(double bytes, double ms, double copy_bandwidth);
