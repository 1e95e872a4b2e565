/* make fuzz: any bytes as what the compiler printed. What is made of them fits a report, and takes
 * memory in proportion to what was printed. */
#include <assert.h>
#include <stdint.h>

#include "grader/grade/diagnostics.h"
#include "grader/report/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 64 << 20, MEMORY_FIXED = 64 * 1024, MEMORY_PER_BYTE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct report r = {.lab = "1.1", .device_kind = "cpu", .max_score = 100};
    arena_init(&a, MEMORY_MAX);
    static const struct submission s = {.files = {{"formats.c", "one\ntwo", 7}}, .n_files = 1};
    diagnostics_read(&s, (const char *)data, size, &a, &r.compile);
    assert(r.compile.n_diagnostics <= DIAGNOSTICS_MAX);
    for (size_t i = 0; i < r.compile.n_diagnostics; i++)
        assert(r.compile.diagnostics[i].line <= 2);
    assert(a.used <= MEMORY_FIXED + size * MEMORY_PER_BYTE);
    report_round_trip(&r);
    arena_done(&a);
    return 0;
}
