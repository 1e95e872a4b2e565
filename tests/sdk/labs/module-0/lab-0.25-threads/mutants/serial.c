/* group: together */
/* The mistake: one thread does it all. */
#include "lab.h"

int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user)
{
    (void)threads;
    for (size_t i = 0; i < n; i++)
        fn(user, i);
    return 0;
}
