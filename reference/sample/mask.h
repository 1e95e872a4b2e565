/* Which tokens may come next. All pieces are walked in the order of their bytes, so that what
 * several of them begin with is followed through the grammar once. */
#pragma once

#include "reference/sample/gbnf.h"

/* What a token adds to the text: plain bytes, as ref_piece_bytes gives them. */
struct ref_mask_piece {
    const uint8_t *bytes;
    uint32_t len;
};

enum { REF_MASK_LONGEST = 1024 }; /* bytes of a piece */

/* order (n) becomes the pieces in the order of their bytes. O(n log n), in place. */
void ref_mask_sort(const struct ref_mask_piece *piece, uint32_t n, uint32_t *order);

/* allow[i] = 1 if the text may go on by piece[i], else 0. An empty piece, and one that begins with
 * NUL, never may; those of eog may if and only if the text is a sentence.
 *   path  (REF_MASK_LONGEST + 1)  scratch
 * LIMIT: the state's memory is too small, or a piece too long; Ids of eog outside n are passed
 * over. */
MUST_CHECK enum ref_gbnf_status ref_gbnf_mask(struct ref_gbnf_state *s,
                                              const struct ref_mask_piece *piece, uint32_t n,
                                              const uint32_t *order, const int32_t *eog,
                                              uint32_t n_eog, struct ref_gbnf_mark *path,
                                              uint8_t *allow);
