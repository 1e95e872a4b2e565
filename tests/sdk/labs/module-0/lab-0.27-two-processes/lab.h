/* Lab 0.27: bytes that are packed in one process and unpacked in another. */
#pragma once

#include <stddef.h>

enum { RUNS_NO_ROOM = 0 };

/* Any coding, but at most n + n / 64 + 16 bytes, and at most n / 16 + 64 where the input is one
 * byte n times. Returns the bytes written; RUNS_NO_ROOM where `capacity` is too small, or n is 0.
 */
size_t runs_pack(const unsigned char *x, size_t n, unsigned char *ret, size_t capacity);
/* The original's size, its bytes in ret; RUNS_NO_ROOM as above. */
size_t runs_unpack(const unsigned char *packed, size_t size, unsigned char *ret, size_t capacity);
