/* class: reply */
/* lab: 0.9 */
/* verdict: time_limit */
/* Blocks and ignores every signal there is. */
#include "lab.h"
#include <signal.h>

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 1; i < 65; i++)
        signal(i, SIG_IGN);
    for (;;)
        ;
    return 0;
}
