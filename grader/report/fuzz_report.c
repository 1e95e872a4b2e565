/* make fuzz: any bytes into the reader; what it accepts is written in every format, and as JSON it
 * is read and written again to the same bytes. */
#include <stdint.h>

#include "grader/report/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 64 << 20 };

static void write_texts(const struct report *r)
{
    struct str out;
    str_init(&out, MEMORY_MAX);
    report_write_text(r, true, &out);
    report_write_junit(r, &out);
    report_write_sarif(r, &out);
    report_write_gradescope(r, &out);
    str_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct report r;
    arena_init(&a, MEMORY_MAX);
    if (report_read((const char *)data, size, &a, &r, NULL) == OK) {
        write_texts(&r);
        report_round_trip(&r);
    }
    arena_done(&a);
    return 0;
}
