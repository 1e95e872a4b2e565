/* make fuzz: any bytes as what a sanitizer printed. The finding fits a report, its place is the
 * learner's, and it takes memory in proportion to what was printed. */
#include <assert.h>
#include <stdint.h>

#include "grader/grade/findings.h"
#include "grader/report/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 64 << 20, MEMORY_FIXED = 16 * 1024, MEMORY_PER_BYTE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lab lab = {.files = {{.name = "a.c"}, {.name = "gguf.c"}}, .n_files = 2};
    struct arena a;
    arena_init(&a, MEMORY_MAX);
    const struct report_finding f = finding_read(&lab, (const char *)data, size, &a);
    assert(f.file == NULL || f.file == lab.files[0].name || f.file == lab.files[1].name);
    assert(a.used <= MEMORY_FIXED + size * MEMORY_PER_BYTE);
    const struct report r = {.lab = "1.1",
                             .device_kind = "cpu",
                             .max_score = 100,
                             .sanitizer = {.ran = true, .findings = &f, .n_findings = 1}};
    report_round_trip(&r);
    arena_done(&a);
    return 0;
}
