/* class: reply */
/* lab: 0.9 */
/* verdict: runtime_error or time_limit */
/* Jumps into a frame that is gone. */
#include "lab.h"
#include <setjmp.h>

static jmp_buf home;

__attribute__((constructor)) static void before_main(void)
{
    if (setjmp(home) != 0)
        for (;;)
            ;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    longjmp(home, 1);
    return y != NULL ? n : 0;
}
