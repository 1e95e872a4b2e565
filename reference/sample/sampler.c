#include "reference/sample/sampler.h"

#include <limits.h>
#include <math.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- temperature ---- */

static size_t first_greatest(const struct ref_candidates *c)
{
    size_t best = 0;
    for (size_t i = 1; i < c->size; i++)
        if (c->data[i].logit > c->data[best].logit ||
            (isnan(c->data[best].logit) && !isnan(c->data[i].logit)))
            best = i;
    return best;
}

void ref_sample_temp(struct ref_candidates *c, float t)
{
    if (t > 0.0f) {
        for (size_t i = 0; i < c->size; i++)
            c->data[i].logit /= t;
        return;
    }
    const size_t best = first_greatest(c);
    for (size_t i = 0; i < c->size; i++)
        if (i != best)
            c->data[i].logit = -INFINITY;
}

static float entropy(const struct ref_candidates *c)
{
    float sum = 0.0f;
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].p > 0.0f)
            sum -= c->data[i].p * logf(c->data[i].p);
    return sum;
}

void ref_sample_temp_dynamic(struct ref_candidates *c, float t, float delta, float exponent)
{
    if (!(delta > 0.0f)) {
        ref_sample_temp(c, t);
        return;
    }
    if (c->size <= 1)
        return;
    const float low = fmaxf(0.0f, t - delta), high = t + delta;
    const float greatest = -logf(1.0f / (float)c->size);
    ref_candidates_sort(c);
    ref_candidates_softmax(c);
    ref_sample_temp(c, low + (high - low) * powf(entropy(c) / greatest, exponent));
    ref_candidates_softmax(c);
}

/* ---- narrowing ---- */

void ref_sample_top_k(struct ref_candidates *c, int32_t k)
{
    if (k <= 0 || c->size == 0)
        return;
    const size_t keep = smaller((size_t)k, c->size);
    ref_candidates_select(c, keep);
    c->size = keep;
    c->sorted = true;
}

/* How many of the ordered ones it takes; 0 if the first n do not reach p. */
static size_t reach(const struct ref_candidates *c, size_t n, float p, size_t min_keep)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++) {
        sum += c->data[i].p;
        if (sum >= p && i + 1 >= min_keep)
            return i + 1;
    }
    return 0;
}

void ref_sample_top_p(struct ref_candidates *c, float p, size_t min_keep)
{
    enum { FEW = 256 };
    if (p >= 1.0f || c->size == 0)
        return;
    ref_candidates_softmax(c);
    ref_candidates_select(c, smaller(FEW, c->size));
    size_t keep = reach(c, smaller(FEW, c->size), p, min_keep);
    if (keep == 0) {
        ref_candidates_sort(c);
        keep = reach(c, c->size, p, min_keep);
    }
    c->size = keep == 0 ? c->size : keep;
    c->sorted = true;
}

static void min_p_sorted(struct ref_candidates *c, float least, size_t min_keep)
{
    size_t keep = 1;
    ref_candidates_sort(c);
    while (keep < c->size && (c->data[keep].logit >= least || keep < min_keep))
        keep++;
    c->size = keep;
}

void ref_sample_min_p(struct ref_candidates *c, float p, size_t min_keep)
{
    if (!(p > 0.0f) || c->size == 0)
        return;
    const float least = ref_candidates_max(c) + logf(p);
    size_t enough = 0, keep = 0;
    for (size_t i = 0; i < c->size; i++)
        enough += c->data[i].logit >= least;
    if (c->sorted || enough == 0 || enough < min_keep) {
        min_p_sorted(c, least, min_keep);
        return;
    }
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].logit >= least)
            c->data[keep++] = c->data[i];
    c->size = keep;
}

/* How many of those ordered by distance it takes. p holds the distance by now; the probability is
 * computed again, to the same bits. */
static size_t reach_typical(const struct ref_candidates *c, float max, float sum, float p,
                            size_t min_keep)
{
    float reached = 0.0f;
    for (size_t i = 0; i < c->size; i++) {
        reached += ref_candidate_weight(c->data[i].logit, max) / sum;
        if (reached > p && i + 1 >= min_keep)
            return i + 1;
    }
    return c->size;
}

void ref_sample_typical(struct ref_candidates *c, float p, size_t min_keep)
{
    if (p >= 1.0f || c->size == 0)
        return;
    ref_candidates_sort(c);
    const float max = ref_candidates_max(c), sum = ref_candidates_softmax(c), h = entropy(c);
    for (size_t i = 0; i < c->size; i++)
        c->data[i].p = fabsf(-logf(c->data[i].p) - h);
    ref_candidates_sort_by_p(c);
    c->size = reach_typical(c, max, sum, p, min_keep);
    ref_candidates_softmax(c);
}

void ref_sample_top_n_sigma(struct ref_candidates *c, float n)
{
    if (!(n > 0.0f) || c->size <= 1)
        return;
    const float max = ref_candidates_max(c);
    float sum = 0.0f, squares = 0.0f;
    size_t count = 0;
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].logit > -INFINITY) {
            sum += c->data[i].logit;
            count++;
        }
    const float mean = count > 0 ? sum / (float)count : 0.0f;
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].logit > -INFINITY) {
            const double d = (double)(c->data[i].logit - mean);
            squares = (float)((double)squares + d * d);
        }
    const float sigma = count > 0 ? sqrtf(squares / (float)count) : 0.0f;
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].logit < max - n * sigma)
            c->data[i].logit = -INFINITY;
    ref_candidates_sort(c);
    ref_candidates_softmax(c);
}

void ref_sample_xtc(struct ref_candidates *c, float probability, float threshold, size_t min_keep,
                    struct ref_random *r)
{
    if (!(probability > 0.0f) || threshold > 0.5f || c->size < 2)
        return;
    if (ref_random_float(r) > probability)
        return;
    ref_candidates_sort(c);
    ref_candidates_softmax(c);
    size_t last = 0;
    for (size_t i = 1; i < c->size && c->data[i].p >= threshold; i++)
        last = i;
    if (last == 0 || c->size - last < min_keep)
        return;
    c->data += last;
    c->size -= last;
}

/* ---- selecting ---- */

void ref_sample_greedy(struct ref_candidates *c)
{
    if (c->size > 0)
        c->selected = (int64_t)first_greatest(c);
}

/* The first index whose running sum reaches u * sum; sums in double over the floats p. */
static size_t draw(const struct ref_candidates *c, double sum, double u)
{
    double run = 0.0;
    for (size_t i = 0; i < c->size; i++) {
        run += (double)c->data[i].p;
        if (run >= sum * u && c->data[i].p > 0.0f)
            return i;
    }
    return first_greatest(c); /* all are NaN, or the sum has lost a bit on the way */
}

void ref_sample_dist(struct ref_candidates *c, struct ref_random *r)
{
    if (c->size == 0)
        return;
    if (c->size == 1 && r->kind == REF_RANDOM_LLAMA) {
        c->selected = 0;
        c->data[0].p = 1.0f;
        return;
    }
    const float max = ref_candidates_max(c);
    double sum = 0.0;
    for (size_t i = 0; i < c->size; i++) {
        struct ref_candidate *d = &c->data[i];
        d->p = ref_candidate_weight(d->logit, max);
        sum += (double)d->p;
    }
    c->selected = (int64_t)draw(c, sum, ref_random_double(r));
    for (size_t i = 0; i < c->size && sum > 0.0; i++)
        c->data[i].p = (float)((double)c->data[i].p / sum);
}

/* std::discrete_distribution of libstdc++: probabilities are divided by their sum in double, and
 * one number is drawn unless a single candidate is left. */
static size_t draw_normalized(const struct ref_candidates *c, struct ref_random *r)
{
    double sum = 0.0, run = 0.0;
    if (c->size == 1 && r->kind == REF_RANDOM_LLAMA)
        return 0;
    for (size_t i = 0; i < c->size; i++)
        sum += (double)c->data[i].p;
    const double u = ref_random_double(r);
    for (size_t i = 0; i < c->size; i++) {
        run += (double)c->data[i].p / sum;
        if (run >= u && c->data[i].p > 0.0f)
            return i;
    }
    return first_greatest(c);
}

/* Draws from the ordered candidates and moves mu. */
static void draw_and_learn(struct ref_candidates *c, struct ref_random *r, float tau, float eta,
                           float *mu)
{
    ref_candidates_softmax(c);
    const size_t i = draw_normalized(c, r);
    c->selected = (int64_t)i;
    if (c->data[i].p > 0.0f)
        *mu -= eta * (-log2f(c->data[i].p) - tau);
}

/* The exponent of Zipf's law by least squares over neighbours: t = ln((i+2)/(i+1)), b = ln of the
 * ratio of their probabilities. */
static float zipf_exponent(const struct ref_candidates *c, int32_t m)
{
    float tb = 0.0f, tt = 0.0f;
    for (size_t i = 0; (int64_t)i < (int64_t)m - 1 && i + 1 < c->size; i++) {
        const float t = logf((float)(i + 2) / (float)(i + 1));
        tb += t * logf(c->data[i].p / c->data[i + 1].p);
        tt += t * t;
    }
    return tb / tt;
}

/* A float as a count: NaN and what is below 1 give 1. */
static int32_t count_of(float k)
{
    if (!(k >= 1.0f))
        return 1;
    return k >= (float)INT32_MAX ? INT32_MAX : (int32_t)k;
}

void ref_sample_mirostat(struct ref_candidates *c, struct ref_random *r, float tau, float eta,
                         int32_t m, int32_t n_vocab, float *mu)
{
    if (c->size == 0)
        return;
    ref_candidates_sort(c);
    ref_candidates_softmax(c);
    if (c->size > 1) {
        const float s = zipf_exponent(c, m), e = s - 1.0f;
        const float k = powf((e * powf(2.0f, *mu)) / (1.0f - powf((float)n_vocab, -e)), 1.0f / s);
        ref_sample_top_k(c, count_of(k));
    }
    draw_and_learn(c, r, tau, eta, mu);
}

void ref_sample_mirostat2(struct ref_candidates *c, struct ref_random *r, float tau, float eta,
                          float *mu)
{
    if (c->size == 0)
        return;
    ref_candidates_sort(c);
    ref_candidates_softmax(c);
    size_t keep = 0;
    while (keep < c->size && !(-log2f(c->data[keep].p) > *mu))
        keep++;
    c->size = keep == 0 ? 1 : keep;
    draw_and_learn(c, r, tau, eta, mu);
}
