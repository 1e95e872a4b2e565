/* Blocks quantised with importance weights, for importance.c. No checks. Private to this folder.
 *   importance  one for each weight of the block
 *   sigma2      the mean square of the row's weights */
#pragma once

#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"

void ref_q4_0_important(const float x[32], const float importance[32], float sigma2,
                        struct ref_q4_0 *ret);
void ref_q4_1_important(const float x[32], const float importance[32], float sigma2,
                        struct ref_q4_1 *ret);
void ref_q5_0_important(const float x[32], const float importance[32], float sigma2,
                        struct ref_q5_0 *ret);
void ref_q5_1_important(const float x[32], const float importance[32], float sigma2,
                        struct ref_q5_1 *ret);

void ref_q2_k_important(const float x[256], const float importance[256], struct ref_q2_k *ret);
void ref_q3_k_important(const float x[256], const float importance[256], struct ref_q3_k *ret);
void ref_q4_k_important(const float x[256], const float importance[256], struct ref_q4_k *ret);
void ref_q5_k_important(const float x[256], const float importance[256], struct ref_q5_k *ret);
void ref_q6_k_important(const float x[256], const float importance[256], struct ref_q6_k *ret);
