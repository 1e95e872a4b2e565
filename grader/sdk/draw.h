/* For check.c: what cases are made of. Everything comes from a lab_rng, usually check_rng(k), so
 * the same seed draws the same case on every machine.
 *
 *     float *x = check_alloc(k, n * sizeof *x);
 *     draw_floats(check_rng(k), DRAW_OUTLIERS, x, n);
 *     check_case(k, "%zu weights, %s", n, draw_name(DRAW_OUTLIERS));        (before the draw)
 *
 * A group that runs over all kinds finds more than one that repeats a single kind. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grader/sdk/lab_rng.h"

/* ---- one value ---- */

uint32_t draw_below(lab_rng *r, uint32_t n); /* 0 to n - 1, each as likely; n >= 1 */
int64_t draw_between(lab_rng *r, int64_t low, int64_t high); /* both included; low <= high */
bool draw_chance(lab_rng *r, double p);
double draw_uniform(lab_rng *r, double low, double high); /* low included, high not */
double draw_normal(lab_rng *r);                           /* mean 0, deviation 1 */
double draw_laplace(lab_rng *r); /* mean 0, deviation sqrt 2: heavy tails */

/* ---- floats ---- */

enum draw_kind {
    DRAW_UNIFORM,   /* in [-1, 1) */
    DRAW_NORMAL,    /* mean 0, deviation 1 */
    DRAW_LAPLACE,   /* mean 0, deviation sqrt 2 */
    DRAW_OUTLIERS,  /* normal, and about one in 64 is 32 times as large */
    DRAW_INTEGERS,  /* whole numbers from -100 to 100 */
    DRAW_SORTED,    /* normal, ascending */
    DRAW_REVERSED,  /* normal, descending */
    DRAW_CONSTANT,  /* one normal number, n times */
    DRAW_ZEROS,     /* zeros of both signs */
    DRAW_SUBNORMAL, /* below 2^-126, of both signs */
    DRAW_WIDE,      /* any exponent of a normal float is as likely as any other */
    DRAW_FINITE_KINDS,
    /* Normal, and about one in 8 is an infinity, a NaN, a zero, the largest or smallest of its
     * sort. Not among the finite kinds that a loop runs over. */
    DRAW_SPECIAL = DRAW_FINITE_KINDS,
    DRAW_KINDS,
};
const char *draw_name(enum draw_kind kind); /* "normal with outliers" */
void draw_floats(lab_rng *r, enum draw_kind kind, float *ret, size_t n);

/* ---- order, bytes, text ---- */

void draw_bytes(lab_rng *r, void *ret, size_t n);
void draw_permutation(lab_rng *r, uint32_t *ret, size_t n); /* of 0 to n - 1 */
/* n elements of `size` bytes (at most 256) in another order. */
void draw_shuffle(lab_rng *r, void *elements, size_t n, size_t size);

/* Well-formed UTF-8, `characters` of one to four bytes, each length as likely, no control
 * characters. Returns the bytes written, at most 4 * characters; no NUL. */
size_t draw_utf8(lab_rng *r, size_t characters, char *ret);

/* A sequence that is not UTF-8 (Unicode 15, table 3-7): alone or cut continuations, overlong forms,
 * surrogates, beyond U+10FFFF. Static; `*ret_size` bytes (1 to 4). `*ret_fault` says what it is. */
const char *draw_ill_formed_utf8(lab_rng *r, size_t *ret_size, const char **ret_fault);

/* ---- sizes ---- */

/* Where loops over blocks go wrong: 0, 1, and one below, at and above block * 1, 2, 4, 8 ..., up to
 * `max`, which is always the last. Ascending, none twice. Returns how many; at most `cap`, of which
 * 200 suffice for any max. No randomness: small sizes come first in every group. */
size_t draw_border_sizes(size_t block, size_t max, size_t *ret, size_t cap);
