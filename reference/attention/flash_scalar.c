/* The running softmax as it reads, and the choice between the rungs. */
#include <math.h>

#include "reference/attention/flash_rungs.h"

static float score_of(float score, float mask, float softcap)
{
    if (mask == -INFINITY)
        return mask;
    return mask + (softcap > 0 ? softcap * tanhf(score / softcap) : score);
}

static void weigh_one(const struct ref_flash_panel *panel, size_t i, float *s, const float *mask,
                      size_t n_keys, float softcap, size_t d_v)
{
    const size_t wide = panel->wide;
    const float old = panel->max[i];
    float max = old, sum = 0;
    for (size_t j = 0; j < n_keys; j++) {
        s[j * wide] = score_of(s[j * wide], mask != NULL ? mask[j * wide] : 0, softcap);
        max = s[j * wide] > max ? s[j * wide] : max;
    }
    const float base = max == -INFINITY ? 0 : max, shrink = expf(old - base);
    for (size_t j = 0; j < n_keys; j++)
        sum += s[j * wide] = expf(s[j * wide] - base);
    panel->max[i] = max;
    panel->sum[i] = panel->sum[i] * shrink + sum;
    for (size_t e = 0; e < d_v; e++)
        panel->acc[e * wide + i] *= shrink;
}

static void weigh(const struct ref_flash_panel *panel, float *s, const float *mask, size_t n_keys,
                  float softcap, size_t d_v)
{
    for (size_t i = 0; i < panel->wide; i++)
        weigh_one(panel, i, s + i, mask != NULL ? mask + i : NULL, n_keys, softcap, d_v);
}

static bool is_open(const float *mask, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (mask[j] != 0)
            return false;
    return true;
}

static bool is_hidden(const float *mask, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (mask[j] != -INFINITY)
            return false;
    return true;
}

static const struct ref_flash_rung scalar = {REF_ISA_SCALAR, weigh, is_open, is_hidden};

const struct ref_flash_rung *ref_flash_rung_for(enum ref_isa isa)
{
    static const struct ref_flash_rung *const rungs[] = {
        &scalar,
#ifdef __x86_64__
        &ref_flash_avx2,
        &ref_flash_avx512,
#endif
#ifdef __aarch64__
        &ref_flash_neon,
#endif
    };
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if (rungs[i]->isa == isa && ref_isa_present(isa))
            return rungs[i];
    return NULL;
}
