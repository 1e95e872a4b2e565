/* Token buckets by name: each lets a burst through and then one more every so often. A fixed table:
 * when very many names are busy two may share a bucket. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct throttle;

MUST_CHECK enum err_code throttle_new(unsigned burst, int64_t refill_ms, struct throttle **ret,
                                      struct err *why);
void throttle_free(struct throttle *t);

/* Takes one. False: the bucket is empty, and `ret_wait_ms` is when the next one comes. */
bool throttle_take(struct throttle *t, const char *name, int64_t now_ms, int64_t *ret_wait_ms);
/* Puts one back: it was no misuse after all. */
void throttle_give_back(struct throttle *t, const char *name, int64_t now_ms);
