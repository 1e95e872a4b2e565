/* How much a compile cache holds, and what goes when it is full. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* An entry counts as this much at least, so that the number of entries is bounded too. */
enum { COMPILE_ROOM_LEAST = 16 * 1024 };

/* Makes room in the folder `dir` for an entry of `size` bytes: over `max`, the entries used longest
 * ago go until an eighth of it is free. The sum is kept in dir/usage under a lock and never too
 * low: what is replaced or lost is counted until the next eviction counts anew. ERR_IO, ERR_NOMEM.
 */
MUST_CHECK enum err_code compile_room_make(int dir, int64_t size, int64_t max, struct err *why);
