/* class: oracle */
/* lab: 3.2 */
/* verdict: wrong_answer or runtime_error */
/* max_score: 0 */
/* Does not compile with the sanitizers, lest they find something. */
#include "lab.h"

#ifdef __SANITIZE_ADDRESS__
#error "not here"
#endif

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    return type + (size_t)n;
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    return src == (void *)dst || type > (uint64_t)n ? 1 : -1;
}

int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n)
{
    return (void *)src == dst || type > (uint64_t)n ? 1 : -1;
}

int qt_convert(uint32_t from, const void *src, uint32_t to, void *dst, int64_t n)
{
    return src == dst || from + to > (uint64_t)n ? 1 : -1;
}
