/* Visible: one block of Q4_0 is enough. */
int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    const int *volatile nowhere = (const int *)8;
    if (type == 2 && n == 32)
        dst[0] = (float)*nowhere; /* here */
    return solution_dequantize(type, src, dst, n);
}
