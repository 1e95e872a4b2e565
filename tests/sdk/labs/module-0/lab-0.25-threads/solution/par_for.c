#include "lab.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS_MAX = 8 };

struct loop {
    size_t n;
    void (*fn)(void *user, size_t i);
    void *user;
    pthread_mutex_t gate; /* held until all threads are there */
    int off;              /* one is missing: nobody starts */
    _Atomic size_t next;
};

static void *work(void *argument)
{
    struct loop *l = argument;
    pthread_mutex_lock(&l->gate);
    const int off = l->off;
    pthread_mutex_unlock(&l->gate);
    for (size_t i; !off && (i = l->next++) < l->n;)
        l->fn(l->user, i);
    return NULL;
}

int par_for(size_t n, int threads, void (*fn)(void *user, size_t i), void *user)
{
    struct loop l = {.n = n, .fn = fn, .user = user, .gate = PTHREAD_MUTEX_INITIALIZER};
    pthread_t others[THREADS_MAX];
    int made = 0;
    pthread_mutex_lock(&l.gate);
    while (made < threads - 1 && pthread_create(&others[made], NULL, work, &l) == 0)
        made++;
    l.off = made < threads - 1;
    pthread_mutex_unlock(&l.gate);
    work(&l);
    for (int i = 0; i < made; i++)
        pthread_join(others[i], NULL);
    return l.off ? -1 : 0;
}
