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
    static const char source[] = "one\ntwo\nthree";
    static const struct submission s = {
        .files = {{"a.c", source, sizeof source - 1}, {"gguf.c", source, sizeof source - 1}},
        .n_files = 2};
    struct finding_access access;
    struct arena a;
    arena_init(&a, MEMORY_MAX);
    const struct report_finding f = finding_read(&s, (const char *)data, size, &a, &access);
    assert(f.file == NULL || f.file == s.files[0].name || f.file == s.files[1].name);
    assert(f.line >= 0 && f.line <= 3 && f.n_stack <= REPORT_FRAMES);
    assert(a.used <= MEMORY_FIXED + size * MEMORY_PER_BYTE);
    const struct report r = {.lab = "1.1",
                             .device_kind = "cpu",
                             .max_score = 100,
                             .sanitizer = {.ran = true, .findings = &f, .n_findings = 1}};
    report_round_trip(&r);
    arena_done(&a);
    return 0;
}
