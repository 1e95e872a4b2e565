#include "reference/tensor/rope.h"

#include <math.h>
#include <string.h>

static const double TURN = 6.28318530717958647692;

enum err_code ref_rope_check(const struct ref_rope *r, int head, struct err *why)
{
    if (r->n_rot < 0 || r->n_rot % 2 != 0 || r->n_rot > head)
        return err_set(why, ERR_INVALID,
                       "%d dimensions to rotate: expected an even number up to %d", r->n_rot, head);
    if (!(r->base > 0) || !(r->freq_scale > 0) || isinf(r->base) || isinf(r->freq_scale))
        return err_set(why, ERR_INVALID, "base %g and scale %g: expected positive numbers",
                       (double)r->base, (double)r->freq_scale);
    for (int i = 0; r->factors != NULL && i < r->n_rot / 2; i++)
        if (!(r->factors[i] > 0))
            return err_set(why, ERR_INVALID,
                           "frequency factor %d is %g: expected a positive number", i,
                           (double)r->factors[i]);
    if (r->yarn.mix != 0 && r->yarn.original_context <= 0)
        return err_set(why, ERR_INVALID, "YaRN with an original context of %d",
                       r->yarn.original_context);
    return OK;
}

/* The pair, as a real number, that turns `turns` times within the original context. */
static double pair_turning(const struct ref_rope *r, double turns)
{
    return r->n_rot * log(r->yarn.original_context / (turns * TURN)) / (2 * log((double)r->base));
}

/* 1 for pairs that keep their frequency, 0 for those that are stretched. */
static double yarn_keep(const struct ref_rope *r, int pair)
{
    const double low = fmax(0, floor(pair_turning(r, (double)r->yarn.beta_fast)));
    const double high = fmin(r->n_rot - 1, ceil(pair_turning(r, (double)r->yarn.beta_slow)));
    const double ramp = (pair - low) / fmax(0.001, high - low);
    return 1 - fmin(1, fmax(0, ramp));
}

static double yarn_magnitude(const struct ref_rope *r)
{
    if (r->yarn.mix == 0)
        return 1;
    return (double)r->yarn.attention * (1 + 0.1 * log(1 / (double)r->freq_scale));
}

static double angle_of(const struct ref_rope *r, int32_t position, int pair)
{
    double whole = position * pow((double)r->base, -2.0 * pair / r->n_rot);
    if (r->factors != NULL)
        whole /= (double)r->factors[pair];
    const double stretched = whole * (double)r->freq_scale;
    if (r->yarn.mix == 0)
        return stretched;
    const double keep = yarn_keep(r, pair) * (double)r->yarn.mix;
    return stretched * (1 - keep) + whole * keep;
}

void ref_rope_angles(const struct ref_rope *r, int32_t position, float *ret_cos, float *ret_sin)
{
    const double magnitude = yarn_magnitude(r);
    for (int i = 0; i < r->n_rot / 2; i++) {
        const double angle = angle_of(r, position, i);
        ret_cos[i] = (float)(cos(angle) * magnitude);
        ret_sin[i] = (float)(sin(angle) * magnitude);
    }
}

void ref_rope_apply(const struct ref_rope *r, float *x, int n_heads, int head, const float *cosines,
                    const float *sines)
{
    const int half = r->n_rot / 2, step = r->pairs == REF_ROPE_NORM ? 1 : half;
    for (int h = 0; h < n_heads; h++) {
        float *v = x + (size_t)h * (size_t)head;
        for (int i = 0; i < half; i++) {
            float *a = v + (r->pairs == REF_ROPE_NORM ? 2 * i : i), *b = a + step;
            const float a0 = *a, b0 = *b;
            *a = a0 * cosines[i] - b0 * sines[i];
            *b = a0 * sines[i] + b0 * cosines[i];
        }
    }
}

void ref_rope_llama3_factors(const struct ref_rope_llama3 *c, float base, int n_rot,
                             float *ret_factors)
{
    const double context = c->original_context, low = (double)c->low, high = (double)c->high;
    for (int i = 0; i < n_rot / 2; i++) {
        const double wave = TURN * pow((double)base, 2.0 * i / n_rot);
        const double keep = (context / wave - low) / (high - low); /* 1: short, 0: long */
        if (wave < context / high)
            ret_factors[i] = 1;
        else if (wave > context / low)
            ret_factors[i] = c->factor;
        else
            ret_factors[i] = (float)(1 / ((1 - keep) / (double)c->factor + keep));
    }
}

void ref_rope_permute(float *dst, const float *src, int n_heads, int head, size_t columns)
{
    for (int h = 0; h < n_heads; h++)
        for (int i = 0; i < head / 2; i++)
            for (int s = 0; s < 2; s++) {
                const size_t to = (size_t)h * (size_t)head + 2 * (size_t)i + (size_t)s;
                const size_t from =
                    (size_t)h * (size_t)head + (size_t)s * ((size_t)head / 2) + (size_t)i;
                memcpy(dst + to * columns, src + from * columns, columns * sizeof *dst);
            }
}
