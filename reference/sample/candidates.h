/* Candidates for the next token, and their order.
 *
 * Order is by logit, the greatest first; of equal ones the lower id comes first, which llama.cpp
 * leaves open. A NaN counts as less than -infinity. The struct is llama_token_data_array of
 * include/llama.h in llama.cpp. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ref_candidate {
    int32_t id;
    float logit;
    float p; /* what the last sampler that needed it has computed */
};

struct ref_candidates {
    struct ref_candidate *data; /* the caller's */
    size_t size;
    int64_t selected; /* an index of data, -1: none yet */
    bool sorted;      /* data is in order */
};

/* Candidates 0..n-1 with these logits, none selected. data (n) is the caller's. */
struct ref_candidates ref_candidates_from(const float *logits, size_t n,
                                          struct ref_candidate *data);

/* True if a comes before b. */
bool ref_candidate_before(const struct ref_candidate *a, const struct ref_candidate *b);

/* The greatest logit, -infinity if all are NaN or there are none. */
float ref_candidates_max(const struct ref_candidates *c);

/* exp(logit - max) in float, 1 for max itself, also where that is infinite; 0 for a NaN. */
float ref_candidate_weight(float logit, float max);

/* p = weight / sum of the weights, in float, in the order of data. Returns the sum. */
float ref_candidates_softmax(struct ref_candidates *c);

/* Brings the k first ones in order to the front, in order; the others follow in any order. Takes
 * O(size log k) at most. */
void ref_candidates_select(struct ref_candidates *c, size_t k);

/* Orders all of them. */
void ref_candidates_sort(struct ref_candidates *c);

/* Orders data by p, the least first; of equal ones the greater logit comes first. */
void ref_candidates_sort_by_p(struct ref_candidates *c);
