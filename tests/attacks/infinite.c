/* class: oracle */
/* lab: 3.2 */
/* verdict: wrong_answer or runtime_error */
/* max_score: 5 */
/* Scales that are infinite or huge. */
#include "lab.h"
#include <string.h>

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    (void)type;
    return (size_t)n;
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    (void)src;
    memset(dst, 0xff, (size_t)n * sizeof *dst);
    return type == 0;
}

int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n)
{
    (void)src;
    static const int bits[] = {[2] = 18, [3] = 20, [6] = 22, [7] = 24, [8] = 34};
    const size_t legacy = type < 9 ? (size_t)(n / 32 * bits[type]) : 0;
    const size_t bytes = type == 12   ? (size_t)n / 256 * 144
                         : type == 14 ? (size_t)n / 256 * 210
                                      : legacy;
    memset(dst, 0x7b, bytes);
    return 0;
}

int qt_convert(uint32_t from, const void *src, uint32_t to, void *dst, int64_t n)
{
    (void)from;
    (void)to;
    (void)src;
    (void)dst;
    (void)n;
    return 0;
}
