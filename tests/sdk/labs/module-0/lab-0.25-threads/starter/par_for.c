#include "lab.h"

int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user)
{
    (void)n;
    (void)threads;
    (void)fn;
    (void)user;
    return 0;
}
