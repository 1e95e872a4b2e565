/* ULIDs: 48 bits of milliseconds and 80 of chance, written in Crockford's base 32, so that they
 * sort by time as text. Within one millisecond, or when the clock goes back, the next is the last
 * one plus one: they only ever grow. (Format: github.com/ulid/spec.) */
#pragma once

#include <stdint.h>

#include "server/store/store.h"

struct ulid {
    uint64_t ms;
    uint8_t chance[10]; /* big-endian */
};

/* Moves on to the next one and writes it. Not for several threads at once. */
void ulid_next(struct ulid *u, int64_t now_ms, char ret[ID_SIZE]);

/* Whether a stranger's text has the shape of one. */
bool ulid_is(const char *text);
