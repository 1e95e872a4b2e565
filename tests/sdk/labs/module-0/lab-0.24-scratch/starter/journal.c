#include "lab.h"

int journal_append(const char *path, const void *record, uint32_t n)
{
    (void)path;
    (void)record;
    (void)n;
    return 0;
}
