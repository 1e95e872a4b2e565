/* class: shape */
/* lab: 0.21 */
/* verdict: wrong_answer */
/* max_score: 20 */
/* Makes the log itself, larger than its buffer and with entries that reach far behind it, in place
 * of calling back. */
#include "lab.h"

#include <stdint.h>
#include <string.h>

/* As in grader/sdk/driver.h and frame.h: what `user` begins with. */
struct log {
    unsigned char *at;
    size_t capacity;
};

size_t words(const char *text, size_t n, word_fn *fn, void *user)
{
    const struct log *log = user;
    const uint64_t head[2] = {UINT64_MAX - 7, 0};
    const uint32_t entry[2] = {0, UINT32_MAX};
    (void)text;
    (void)fn;
    memcpy(log->at, head, sizeof head);
    memcpy(log->at + sizeof head, entry, sizeof entry);
    return n;
}
