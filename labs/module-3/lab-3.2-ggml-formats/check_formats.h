/* The parts of lab 3.2's checker. Trusted side; shared by the check_*.c of this folder only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "grader/sdk/check.h"
#include "reference/quant/quant.h"

/* ---- check_inputs.c: rows and weights from the case's random numbers ---- */

enum weights_kind {
    WEIGHTS_NORMAL,
    WEIGHTS_UNIFORM,
    WEIGHTS_INTEGERS,
    WEIGHTS_TIES,     /* whole numbers and halves, with a power of two as the largest */
    WEIGHTS_LAPLACE,  /* heavy tails */
    WEIGHTS_OUTLIERS, /* normal, one in 64 is four times as large */
    WEIGHTS_KINDS,
};
const char *weights_name(enum weights_kind kind);

/* For cases that shrink: of `made` blocks the last ones are used, at most all. A fault in the third
 * block so shrinks to three blocks and then to one. */
size_t last_of(size_t made, int64_t wanted);

/* For cases that shrink: every scale of a row 1 and every minimum 0; of each block only the first
 * `keep` bytes as they are, the codes behind them 0. Scales always stay as they are. */
void plain_scales(uint32_t type, uint8_t *row, size_t n);
void keep_codes(uint32_t type, uint8_t *row, size_t n, size_t keep);

/* n weights; none is -0. */
void fill_weights(lab_rng *rng, enum weights_kind kind, float *ret_x, size_t n);

/* Which scales a random row has. */
enum scales_kind {
    SCALES_ANY,       /* any finite half */
    SCALES_SUBNORMAL, /* below 2^-14, either sign, zeros of both signs */
    SCALES_ORDINARY,  /* 2^-8 to 2^-1, positive: what comes back can be quantised to any type */
};

/* n weights' worth of random blocks. F32 and F16 rows get whole numbers and halves that tie. */
void fill_row(lab_rng *rng, uint32_t type, enum scales_kind kind, uint8_t *ret_row, size_t n);

/* 64 blocks of Q4_K or Q5_K in which each of the 64 scales and minima stands in each of the eight
 * places; random codes. */
void fill_all_scales(lab_rng *rng, uint32_t type, uint8_t *ret_row);

size_t row_bytes(uint32_t type, size_t n); /* asserts that n fits the type */
const char *type_name(uint32_t type);

/* The reference, for rows that it must accept. */
void truth_dequantize(uint32_t type, const void *row, float *ret_x, size_t n);
void truth_quantize(uint32_t type, const float *x, void *ret_row, size_t n);

/* -0 becomes +0: two right orders of the same products may differ in the sign of a zero. */
void canonical_zeros(float *x, size_t n);

/* ---- check_suspects.c, check_suspects_k.c: what a known mistake would have given ----
 *
 * Each compares `actual` with the results of the mistakes it knows and hints at the first one that
 * gives exactly this. Silent where none does. */
void suspect_restore(struct check *k, uint32_t type, const uint8_t *row, const float *actual,
                     size_t n);
void suspect_quantize(struct check *k, uint32_t type, const float *x, const uint8_t *actual,
                      size_t n);
void suspect_restore_k(struct check *k, uint32_t type, const uint8_t *row, const float *actual,
                       size_t n);

/* ---- the groups ---- */

void check_dq_legacy(struct check *k);
void check_dq_k(struct check *k);
void check_q_legacy(struct check *k);
void check_q_legacy_hidden(struct check *k);
void check_edges(struct check *k);
void check_q_k(struct check *k);
void check_convert(struct check *k);
void check_hygiene(struct check *k);

/* One call each, judged; `skew` moves the row away from its natural alignment. */
void judge_dequantize(struct check *k, uint32_t type, const uint8_t *row, size_t n, size_t skew);
void judge_quantize(struct check *k, uint32_t type, const float *x, size_t n, size_t skew);

/* The five formats that are compared to the byte, in the order of their ids. */
enum { N_LEGACY = 5 };
extern const uint32_t legacy_types[N_LEGACY];
