/* class: reply */
/* lab: 0.9 */
/* verdict: wrong_answer */
/* A handler that jumps back, as if nothing had happened. */
#include "lab.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf back;

static void jump(int number)
{
    siglongjmp(back, number);
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    signal(SIGSEGV, jump);
    if (sigsetjmp(back, 1) == 0)
        *(volatile int *)8 = 1;
    return y != NULL ? n : 0;
}
