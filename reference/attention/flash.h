/* ref_attention() at the speed of the machine, which is that of gemm.h: 64 queries, of all heads
 * that share keys, walk over tiles of 64 keys. A tile of scores is a small matrix product, its
 * weights times the values another; the running softmax in between changes nothing but the scale.
 * Never more than one tile of scores is held, tiles that nobody of the block sees are skipped, and
 * what a tile's last keys are that nobody sees. (Dao: FlashAttention-2, 2023.)
 *
 * Where a key is hidden its value is multiplied by 0, so unlike there it must be finite: clear a
 * cache before its first use. Within rounding of the definition: |flash - truth| <= 2^-20 * max |v|
 * for scores below 100. */
#pragma once

#include "reference/attention/attention.h"
#include "reference/quant/kernels.h"
#include "reference/tensor/rows.h"

enum {
    REF_FLASH_ROWS = 64, /* of a block: a row is one head of one query */
    REF_FLASH_KEYS = 64, /* of a tile */
};

/* Floats of scratch, which begins at a multiple of 64 bytes. The shape was checked. */
size_t ref_flash_scratch(const struct ref_attention *a);

/* Arguments as of ref_attention(); both tables are of one instruction set that this machine has. */
void ref_flash(const struct ref_row_kernels *rows, const struct ref_quant_kernels *quant,
               const struct ref_attention *a, const float *q, size_t n_q, const void *k,
               const void *v, size_t n_kv, const float *mask, float *scratch, float *ret_out);
