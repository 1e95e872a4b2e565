/* For bench_noise: lab 0.2, right, and slower by a tenth. */
#include "lab.h"

static volatile uint64_t wasted;

static uint64_t over(const uint8_t *bytes, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 1099511628211u;
    return h;
}

uint64_t hash(const uint8_t *bytes, size_t n)
{
    wasted = over(bytes, n / 10);
    return over(bytes, n);
}
