/* ref_attention() at the speed of the machine: tiles of keys and values are brought to float once
 * for a block of queries and all heads that share them, and tiles that nobody of the block sees are
 * skipped. Never more than a tile of scores is held. (Dao: FlashAttention-2, 2023.)
 *
 * Where a key is hidden its value is multiplied by 0, so unlike there it must be finite: clear a
 * cache before its first use. Within rounding of the definition: |flash - truth| <= 2^-20 * max |v|
 * for scores below 100. */
#pragma once

#include "reference/attention/attention.h"
#include "reference/quant/kernels.h"
#include "reference/tensor/rows.h"

enum { REF_FLASH_QUERIES = 16, REF_FLASH_KEYS = 64 };

/* Floats of scratch. The shape was checked. */
size_t ref_flash_scratch(const struct ref_attention *a);

/* Arguments as of ref_attention(); both tables are of instruction sets that this machine has. */
void ref_flash(const struct ref_row_kernels *rows, const struct ref_quant_kernels *quant,
               const struct ref_attention *a, const float *q, size_t n_q, const void *k,
               const void *v, size_t n_kv, const float *mask, float *scratch, float *ret_out);
