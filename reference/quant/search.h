/* The searches behind the K-quants: of about twenty trial scales the one with the least weighted
 * error. Simply spreading the codes over [min, max] costs a sixth to a quarter more error.
 *
 * All sums are floats in index order and every comparison is strict, so that the choice among
 * nearly equal candidates is ggml's (make_qkx2_quants, make_qx_quants, make_q3_quants and
 * make_qp_quants in ggml's src/ggml-quants.c; make_qkx3_quants there is make_qkx2_quants with other
 * trials). Private to this folder. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { REF_SEARCH_MAX = 32 }; /* weights in a group, at most */

/* Groups below this are zero. */
#define REF_SEARCH_EPSILON 1e-15f

/* x to the nearest integer, halves to even; |x| <= 4194303. Other x give some integer of at most 23
 * bits, never an undefined conversion. */
int ref_nearest_int(float x);

/* Trial t = 0..last spreads the codes by (first + t * step + largest) / (max - min), where min is
 * the one of the best trial so far, at first that of x. Errors count by magnitude or squared. */
struct ref_search_trials {
    float first, step;
    int last;
    bool magnitude;
};

/* The trials of every format that is quantised with importance weights. */
static const struct ref_search_trials ref_search_important = {-0.9f, 0.05f, 36, false};

/* Fits x ~= scale * code - min with codes 0..largest and min >= 0.
 *   x, weight  (n)  1 <= n <= REF_SEARCH_MAX; weights not negative
 *   ret_codes  (n)
 * Returns the scale; 0 where no x exceeds min(x[0], ..., 0), then x is -min everywhere. */
float ref_search_affine(int n, int largest, const float *x, const float *weight,
                        const struct ref_search_trials *trials, uint8_t *ret_codes, float *ret_min);

/* Fits x ~= scale * (code - half) with codes 0..2*half-1.
 *   weight  (n)  or NULL for x^2
 * Returns the scale, which may be negative; 0 and codes 0 for a group of zeros. */
float ref_search_symmetric(int n, int half, const float *x, const float *weight,
                           uint8_t *ret_codes);

/* The same with the weights x^2, by another way: not several scales, but one code at a time moved
 * to where it fits best, up to five times round. */
float ref_search_by_moves(int n, int half, const float *x, uint8_t *ret_codes);

/* Fits x ~= scale * code with codes 0..largest, for x >= 0: scales and minima themselves. First
 * nine scales, then moves as above. Returns the scale; 0 and codes 0 for a group of zeros. */
float ref_search_positive(int n, int largest, const float *x, const float *weight,
                          uint8_t *ret_codes);
