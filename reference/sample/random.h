/* Random numbers for samplers: the state is the caller's, the same seed gives the same tokens.
 *
 * COURSE is the generator of the labs, xorshift64* (S. Vigna, 2016; 12/25/27): a double is 53 bits,
 * a float 24, and every draw from a distribution takes one number, also with one candidate left.
 *
 * LLAMA gives the numbers that llama.cpp gets from std::mt19937 (M. Matsumoto, T. Nishimura, 1998)
 * through libstdc++: a double is (first + second * 2^32) / 2^64 in double, a float first / 2^32 in
 * float, either pulled below 1; with one candidate left nothing is drawn. */
#pragma once

#include <stdint.h>

enum ref_random_kind { REF_RANDOM_COURSE, REF_RANDOM_LLAMA };

enum { REF_MT19937_WORDS = 624 };
struct ref_random {
    enum ref_random_kind kind;
    uint64_t s;                       /* COURSE: never 0 */
    uint32_t word[REF_MT19937_WORDS]; /* LLAMA */
    uint32_t next;                    /* of word; REF_MT19937_WORDS: make new ones */
};

/* Seed 0 of COURSE, which has no such state, counts as 1. LLAMA takes the low 32 bits. */
void ref_random_init(struct ref_random *r, enum ref_random_kind kind, uint64_t seed);
uint32_t ref_random_u32(struct ref_random *r);
/* In [0, 1). */
double ref_random_double(struct ref_random *r);
float ref_random_float(struct ref_random *r);
