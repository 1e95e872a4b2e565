/* The running softmax of a panel of queries, by instruction set. Private to this folder.
 *
 * A panel is as many queries as a tile of gemm.h is high. They are the lanes: what is said of one
 * query is computed for all of them at once, and no vector is ever summed across. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reference/quant/isa.h"

struct ref_flash_panel {
    size_t wide; /* queries; a multiple of the rung's lanes */
    float *max;  /* (wide) highest score so far; -INFINITY: nothing was visible */
    float *sum;  /* (wide) of exp(score - max) */
    float *acc;  /* (d_v, wide) sum of exp(score - max) * v */
};

struct ref_flash_rung {
    enum ref_isa isa;
    /* Takes the scores of n_keys more keys: they become weights, relative to a maximum that what
     * was summed before is made relative to as well. s     (n_keys, wide) mask  (n_keys, wide) or
     * NULL; -INFINITY hides a score of any content */
    void (*weigh)(const struct ref_flash_panel *panel, float *s, const float *mask, size_t n_keys,
                  float softcap, size_t d_v);
    /* Whether a mask is all 0, or all -INFINITY. */
    bool (*is_open)(const float *mask, size_t n);
    bool (*is_hidden)(const float *mask, size_t n);
};

/* NULL where this machine does not have it. */
const struct ref_flash_rung *ref_flash_rung_for(enum ref_isa isa);

extern const struct ref_flash_rung ref_flash_avx2, ref_flash_avx512, ref_flash_neon;
