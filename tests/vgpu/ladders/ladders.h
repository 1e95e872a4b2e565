/* The ladders, from the lowest rung to the best. */
#pragma once

#include "tests/vgpu/ladders/rung.h"

enum { LADDER_RUNGS = 8 };
struct ladder {
    const char *name;
    size_t n;
    struct rung rungs[LADDER_RUNGS];
};

struct ladder ladder_sgemm(int n);    /* n by n by n, n a multiple of 128, at most 2048 */
struct ladder ladder_sum(void);       /* of 2^20 floats */
struct ladder ladder_transpose(void); /* of 1024 rows of 2048 */
struct ladder ladder_softmax(void);   /* of 128 rows of 8192 */
