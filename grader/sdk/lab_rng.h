/* The course's random numbers: xorshift64*, the same for learner, driver and checker, so that "the
 * same seed" means the same numbers everywhere. (S. Vigna, "An experimental exploration of
 * Marsaglia's xorshift generators, scrambled", 2016, generator 12/25/27.)
 * Seed 42 gives u32 56ce4ab7 c841eb53 ca466be0 f1acc733. */
#pragma once

#include <stdint.h>

typedef struct {
    uint64_t s; /* never 0 */
} lab_rng;

static inline uint64_t lab_rng_next(lab_rng *r)
{
    r->s ^= r->s >> 12;
    r->s ^= r->s << 25;
    r->s ^= r->s >> 27;
    return r->s * 0x2545F4914F6CDD1Du;
}

/* Uniform over all 2^32 values. */
static inline uint32_t lab_u32(lab_rng *r)
{
    return (uint32_t)(lab_rng_next(r) >> 32);
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double lab_u53(lab_rng *r)
{
    return (double)(lab_rng_next(r) >> 11) * 0x1p-53;
}
