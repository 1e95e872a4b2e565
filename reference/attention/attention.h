/* Scaled dot-product attention of grouped heads over a cache of keys and values.
 *
 *     score[i][j] = scale * q_i . k_j           then cap * tanh(score / cap) where cap > 0
 *     out_i       = sum over j of softmax(score[i] + mask[i])[j] * v_j
 *
 * Query head h reads key/value head h / (heads / kv_heads): MHA where both are equal, MQA where
 * kv_heads is 1, GQA between (Ainslie and others, 2023). A query that sees nothing gets zeros,
 * where ggml's would be NaN. Layouts, slowest dimension first:
 *
 *     q (n_q, heads, d_k) float      k (n_kv, kv_heads, d_k)     out (n_q, heads, d_v) float
 *                                    v (n_kv, kv_heads, d_v)     mask (n_q, n_kv) float, or NULL
 *
 * k and v hold rows of any type of quant/quant.h; what stands in the cache is dequantised to float,
 * and products are summed in double by the definition, in float by the running softmax. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ref_attention {
    int heads, kv_heads; /* kv_heads divides heads */
    int d_k, d_v;        /* each fills whole blocks of its type */
    uint32_t type_k, type_v;
    float scale;   /* 1/sqrt(d_k) in most models */
    float softcap; /* 0: none; Gemma 2 has 50 */
};

/* ERR_INVALID: a count that is not positive, kv_heads that do not divide heads, or rows that do not
 * fill blocks. ERR_UNSUPPORTED: a type. */
MUST_CHECK enum err_code ref_attention_check(const struct ref_attention *a, struct err *why);

/* The definition. The shape was checked.
 *   scratch  (n_kv + d_k + d_v) floats */
void ref_attention(const struct ref_attention *a, const float *q, size_t n_q, const void *k,
                   const void *v, size_t n_kv, const float *mask, float *scratch, float *ret_out);

/* ---- the running softmax, to be read ----
 *
 * What FlashAttention does, one query and one head at a time in plain C: the step between the
 * definition above and flash.c, which does the same for 64 queries at once and is what a model's
 * pass calls. Also the truth for keys that are split between cores or blocks, whose parts are
 * merged: flash.h knows no parts. Slow on purpose. */
enum { REF_ATTENTION_TILE = 32 }; /* keys that are scored at once by the tiled form */

/* One part of the keys seen by one query head: what FlashAttention keeps while it walks. Parts of
 * the same query may be merged in any order, which is how decoding is split over cores
 * (Flash-Decoding). */
struct ref_attention_part {
    float max;  /* highest score so far; -INFINITY: nothing was visible */
    float sum;  /* of exp(score - max) */
    float *acc; /* (d_v) sum of exp(score - max) * v, the caller's */
};

/* Starts a part; walks n_kv keys of one kv head; merges `from` into `into`; divides by the sum.
 *   q (d_k)   k, v: of the first key, for the kv head; `k_stride`, `v_stride` bytes to the next key
 *   mask (n_kv) or NULL
 *   scratch  (REF_ATTENTION_TILE + d_k + d_v) floats
 * (Milakov, Gimelshein: Online normalizer calculation for softmax, 2018; Dao and others:
 * FlashAttention, 2022.) */
void ref_attention_part_start(struct ref_attention_part *part, int d_v);
void ref_attention_part_walk(struct ref_attention_part *part, const struct ref_attention *a,
                             const float *q, const void *k, size_t k_stride, const void *v,
                             size_t v_stride, size_t n_kv, const float *mask, float *scratch);
void ref_attention_part_merge(struct ref_attention_part *into,
                              const struct ref_attention_part *from, int d_v);
void ref_attention_part_end(const struct ref_attention_part *part, int d_v, float *ret_out);

/* ref_attention() by one part for each query and head, within rounding: float accumulators, keys in
 * order.
 *   scratch  (REF_ATTENTION_TILE + d_k + 2 * d_v) floats */
void ref_attention_tiled(const struct ref_attention *a, const float *q, size_t n_q, const void *k,
                         const void *v, size_t n_kv, const float *mask, float *scratch,
                         float *ret_out);

/* Which keys a query may see, by position: 0 where it may, else -INFINITY. */
enum ref_attention_view {
    REF_SEES_ALL,    /* encoders: every key with a position */
    REF_SEES_PAST,   /* causal: positions up to its own */
    REF_SEES_WINDOW, /* causal, and fewer than `window` back */
};
/*   q_pos (n_q), k_pos (n_kv): -1 is an empty place that nobody sees
 *   ret_mask (n_q, n_kv) */
void ref_attention_mask(enum ref_attention_view view, int32_t window, const int32_t *q_pos,
                        size_t n_q, const int32_t *k_pos, size_t n_kv, float *ret_mask);
