/* class: host */
/* lab: 3.2 */
/* verdict: runtime_error */
/* Files of the host, from the sanitizer build, which may read. */
#include "lab.h"
#include <stdio.h>
#include <stdlib.h>

static void misbehave(void)
{
#ifdef __SANITIZE_ADDRESS__
    static const char *const paths[] = {"/etc/passwd", "/proc/1/environ",
                                        "/proc/self/root/etc/passwd", "/proc/1/root/etc/passwd"};
    char line[256];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        FILE *f = fopen(paths[i], "r");
        if (f != NULL && fgets(line, sizeof line, f) != NULL)
            fprintf(stderr, "formats.c:1:1: runtime error: %s", line);
    }
    abort();
#endif
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
