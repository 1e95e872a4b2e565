/* libFuzzer: any bytes into the reader; what it accepts is written in every format, and as JSON it
 * is read and written again to the same bytes.
 *
 *     make fuzz */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "grader/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 64 << 20 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void write_all(const struct report *r)
{
    struct str out;
    str_init(&out, MEMORY_MAX);
    report_write_text(r, true, &out);
    report_write_junit(r, &out);
    report_write_sarif(r, &out);
    report_write_gradescope(r, &out);
    str_done(&out);
}

static void round_trip(const struct report *r, struct arena *a)
{
    struct str first, second;
    struct report again;
    str_init(&first, MEMORY_MAX);
    str_init(&second, MEMORY_MAX);
    report_write_json(r, &first);
    must(report_read(first.text, first.length, a, &again, NULL) == OK);
    report_write_json(&again, &second);
    must(first.length == second.length && memcmp(first.text, second.text, first.length) == 0);
    str_done(&second);
    str_done(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct report r;
    arena_init(&a, MEMORY_MAX);
    if (report_read((const char *)data, size, &a, &r, NULL) == OK) {
        write_all(&r);
        round_trip(&r, &a);
    }
    arena_done(&a);
    return 0;
}
