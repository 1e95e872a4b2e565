/* group: small */
/* The mistake: sees no runs. */
#include "lab.h"

/* A head 0 to 127 says that 1 to 128 bytes follow as they are; 128 to 255 that the next one stands
 * for 2 to 129 of its kind. */
enum { PLAIN_MAX = 128, RUN_MIN = 2, RUN_MAX = 129 };

static size_t run_at(const unsigned char *x, size_t n)
{
    size_t run = 1;
    while (0 && run < n && run < RUN_MAX && x[run] == x[0])
        run++;
    return run;
}

static size_t plain_at(const unsigned char *x, size_t n)
{
    size_t plain = 1;
    while (plain < n && plain < PLAIN_MAX && run_at(x + plain, n - plain) < RUN_MIN)
        plain++;
    return plain;
}

size_t runs_pack(const unsigned char *x, size_t n, unsigned char *ret, size_t capacity)
{
    size_t out = 0;
    for (size_t i = 0; i < n;) {
        const size_t run = run_at(x + i, n - i);
        const size_t taken = run >= RUN_MIN ? run : plain_at(x + i, n - i);
        const size_t written = run >= RUN_MIN ? 1 : taken;
        if (capacity - out < 1 + written)
            return RUNS_NO_ROOM;
        ret[out++] = (unsigned char)(run >= RUN_MIN ? 128 + run - RUN_MIN : taken - 1);
        for (size_t b = 0; b < written; b++)
            ret[out++] = x[i + b];
        i += taken;
    }
    return out;
}

size_t runs_unpack(const unsigned char *packed, size_t size, unsigned char *ret, size_t capacity)
{
    size_t out = 0;
    for (size_t i = 0; i < size;) {
        const size_t head = packed[i++];
        const size_t count = head < 128 ? head + 1 : head - 128 + RUN_MIN;
        const size_t read = head < 128 ? count : 1;
        if (capacity - out < count || size - i < read)
            return RUNS_NO_ROOM;
        for (size_t b = 0; b < count; b++)
            ret[out++] = packed[i + (head < 128 ? b : 0)];
        i += read;
    }
    return out;
}
