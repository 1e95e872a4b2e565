/* The table of a key/value cache: which cell holds which token of which sequences. Keys and values
 * lie elsewhere, in row `i` for cell `i`.
 *
 * A cell has one position and a set of sequences, so that a shared prompt is stored once. Cells of
 * a batch need not be neighbours, and their order means nothing: the mask is made from positions.
 * Behaviour: llama_kv_cache and llama_kv_cells in llama.cpp's src/, of one stream. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REF_KV_SEQUENCES = 64, REF_KV_ANY = -1, REF_KV_PAD = 256 };

struct ref_kv_cell {
    int32_t pos;   /* -1: empty */
    int32_t shift; /* by how much pos has moved since its key was stored */
    uint64_t seqs; /* bit s: sequence s; 0: empty */
};

struct ref_kv_token {
    int32_t pos;
    uint64_t seqs; /* at least one */
};

struct ref_kv_cells {
    struct ref_kv_cell *cells; /* the caller's */
    uint32_t n, used, head;    /* head: where the next search begins */
};

void ref_kv_init(struct ref_kv_cells *kv, struct ref_kv_cell *cells, uint32_t n);

/* Takes n empty cells, from `head` on and around the end, one for each token. Starts at 0 instead
 * where head > used + 2n: the front has probably room. False, and nothing changed, when there are
 * too few.  ret_cells (n) */
bool ref_kv_place(struct ref_kv_cells *kv, const struct ref_kv_token *tokens, uint32_t n,
                  uint32_t *ret_cells);

/* Ranges are [p0, p1): p0 < 0 stands for 0, p1 < 0 for the end. */

/* Takes a sequence (REF_KV_ANY: all) out of cells; one that belongs to nobody is empty then. */
void ref_kv_remove(struct ref_kv_cells *kv, int32_t seq, int32_t p0, int32_t p1);
/* `to` gets a share in the cells of `from`; no key is copied. */
void ref_kv_share(struct ref_kv_cells *kv, int32_t from, int32_t to, int32_t p0, int32_t p1);
/* Everything else is emptied. */
void ref_kv_keep(struct ref_kv_cells *kv, int32_t seq);
/* Moves positions by delta, in shared cells for all that share them; a cell whose position becomes
 * negative is emptied. Keys have to be turned by each cell's `shift` before they are used:
 * ref_kv_shift_keys(). */
void ref_kv_move(struct ref_kv_cells *kv, int32_t seq, int32_t p0, int32_t p1, int32_t delta);

/* -1 where a sequence has no cell. */
int32_t ref_kv_pos_min(const struct ref_kv_cells *kv, int32_t seq);
int32_t ref_kv_pos_max(const struct ref_kv_cells *kv, int32_t seq);

/* Cells that attention has to look at: up to the last used one, in steps of REF_KV_PAD so that
 * graphs keep their shape, at least one step, at most n. */
uint32_t ref_kv_extent(const struct ref_kv_cells *kv);

/* 0 where token i may see cell j: the same sequence (the lowest of the token's), not in its future,
 * and fewer than `window` positions back where that is not 0; else -INFINITY.
 *   ret_mask (n, extent) */
void ref_kv_mask(const struct ref_kv_cells *kv, const struct ref_kv_token *tokens, uint32_t n,
                 uint32_t extent, uint32_t window, float *ret_mask);

struct ref_rope;
/* Turns each moved key to its new position and forgets the shift.
 *   k        (n, kv_heads, d) float
 *   scratch  (n_rot) floats */
void ref_kv_shift_keys(struct ref_kv_cells *kv, const struct ref_rope *rope, float *k, int kv_heads,
                       int d, float *scratch);

/* Moves used cells to the front, in order. ret_from[i] is the old place of what is now cell i, for
 * i < used, so that rows can be copied in ascending order, in place.  ret_from (n) */
void ref_kv_defragment(struct ref_kv_cells *kv, uint32_t *ret_from);
