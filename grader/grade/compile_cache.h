/* Compile results, kept by content: equal sources, flags, lab and compiler give an equal image, so
 * it is compiled once. docs/decisions says what it costs to trust that.
 *
 *     DIR/compile/ab/abcdef...   an entry, named by its key in hex
 *     DIR/compile/usage          8 bytes: how much there is, under a lock
 *
 * Only a grader writes here, only what came out of a build cell. The folder is the user's own, mode
 * 0700, or it is not used; an entry is a regular file of the same user, opened without following
 * links, whole by its checksum, or it is removed and counts as a miss. Any number of graders may
 * use one folder at once: an entry appears by rename, and a reader that has it open keeps it.
 *
 * Nothing is synced: what a power cut tears fails its checksum. */
#pragma once

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    COMPILE_SAID_MAX = 1 << 20,   /* bytes that a compiler may print */
    COMPILE_IMAGE_MAX = 64 << 20, /* bytes of an executable */
    COMPILE_KEY_SIZE = 32,
};
#define COMPILE_CACHE_BYTES ((int64_t)1 << 30) /* what a folder holds unless told otherwise */

/* A key is the BLAKE2b of all that a result depends on: a list of byte strings, each behind its
 * length, so that no two lists run together. */
struct compile_key {
    uint8_t bytes[COMPILE_KEY_SIZE];
};
struct compile_hash {
    crypto_generichash_state state;
};
void compile_hash_init(struct compile_hash *h);
void compile_hash_add(struct compile_hash *h, const void *bytes, size_t size);
void compile_hash_add_text(struct compile_hash *h, const char *text); /* NULL is not "" */
void compile_hash_done(struct compile_hash *h, struct compile_key *ret);

struct compile_result {
    bool compiled; /* false: the sources are wrong, and image_fd is -1 */
    int64_t wall_us, cpu_us, peak_bytes;
    const char *said; /* by the compiler; a stranger's words */
    size_t said_size;
    int image_fd; /* a sealed memfd, the caller's */
};

/* A cache fails no grading: without it all is a miss and nothing is kept. */
struct compile_cache {
    int dir; /* DIR/compile; -1: there is none */
    int64_t max_bytes;
    struct err trouble; /* what went wrong first; its code is OK where nothing did */
};

/* Makes the folder where it is missing. `dir` NULL: no cache is wanted. Trouble: ERR_INVALID where
 * the folder is not the user's alone, ERR_IO. */
void compile_cache_open(struct compile_cache *ret, const char *dir, int64_t max_bytes);
void compile_cache_close(struct compile_cache *c);

/* False: a miss. `said` is the arena's. A hit is the youngest again. */
bool compile_cache_get(const struct compile_cache *c, const struct compile_key *key,
                       struct arena *a, struct compile_result *ret);

/* Keeps it; where there is no room the entries used longest ago go first. One that would take an
 * eighth of the room is not kept, which is no trouble. */
void compile_cache_put(struct compile_cache *c, const struct compile_key *key,
                       const struct compile_result *result);
