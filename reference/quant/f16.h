/* Half precision and bfloat16, as bits. Every scale of every quantised weight goes through here.
 *
 *     binary16: sign 1, exponent 5 (bias 15), fraction 10. Largest 65504, smallest 2^-24.
 *     bfloat16: the upper half of a binary32.
 *
 * Both ways down round to the nearest, ties to even. Truth: IEEE 754-2019, 3.6 and 4.3.1; for NaN
 * ggml_compute_fp32_to_fp16 and ggml_compute_fp32_to_bf16 in ggml's src/ggml-impl.h. */
#pragma once

#include <stdint.h>

/* 65520 and more become infinite, 2^-25 and less zero; every NaN becomes 0x7E00 with its sign. */
uint16_t ref_f16_from_f32(float x);

/* Exact: every half is a float. A NaN keeps sign and payload. */
float ref_f16_to_f32(uint16_t half);

/* A NaN keeps sign and upper payload and becomes quiet. */
uint16_t ref_bf16_from_f32(float x);

/* Exact. */
float ref_bf16_to_f32(uint16_t bf16);
