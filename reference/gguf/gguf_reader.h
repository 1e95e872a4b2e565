/* What the readers of GGUF share: the walk over one header, KV or tensor info at a time. Only
 * gguf.c, which holds it, and gguf_stream.h, which walks in pieces, may use it. */
#pragma once

#include "base/bytes.h"
#include "reference/gguf/gguf.h"

/* What is known while a file is walked. */
struct ref_gguf_reader {
    const uint8_t *buf;
    uint64_t size, pos; /* pos <= size, always */
    enum ref_gguf_mode mode;
    bool swapped; /* big-endian */
    bool alone;   /* one entry at a time: names are not compared with those before */
    bool endless; /* the sum in data_end left 64 bits: no offset can be right any more */
    struct ref_gguf_file *file;
    uint64_t data_end; /* end of the tensors so far, padded; bytes from data_off */
    struct err *why;
};

/* Each takes what lies at pos: the 24 bytes in front (with `counts`, whether so many entries fit
 * the rest of the file), KV or tensor info `index` into the file's entry of that number. */
enum ref_gguf_status ref_gguf_take_head(struct ref_gguf_reader *r, struct ref_gguf_head *head,
                                        bool counts);
enum ref_gguf_status ref_gguf_take_kv(struct ref_gguf_reader *r, uint64_t index);
enum ref_gguf_status ref_gguf_take_tensor(struct ref_gguf_reader *r, uint64_t index);

/* n to the next multiple of an alignment (> 0). n <= 2^63. */
static inline uint64_t ref_gguf_pad(uint64_t n, uint32_t alignment)
{
    return (n + alignment - 1) / alignment * alignment;
}

/* ---- numbers in the file's order ---- */

static inline uint16_t ref_gguf_rd_u16(bool swapped, const uint8_t *p)
{
    const uint16_t v = rd_u16le(p);
    return swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t ref_gguf_rd_u32(bool swapped, const uint8_t *p)
{
    const uint32_t v = rd_u32le(p);
    return swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t ref_gguf_rd_u64(bool swapped, const uint8_t *p)
{
    const uint64_t v = rd_u64le(p);
    return swapped ? __builtin_bswap64(v) : v;
}
