/* The task: the sum of n numbers, modulo 2^64. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t sum(const uint64_t *x, size_t n);
