/* Reads on behind the row: the first byte that it may not touch. */
int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    if (type == 2 && n > 0)
        dst[0] = ((const volatile uint8_t *)src)[qt_row_bytes(type, n)]; /* here */
    return solution_dequantize(type, src, dst, n);
}
