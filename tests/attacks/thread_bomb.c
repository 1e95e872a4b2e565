/* class: shape */
/* lab: 0.25 */
/* verdict: wrong_answer or runtime_error or time_limit */
/* max_score: 60 */
/* As many threads as it can get, which never end and use all the time that there is. */
#include "lab.h"

#include <pthread.h>

static void *spin(void *argument)
{
    for (volatile unsigned i = 0;; i++)
        ;
    return argument;
}

int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user)
{
    pthread_t thread;
    (void)threads;
    while (pthread_create(&thread, NULL, spin, NULL) == 0)
        ;
    for (size_t i = 0; i + 1 < n; i++)
        fn(user, i);
    return 0;
}
