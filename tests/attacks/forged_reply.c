/* class: reply */
/* lab: 3.2 */
/* verdict: runtime_error */
/* Rings the bell itself, before the call has answered, and waits to be heard: whoever returned
 * would be answered for by the runner, and be right or wrong by who is faster. */
#include "lab.h"
#include <unistd.h>

static void misbehave(void)
{
    for (int i = 0; i < 3; i++)
        if (write(5, "x", 1) != 1)
            return;
    for (volatile int waiting = 1; waiting;)
        ;
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
