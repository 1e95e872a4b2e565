/* What is known of each byte and word of global memory: whether somebody wrote it, and who touched
 * it last. Sparse: pages appear when they are asked for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "grader/vgpu/exec/memory.h"

enum check_touch { CHECK_UNTOUCHED, CHECK_PLAIN, CHECK_VOLATILE, CHECK_ATOMIC };

/* One access of one thread. 24 bytes; there are three per word. */
struct check_toucher {
    uint32_t actor; /* block of a launch, or copy: see actors.h; 0: none */
    uint32_t pc;
    uint32_t epoch;  /* of barriers; counts over all blocks */
    uint32_t step;   /* of its warp's synchronisations */
    uint32_t fences; /* of its block so far */
    uint16_t thread; /* in its block */
    uint8_t bytes;   /* of the word, a bit each */
    uint8_t touch;   /* enum check_touch */
};

/* `read` is the newest reader, `other` the newest one of another warp or block than that. */
struct check_cell {
    struct check_toucher write, read, other;
};

struct check_shadow;

struct check_shadow *check_shadow_new(void); /* NULL: no memory */
void check_shadow_free(struct check_shadow *s);

/* The cell of the word at address & ~3. NULL: no memory, or more than CHECK_CELLS_MAX are in use
 * (then check_shadow_full() is true). */
struct check_cell *check_shadow_cell(struct check_shadow *s, uint64_t address);
bool check_shadow_full(const struct check_shadow *s);

void check_shadow_set(struct check_shadow *s, uint64_t address, uint64_t bytes);
void check_shadow_unset(struct check_shadow *s, uint64_t address, uint64_t bytes);
bool check_shadow_is_set(struct check_shadow *s, uint64_t address, uint32_t bytes);
/* Forgets who touched the range: it was freed, or belongs to somebody new. */
void check_shadow_forget(struct check_shadow *s, uint64_t address, uint64_t bytes);
