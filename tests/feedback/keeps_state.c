/* Right the first time in each process, wrong later on: a static variable. */
int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    static int calls;
    const int status = solution_dequantize(type, src, dst, n);
    if (status == 0 && n > 0 && calls++ > 0)
        dst[0] += 1.0f;
    return status;
}
