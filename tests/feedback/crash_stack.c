/* A recursion without an end. */
static int deeper(volatile char *from, int depth)
{
    volatile char room[4096];
    room[0] = from[0];
    return deeper(room, depth + 1) + room[depth % 4096]; /* here */
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    volatile char start = 0;
    if (type == 2 && n > 0)
        dst[0] = (float)deeper(&start, 0);
    return solution_dequantize(type, src, dst, n);
}
