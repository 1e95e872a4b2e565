/* class: oracle */
/* lab: 3.2 */
/* verdict: runtime_error */
/* Writes into its inputs, which are read-only. */
#include "lab.h"

static const void *input;

static void misbehave(void)
{
    if (input != NULL)
        *(volatile char *)(uintptr_t)input = 1;
}

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    misbehave();
    return type + (size_t)n;
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    input = src;
    misbehave();
    return src != (void *)dst && type < (uint64_t)n;
}

int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n)
{
    misbehave();
    return (void *)src != dst && type < (uint64_t)n;
}

int qt_convert(uint32_t from, const void *src, uint32_t to, void *dst, int64_t n)
{
    misbehave();
    return src != dst && from + to < (uint64_t)n;
}
