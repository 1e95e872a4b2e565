/* group: each */
/* The mistake: shares of n / threads, and nobody does the rest. */
#include "lab.h"

#include <pthread.h>

struct share {
    size_t from, to;
    void (*fn)(void *user, size_t i);
    void *user;
};

static void *work(void *argument)
{
    const struct share *s = argument;
    for (size_t i = s->from; i < s->to; i++)
        s->fn(s->user, i);
    return NULL;
}

int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user)
{
    pthread_t thread[8];
    struct share share[8];
    const size_t each = n / (size_t)threads;
    for (int t = 0; t < threads; t++) {
        share[t] = (struct share){(size_t)t * each, (size_t)(t + 1) * each, fn, user};
        if (t > 0 && pthread_create(&thread[t], NULL, work, &share[t]) != 0)
            return -1;
    }
    work(&share[0]);
    for (int t = 1; t < threads; t++)
        pthread_join(thread[t], NULL);
    return 0;
}
