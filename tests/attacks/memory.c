/* class: run */
/* lab: 3.2 */
/* verdict: memory_limit */
/* Takes all the memory there is, and touches it. */
#include "lab.h"
#include <stdlib.h>
#include <string.h>

static void misbehave(void)
{
    for (;;) {
        void *p = malloc(1 << 20);
        if (p == NULL)
            return;
        memset(p, 1, 1 << 20);
    }
}

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    misbehave();
    return type + (size_t)n;
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
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
