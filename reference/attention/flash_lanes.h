/* The text of flash_avx2.c, flash_avx512.c and flash_neon.c: RUNG is the table, RUNG_ISA its
 * instruction set. */
#include <math.h>

#include "reference/attention/flash_rungs.h"
#include "reference/tensor/lanes.h"

static lanes capped(lanes score, float softcap)
{
    return softcap * lanes_tanh(score / softcap);
}

static lanes hidden_by(lanes mask, lanes score)
{
    const lanes nothing = lanes_all(-INFINITY);
    return lanes_choose(mask == nothing, nothing, score + mask);
}

/* The scores as they count, in place of those that came; returns the highest. A NaN is not seen
 * here: its weight is NaN too, and spoils the sum and all values. */
static lanes highest(float *s, const float *mask, size_t n_keys, size_t wide, float softcap,
                     lanes high)
{
    if (softcap <= 0 && mask == NULL) {
        for (size_t j = 0; j < n_keys; j++)
            high = lanes_max(lanes_load(s + j * wide), high);
        return high;
    }
    for (size_t j = 0; j < n_keys; j++) {
        lanes score = lanes_load(s + j * wide);
        if (softcap > 0)
            score = capped(score, softcap);
        if (mask != NULL)
            score = hidden_by(lanes_load(mask + j * wide), score);
        lanes_store(s + j * wide, score);
        high = lanes_max(score, high);
    }
    return high;
}

static void weigh_lanes(const struct ref_flash_panel *panel, size_t i, float *s, const float *mask,
                        size_t n_keys, float softcap, size_t d_v)
{
    const lanes old = lanes_load(panel->max + i);
    const lanes max = highest(s, mask, n_keys, panel->wide, softcap, old);
    /* Who saw nothing yet is relative to 0: -INFINITY - -INFINITY would be NaN. */
    const lanes base = lanes_choose(max == lanes_all(-INFINITY), lanes_all(0), max);
    const lanes shrink = lanes_exp(old - base);
    lanes sum = lanes_load(panel->sum + i) * shrink;
    for (size_t j = 0; j < n_keys; j++) {
        const lanes weight = lanes_exp(lanes_load(s + j * panel->wide) - base);
        lanes_store(s + j * panel->wide, weight);
        sum += weight;
    }
    lanes_store(panel->max + i, max);
    lanes_store(panel->sum + i, sum);
    if (lanes_highest(1.0f - shrink) > 0) /* seldom, after the first tiles */
        for (size_t e = 0; e < d_v; e++) {
            float *acc = panel->acc + e * panel->wide + i;
            lanes_store(acc, lanes_load(acc) * shrink);
        }
}

static void weigh(const struct ref_flash_panel *panel, float *s, const float *mask, size_t n_keys,
                  float softcap, size_t d_v)
{
    for (size_t i = 0; i < panel->wide; i += LANES)
        weigh_lanes(panel, i, s + i, mask != NULL ? mask + i : NULL, n_keys, softcap, d_v);
}

static bool is_open(const float *mask, size_t n)
{
    lanes most = lanes_all(0), least = most;
    size_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        most = lanes_max(most, lanes_load(mask + j));
        least = lanes_min(least, lanes_load(mask + j));
    }
    const lanes rest = lanes_load_some(mask + j, n - j, 0);
    return lanes_highest(lanes_max(most, rest) - lanes_min(least, rest)) == 0;
}

static bool is_hidden(const float *mask, size_t n)
{
    lanes most = lanes_all(-INFINITY);
    size_t j = 0;
    for (; j + LANES <= n; j += LANES)
        most = lanes_max(most, lanes_load(mask + j));
    return lanes_highest(lanes_max(most, lanes_load_some(mask + j, n - j, -INFINITY))) == -INFINITY;
}

const struct ref_flash_rung RUNG = {RUNG_ISA, weigh, is_open, is_hidden};
