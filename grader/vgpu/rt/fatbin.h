/* The argument of __cudaRegisterFatBinary: what nvcc puts into a program for the devices.
 *
 *     wrapper   u32 magic 0x466243b1, u32 version, pointer to data, pointer
 *     data      u32 magic 0xba55ed50, u16 version 1, u16 bytes of this header,
 *               u64 bytes of all entries; then the entries
 *     entry     u16 kind (1 PTX, 2 machine code), u16 version, u32 bytes of this header, u64 bytes
 * of what follows it; at 16: u32 bytes when compressed; at 28: u32 architecture (80); at 40: u64
 * flags
 *
 * Seen in objects of nvcc 13.0 (magics also in fatbinary_section.h); NVIDIA does not document it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum fatbin_verdict {
    FATBIN_FOUND,
    FATBIN_MALFORMED,
    FATBIN_NO_PTX,     /* machine code only */
    FATBIN_COMPRESSED, /* PTX, but compressed */
};

enum { FATBIN_WRAPPER_MAGIC = 0x466243b1 };

/* Looks for the PTX of the highest architecture that is not above `architecture` among `size` bytes
 * that begin with the header of `data`. The text is within them. */
enum fatbin_verdict fatbin_find(const uint8_t *data, uint64_t size, uint32_t architecture,
                                const char **ret_text, size_t *ret_bytes);
/* What the header says of its size, with itself; 0: it is none. Reads FATBIN_HEADER bytes. */
enum { FATBIN_HEADER = 16 };
uint64_t fatbin_size(const uint8_t *data);

/* What to tell a person; NULL for FATBIN_FOUND. */
const char *fatbin_text(enum fatbin_verdict verdict);
