/* Lab 3.2: ggml's block formats to the bit. You write the four qt_ functions in formats.c; the rest
 * of this header is given.
 *
 * A row is n weights in one format, as they lie in a GGUF file: little-endian, block after block,
 * without padding. A row (void *) may begin at any address, odd ones too; an array of float is
 * aligned as C wants it. Source and target never overlap. n may be 0; then nothing is read or
 * written. */
#ifndef LAB_H
#define LAB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- given: the types ---- */

/* The numbers are ggml's type ids, as a GGUF file has them. */
enum {
    QT_F32 = 0,
    QT_F16 = 1,
    QT_Q4_0 = 2,
    QT_Q4_1 = 3,
    QT_Q5_0 = 6,
    QT_Q5_1 = 7,
    QT_Q8_0 = 8,
    QT_Q4_K = 12,
    QT_Q5_K = 13,
    QT_Q6_K = 14,
};

typedef struct {
    uint32_t type;
    const char *name;
    int32_t weights; /* in a block */
    int32_t bytes;   /* of a block */
} qt_info;

enum { QT_TYPES = 10 };
static const qt_info qt_types[QT_TYPES] = {
    {QT_F32, "F32", 1, 4},       {QT_F16, "F16", 1, 2},       {QT_Q4_0, "Q4_0", 32, 18},
    {QT_Q4_1, "Q4_1", 32, 20},   {QT_Q5_0, "Q5_0", 32, 22},   {QT_Q5_1, "Q5_1", 32, 24},
    {QT_Q8_0, "Q8_0", 32, 34},   {QT_Q4_K, "Q4_K", 256, 144}, {QT_Q5_K, "Q5_K", 256, 176},
    {QT_Q6_K, "Q6_K", 256, 210},
};

/* ---- given: half precision and bfloat16 (what lab 3.1 asks you to write) ----
 *
 * To 16 bits: nearest, ties to even; 65520 and more become infinite, 2^-25 and less zero; a NaN
 * becomes 0x7E00 with its sign. From 16 bits: exact. */
uint16_t qb_f32_f16(float f);
float qb_f16_f32(uint16_t h);
uint16_t qb_f32_bf16(float f);
float qb_bf16_f32(uint16_t h);

/* ---- yours ---- */

/* Bytes of a row of n weights; 0 if the type is unknown, n is negative, or n weights do not fill
 * whole blocks. */
size_t qt_row_bytes(uint32_t type, int64_t n);

/* Restores n weights. dst gets exactly what ggml's dequantize_row_* gives, whatever the bytes of
 * src are (scales are finite here). +0 and -0 count as equal. Returns 0; -1 if the type is unknown
 * or n does not fit it, then dst is not touched. */
int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n);

/* Quantises n weights.
 *   F32, F16                          every weight on its own
 *   Q4_0, Q4_1, Q5_0, Q5_1, Q8_0      exactly the bytes of ggml's quantize_row_*_ref
 *   Q4_K, Q6_K                        any valid blocks; the smaller the squared error, the more
 * points Weights are finite, |x| <= 2^100, no -0; for Q4_K and Q6_K |x| <= 2^16. Of each block the
 * largest |x| (with Q4_1 and Q5_1: max - min) is 0 or at least 2^-100. Returns 0; -1 if the type is
 * unknown or Q5_K, or n does not fit it, then dst is not touched. */
int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n);

/* Converts a row from one type to another by way of float: the bytes of
 * qt_quantize(to, qt_dequantize(from, src)), also where both types are the same. n can be large;
 * you may hold at most 64 KiB of temporaries at any time. Returns 0; -1 if either side would, then
 * dst is not touched. */
int qt_convert(uint32_t from, const void *src, uint32_t to, void *dst, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
