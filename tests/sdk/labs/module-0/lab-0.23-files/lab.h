/* Lab 0.23: the sum of a file's bytes. */
#pragma once

#include <stdint.h>

enum { LOAD_OK = 0, LOAD_MISSING = -1 };

/* Maps the file and adds its bytes up. LOAD_MISSING: it cannot be opened, or is no regular file. */
int load_sum(const char *path, uint64_t *ret_bytes, uint64_t *ret_sum);
