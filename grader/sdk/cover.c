/* Linked with a solution whose coverage is measured. A cell has no files, so gcc's own way to write
 * counts does not work there: -fprofile-info-section lists them in a section (GCC manual,
 * "Instrumentation Options"; libgcov's gcov.h), and they go to a descriptor. */
#include "cover.h"

#include <gcov.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct gcov_info *const __start_graded_gcov[];
extern const struct gcov_info *const __stop_graded_gcov[];

static void put(const void *bytes, unsigned size)
{
    while (size > 0) {
        const ssize_t n = write(COVER_FD, bytes, size);
        if (n <= 0)
            _exit(105);
        bytes = (const char *)bytes + n;
        size -= (unsigned)n;
    }
}

static void put_piece(const void *bytes, unsigned size, void *context)
{
    const uint32_t length = size;
    (void)context;
    if (size == 0)
        return;
    put(&length, sizeof length);
    put(bytes, size);
}

static void put_name(const char *name, void *context)
{
    put_piece(name, (unsigned)strlen(name), context);
}

static void *allocate(unsigned size, void *context)
{
    (void)context;
    return malloc(size);
}

__attribute__((destructor)) static void tell_counts(void)
{
    static const uint32_t end = 0;
    for (const struct gcov_info *const *i = __start_graded_gcov; i != __stop_graded_gcov; i++) {
        __gcov_info_to_gcda(*i, put_name, put_piece, allocate, NULL);
        put(&end, sizeof end);
    }
}
