/* Looks at a program without trusting a byte of it. */
#pragma once

#include <stdint.h>

/* The memory that the segments of the 64-bit ELF file `fd` ask for; 0 where it is none. */
int64_t image_memory_bytes(int fd);
