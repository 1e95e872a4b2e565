/* Little-endian reads and writes at any address. Formats are read with these, never through a cast
 * pointer: the bytes of a file have no alignment and their order is not the machine's. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint16_t rd_u16le(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t rd_u32le(const uint8_t *p)
{
    return (uint32_t)rd_u16le(p) | (uint32_t)rd_u16le(p + 2) << 16;
}

static inline uint64_t rd_u64le(const uint8_t *p)
{
    return (uint64_t)rd_u32le(p) | (uint64_t)rd_u32le(p + 4) << 32;
}

static inline float rd_f32le(const uint8_t *p)
{
    const uint32_t bits = rd_u32le(p);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double rd_f64le(const uint8_t *p)
{
    const uint64_t bits = rd_u64le(p);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline void wr_u16le(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void wr_u32le(uint8_t *p, uint32_t v)
{
    wr_u16le(p, (uint16_t)v);
    wr_u16le(p + 2, (uint16_t)(v >> 16));
}

static inline void wr_u64le(uint8_t *p, uint64_t v)
{
    wr_u32le(p, (uint32_t)v);
    wr_u32le(p + 4, (uint32_t)(v >> 32));
}

static inline void wr_f32le(uint8_t *p, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    wr_u32le(p, bits);
}

static inline void wr_f64le(uint8_t *p, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    wr_u64le(p, bits);
}
