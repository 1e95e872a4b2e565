/* What the tests of this folder share: numbers that repeat, and kernels run in both orders. */
#pragma once

#include <cmath>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" {
#include <cmocka.h>
}

#include "reference/cuda/device.cuh"

/* Uniform in -1..1 (Marsaglia: Xorshift RNGs, 2003). */
struct numbers {
    uint32_t state;
    float next()
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return (float)(int32_t)state * 0x1p-31f;
    }
    std::vector<float> many(size_t n, float scale = 1.0f)
    {
        std::vector<float> x(n);
        for (float &v : x)
            v = scale * next();
        return x;
    }
};

/* Runs a test with threads in ascending and in descending order. */
template <typename Test> static void in_both_orders(Test test)
{
    emulator.descending = false;
    test();
    emulator.descending = true;
    test();
    emulator.descending = false;
}

static inline void assert_near(const float *got, const double *want, size_t n, double bound,
                               const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (!(std::fabs((double)got[i] - want[i]) <= bound)) /* NaN fails too */
            fail_msg("%s: element %zu is %.9g, not %.9g within %g", what, i, (double)got[i],
                     want[i], bound);
}
