#include "server/api/throttle.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, BUCKET_TRIES = 16 };

/* A bucket is one time: when it will be full again. `burst` takes push it burst * refill ahead. One
 * that is full says nothing any more, so it is free for another name. */
struct bucket {
    uint64_t name_hash;
    int64_t full_ms;
};

struct throttle {
    pthread_mutex_t lock;
    int64_t burst_ms, refill_ms;
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct bucket buckets[BUCKETS];
};

enum err_code throttle_new(unsigned burst, int64_t refill_ms, struct throttle **ret,
                           struct err *why)
{
    struct throttle *t = calloc(1, sizeof *t);
    if (t == NULL || sodium_init() < 0) {
        free(t);
        return err_set(why, ERR_NOMEM, "no memory for a throttle");
    }
    pthread_mutex_init(&t->lock, NULL);
    t->burst_ms = burst * refill_ms;
    t->refill_ms = refill_ms;
    crypto_shorthash_keygen(t->key);
    *ret = t;
    return OK;
}

void throttle_free(struct throttle *t)
{
    if (t == NULL)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* The name's own bucket, or a free one that becomes it. Where all that may be are in use, the last
 * is shared: too strict for a moment is better than growing for a stranger. */
static int64_t *bucket_of(struct throttle *t, const char *name, int64_t now_ms)
{
    uint64_t hash;
    static_assert(sizeof hash == crypto_shorthash_BYTES, "the hash fills it");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)name, strlen(name), t->key);
    struct bucket *b = NULL, *unused = NULL;
    for (uint64_t i = 0; i < BUCKET_TRIES; i++) {
        b = &t->buckets[(hash + i) % BUCKETS];
        if (b->name_hash == hash)
            return &b->full_ms;
        if (unused == NULL && b->full_ms <= now_ms)
            unused = b;
    }
    if (unused != NULL) {
        b = unused;
        *b = (struct bucket){.name_hash = hash, .full_ms = now_ms};
    }
    return &b->full_ms;
}

bool throttle_take(struct throttle *t, const char *name, int64_t now_ms, int64_t *ret_wait_ms)
{
    pthread_mutex_lock(&t->lock);
    int64_t *full_ms = bucket_of(t, name, now_ms);
    if (*full_ms < now_ms)
        *full_ms = now_ms;
    *ret_wait_ms = *full_ms + t->refill_ms - t->burst_ms - now_ms;
    const bool some_left = *ret_wait_ms <= 0;
    if (some_left)
        *full_ms += t->refill_ms;
    pthread_mutex_unlock(&t->lock);
    return some_left;
}

void throttle_give_back(struct throttle *t, const char *name, int64_t now_ms)
{
    pthread_mutex_lock(&t->lock);
    int64_t *full_ms = bucket_of(t, name, now_ms);
    if (*full_ms >= now_ms + t->refill_ms)
        *full_ms -= t->refill_ms;
    else
        *full_ms = now_ms;
    pthread_mutex_unlock(&t->lock);
}
