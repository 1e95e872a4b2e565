/* make fuzz: any bytes as what a program that counts its lines leaves behind, and as what gcov
 * says.
 */
#include <assert.h>
#include <stdint.h>

#include "grader/grade/coverage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 16 << 20, LINES = 8 };

static void read_stream(const char *bytes, size_t size, struct arena *a)
{
    struct coverage_stream stream = {.bytes = bytes, .size = size};
    enum err_code rc = OK;
    while (rc == OK) {
        const char *name = NULL;
        struct str data;
        str_init(&data, MEMORY_MAX);
        rc = coverage_next(&stream, a, &name, &data, NULL);
        assert(stream.at <= size && data.length <= size);
        assert(rc != OK || (name != NULL && name[0] != '\0') || size > 0);
        str_done(&data);
    }
}

static void read_gcov(const char *bytes, size_t size)
{
    int64_t counts[LINES + 1];
    struct coverage_file file = {.name = "a.c", .counts = counts, .n_counts = LINES};
    for (size_t i = 0; i <= LINES; i++)
        counts[i] = -1;
    (void)!coverage_read_gcov(bytes, size, &file, NULL);
    assert(counts[0] == -1 && counts[LINES] == -1);
    for (size_t i = 0; i < LINES; i++)
        assert(counts[i] >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    arena_init(&a, MEMORY_MAX);
    read_stream((const char *)data, size, &a);
    read_gcov((const char *)data, size);
    arena_done(&a);
    return 0;
}
