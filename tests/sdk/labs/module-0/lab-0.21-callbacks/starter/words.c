#include "lab.h"

size_t words(const char *text, size_t n, word_fn *fn, void *user)
{
    (void)text;
    (void)n;
    (void)fn;
    (void)user;
    return 0;
}
