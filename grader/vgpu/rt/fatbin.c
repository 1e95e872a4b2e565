#include "grader/vgpu/rt/fatbin.h"

#include "base/bytes.h"

enum { MAGIC = 0xba55ed50, KIND_PTX = 1, ENTRY = 64, COMPRESSED = 0xa000 };
#define SIZE_MAX_ALLOWED (UINT64_C(1) << 32)

uint64_t fatbin_size(const uint8_t *data)
{
    const uint64_t header = rd_u16le(data + 6), entries = rd_u64le(data + 8);
    if (rd_u32le(data) != MAGIC || rd_u16le(data + 4) != 1 || header < FATBIN_HEADER ||
        entries > SIZE_MAX_ALLOWED)
        return 0;
    return header + entries;
}

struct entry {
    uint32_t kind, header, architecture;
    uint64_t bytes;
    int compressed;
};

/* False: what is there is no entry that fits into `left` bytes. */
static int read_entry(const uint8_t *at, uint64_t left, struct entry *ret)
{
    if (left < ENTRY)
        return 0;
    ret->kind = rd_u16le(at);
    ret->header = rd_u32le(at + 4);
    ret->bytes = rd_u64le(at + 8);
    ret->architecture = rd_u32le(at + 28);
    ret->compressed = rd_u32le(at + 16) != 0 || (rd_u64le(at + 40) & COMPRESSED) != 0;
    return ret->header >= ENTRY && ret->header <= left && ret->bytes <= left - ret->header;
}

enum fatbin_verdict fatbin_find(const uint8_t *data, uint64_t size, uint32_t architecture,
                                const char **ret_text, size_t *ret_bytes)
{
    if (size < FATBIN_HEADER || fatbin_size(data) == 0 || fatbin_size(data) > size)
        return FATBIN_MALFORMED;
    enum fatbin_verdict verdict = FATBIN_NO_PTX;
    uint32_t best = 0;
    const uint64_t end = fatbin_size(data);
    struct entry e;
    for (uint64_t at = rd_u16le(data + 6); at < end; at += e.header + e.bytes) {
        if (!read_entry(data + at, end - at, &e))
            return FATBIN_MALFORMED;
        if (e.kind != KIND_PTX || e.architecture > architecture || e.architecture < best)
            continue;
        if (e.compressed) {
            verdict = verdict == FATBIN_FOUND ? FATBIN_FOUND : FATBIN_COMPRESSED;
            continue;
        }
        best = e.architecture;
        verdict = FATBIN_FOUND;
        *ret_text = (const char *)data + at + e.header;
        *ret_bytes = (size_t)e.bytes;
    }
    return verdict;
}

const char *fatbin_text(enum fatbin_verdict verdict)
{
    switch (verdict) {
    case FATBIN_FOUND:
        return NULL;
    case FATBIN_MALFORMED:
        return "what nvcc put into the program for the device is damaged";
    case FATBIN_NO_PTX:
        return "the program has no PTX for this device: build it with vgpu cc, or with nvcc "
               "-gencode arch=compute_80,code=compute_80 --no-compress";
    case FATBIN_COMPRESSED:
        return "the program's PTX is compressed: build it with vgpu cc, or give nvcc "
               "--no-compress";
    }
    return NULL;
}
