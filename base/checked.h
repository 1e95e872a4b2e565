/* Sums and products of sizes that a stranger chose. Each returns true when the result does not fit;
 * the names and the order are C23's <stdckdint.h>. */
#pragma once

#include <stdbool.h>

#define ckd_add(ret, a, b) __builtin_add_overflow((a), (b), (ret))
#define ckd_sub(ret, a, b) __builtin_sub_overflow((a), (b), (ret))
#define ckd_mul(ret, a, b) __builtin_mul_overflow((a), (b), (ret))
