/* A cache of 128-byte lines with four 32-byte sectors each, set-associative, least recently used
 * line out. It knows which sectors it holds, not their bytes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cost_cache;

/* `bytes` are rounded down to whole sets of `ways` lines; at least one set. ERR_NOMEM. */
MUST_CHECK enum err_code cost_cache_new(struct cost_cache **ret, uint64_t bytes, unsigned ways,
                                        struct err *why);
void cost_cache_free(struct cost_cache *c);
/* Empties it, and for `bytes` at most what it was made with. In no time. */
void cost_cache_reset(struct cost_cache *c, uint64_t bytes);

/* Reads or writes a sector (address / 32) and brings it in. `ret_written` gets the dirty sectors
 * of the line that had to go. Returns whether the sector was there. */
bool cost_cache_touch(struct cost_cache *c, uint64_t sector, bool write, unsigned *ret_written);
/* Whether it is there; changes nothing. */
bool cost_cache_holds(const struct cost_cache *c, uint64_t sector);
/* Dirty sectors that are still to be written back; they are clean afterwards. */
uint64_t cost_cache_flush(struct cost_cache *c);
