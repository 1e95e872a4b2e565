/* The searches behind the K-quants: of about twenty trial scales the one with the least weighted
 * squared error. Simply spreading the codes over [min, max] costs a sixth to a quarter more error.
 *
 * All sums are floats in index order and every comparison is strict, so that the choice among
 * nearly equal candidates is ggml's (make_qkx2_quants and make_qx_quants in ggml's
 * src/ggml-quants.c). */
#pragma once

#include <stdint.h>

enum { REF_SEARCH_MAX = 32 }; /* weights in a group, at most */

/* Groups below this are zero. */
#define REF_SEARCH_EPSILON 1e-15f

/* x to the nearest integer, halves to even; |x| <= 4194303. Other x give some integer of at most 23
 * bits, never an undefined conversion. */
int ref_nearest_int(float x);

/* Trial t = 0..last spreads the codes by (first + t * step + largest) / (max - min), where min is
 * the one of the best trial so far, at first that of x. */
struct ref_search_trials {
    float first, step;
    int last;
};

/* Fits x ~= scale * code - min with codes 0..largest and min >= 0.
 *   x, weight  (n)  1 <= n <= REF_SEARCH_MAX; weights positive
 *   ret_codes  (n)
 * Returns the scale; 0 where no x exceeds min(x[0], ..., 0), then x is -min everywhere. */
float ref_search_affine(int n, int largest, const float *x, const float *weight,
                        const struct ref_search_trials *trials, uint8_t *ret_codes, float *ret_min);

/* Fits x ~= scale * (code - half) with codes 0..2*half-1 and the weights x^2.
 * Returns the scale, which may be negative; 0 for a group of zeros. */
float ref_search_symmetric(int n, int half, const float *x, uint8_t *ret_codes);
