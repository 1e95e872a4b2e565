/* class: shape */
/* lab: 0.21 */
/* verdict: runtime_error or wrong_answer */
/* max_score: 20 */
/* Jumps out of a later walk into the frame of the first one, which is gone: past driver and reply.
 */
#include "lab.h"

#include <setjmp.h>

static jmp_buf first;
static int walks;

size_t words(const char *text, size_t n, word_fn *fn, void *user)
{
    (void)text;
    (void)n;
    if (walks++ == 0) {
        if (setjmp(first) != 0)
            fn(user, "", 0);
        return 0;
    }
    longjmp(first, 1);
}
