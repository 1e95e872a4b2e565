/* Lab 0.2: FNV-1a, 64 bits. Each byte waits for the one before, so no compiler and no vector unit
 * makes it faster: the time is the number of bytes, which is what a test of timing wants. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* h = 14695981039346656037; for each byte b: h = (h ^ b) * 1099511628211, modulo 2^64. (Fowler,
 * Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm", IETF draft.) */
uint64_t hash(const uint8_t *bytes, size_t n);
