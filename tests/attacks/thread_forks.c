/* class: shape */
/* lab: 0.25 */
/* verdict: security_violation */
/* max_score: 0 */
/* Where threads are allowed a process may slip through. */
#include "lab.h"

#include <unistd.h>

int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user)
{
    (void)n;
    (void)threads;
    (void)fn;
    (void)user;
    return fork() < 0 ? -1 : 0;
}
