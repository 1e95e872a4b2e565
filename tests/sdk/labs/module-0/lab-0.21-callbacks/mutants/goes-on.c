/* group: stops */
/* The mistake: does not listen to what the callback returns. */
#include "lab.h"

static int is_space(char c)
{
    return c == ' ' || c == '\n';
}

size_t words(const char *text, size_t n, word_fn *fn, void *user)
{
    size_t calls = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t start = i;
        while (i < n && !is_space(text[i]))
            i++;
        if (i == start)
            continue;
        calls++;
        fn(user, text + start, i - start);
    }
    return calls;
}
