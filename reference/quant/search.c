#include "reference/quant/search.h"

#include <math.h>
#include <string.h>

#include "reference/quant/codes.h"

int ref_nearest_int(float x)
{
    /* From 2^23 to 2^24 floats are the integers: the sum rounds, the fraction's bits are the
     * answer. */
    const float shifted = x + 12582912.0f; /* 1.5 * 2^23 */
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return (int)(bits & 0x007fffff) - 0x00400000;
}

/* ---- scale and minimum ---- */

struct affine {
    int n, largest;
    bool magnitude;
    const float *x, *weight;
    float min, max;     /* of x, min at most 0 */
    float sum_w, sum_x; /* of the weights, and of weight * x */
};

static struct affine affine_begin(int n, int largest, const float *x, const float *weight)
{
    struct affine a = {n, largest, false, x, weight, x[0], x[0], weight[0], weight[0] * x[0]};
    for (int i = 1; i < n; i++) {
        a.min = x[i] < a.min ? x[i] : a.min;
        a.max = x[i] > a.max ? x[i] : a.max;
        a.sum_w += weight[i];
        a.sum_x += weight[i] * x[i];
    }
    if (a.min > 0.0f) /* the stored minimum is subtracted and has no sign */
        a.min = 0.0f;
    return a;
}

static void affine_codes(const struct affine *a, float inverse_scale, uint8_t *ret_codes)
{
    for (int i = 0; i < a->n; i++)
        ret_codes[i] =
            (uint8_t)ref_clamp(ref_nearest_int(inverse_scale * (a->x[i] - a->min)), 0, a->largest);
}

static float affine_error(const struct affine *a, const uint8_t *codes, float scale, float min)
{
    float sum = 0.0f;
    for (int i = 0; i < a->n; i++) {
        const float miss = scale * (float)codes[i] + min - a->x[i];
        sum += a->weight[i] * (a->magnitude ? fabsf(miss) : miss * miss);
    }
    return sum;
}

/* The least squares line through (code, x). False where the codes do not determine one. */
static bool affine_fit(const struct affine *a, const uint8_t *codes, float *ret_scale,
                       float *ret_min)
{
    float sum_l = 0.0f, sum_l2 = 0.0f, sum_xl = 0.0f;
    for (int i = 0; i < a->n; i++) {
        const float l = (float)codes[i];
        const float wl = a->weight[i] * l;
        sum_l += wl;
        sum_l2 += wl * l;
        sum_xl += wl * a->x[i];
    }
    const float determinant = a->sum_w * sum_l2 - sum_l * sum_l;
    if (!(determinant > 0.0f))
        return false;
    *ret_scale = (a->sum_w * sum_xl - a->sum_x * sum_l) / determinant;
    *ret_min = (sum_l2 * a->sum_x - sum_l * sum_xl) / determinant;
    if (*ret_min > 0.0f) {
        *ret_min = 0.0f;
        *ret_scale = sum_xl / sum_l2;
    }
    return true;
}

float ref_search_affine(int n, int largest, const float *x, const float *weight,
                        const struct ref_search_trials *trials, uint8_t *ret_codes, float *ret_min)
{
    struct affine a = affine_begin(n, largest, x, weight);
    a.magnitude = trials->magnitude;
    if (a.max == a.min) {
        memset(ret_codes, 0, (size_t)n);
        *ret_min = -a.min;
        return 0.0f;
    }
    const float inverse_scale = (float)largest / (a.max - a.min);
    float best_scale = 1.0f / inverse_scale;
    affine_codes(&a, inverse_scale, ret_codes);
    float best_error = affine_error(&a, ret_codes, best_scale, a.min);

    for (int t = 0; t <= trials->last; t++) {
        uint8_t codes[REF_SEARCH_MAX];
        float scale, min;
        affine_codes(&a,
                     (trials->first + trials->step * (float)t + (float)largest) / (a.max - a.min),
                     codes);
        if (!affine_fit(&a, codes, &scale, &min))
            continue;
        const float error = affine_error(&a, codes, scale, min);
        if (error < best_error) {
            memcpy(ret_codes, codes, (size_t)n);
            best_error = error;
            best_scale = scale;
            a.min = min; /* the trials that follow start from the better minimum, as ggml's do */
        }
    }
    *ret_min = -a.min;
    return best_scale;
}

/* ---- scale alone ---- */

/* x ~= scale * level. The best scale for given levels is xl / l2, and what it takes away from the
 * sum of weight * x^2 is xl^2 / l2. */
struct products {
    float xl, l2; /* sums of weight * x * level and weight * level^2 */
};

static float scale_of(struct products sum)
{
    return sum.l2 > 0.0f ? sum.xl / sum.l2 : 0.0f;
}

static bool is_better(struct products a, struct products b)
{
    return a.xl * a.xl * b.l2 > b.xl * b.xl * a.l2; /* no division: b may be all zeros */
}

static void add_product(struct products *sum, float weight, float x, int level)
{
    sum->xl += weight * x * (float)level;
    sum->l2 += weight * (float)level * (float)level;
}

static struct products symmetric_codes(int n, int half, const float *x, const float *weight,
                                       float inverse_scale, uint8_t *ret_codes)
{
    struct products sum = {0.0f, 0.0f};
    for (int i = 0; i < n; i++) {
        const int level = ref_clamp(ref_nearest_int(inverse_scale * x[i]), -half, half - 1);
        ret_codes[i] = (uint8_t)(level + half);
        add_product(&sum, weight ? weight[i] : x[i] * x[i], x[i], level);
    }
    return sum;
}

float ref_search_symmetric(int n, int half, const float *x, const float *weight, uint8_t *ret_codes)
{
    const float largest = ref_first_largest(n, x);
    if (fabsf(largest) < REF_SEARCH_EPSILON) {
        memset(ret_codes, 0, (size_t)n);
        return 0.0f;
    }
    struct products sum = symmetric_codes(n, half, x, weight, (float)-half / largest, ret_codes);
    float scale = scale_of(sum);
    float best = scale * sum.xl;

    for (int t = -9; t <= 9; t++) {
        uint8_t codes[REF_SEARCH_MAX];
        if (t == 0)
            continue; /* the first try above */
        sum =
            symmetric_codes(n, half, x, weight, -((float)half + 0.1f * (float)t) / largest, codes);
        if (sum.l2 > 0.0f && sum.xl * sum.xl > best * sum.l2) {
            memcpy(ret_codes, codes, (size_t)n);
            scale = sum.xl / sum.l2;
            best = scale * sum.xl;
        }
    }
    return scale;
}

/* ---- one code at a time ---- */

/* Takes one level out of the sums; false where the others then determine no positive scale. */
static struct products without(struct products sum, float weight, float x, int level)
{
    sum.xl -= weight * x * (float)level;
    sum.l2 -= weight * (float)level * (float)level;
    return sum;
}

static bool move_signed(int half, float x, uint8_t *code, struct products *sum)
{
    const float weight = x * x;
    struct products rest = without(*sum, weight, x, *code - half);
    if (!(rest.xl > 0.0f))
        return false;
    const int level = ref_clamp(ref_nearest_int(x * rest.l2 / rest.xl), -half, half - 1);
    if (level + half == *code)
        return false;
    add_product(&rest, weight, x, level);
    if (!(rest.l2 > 0.0f && is_better(rest, *sum)))
        return false;
    *code = (uint8_t)(level + half);
    *sum = rest;
    return true;
}

float ref_search_by_moves(int n, int half, const float *x, uint8_t *ret_codes)
{
    const float largest = ref_first_largest(n, x);
    if (fabsf(largest) < REF_SEARCH_EPSILON) {
        memset(ret_codes, 0, (size_t)n);
        return 0.0f;
    }
    struct products sum = symmetric_codes(n, half, x, NULL, (float)-half / largest, ret_codes);
    bool moved = true;
    for (int round = 0; moved && round < 5; round++) {
        moved = false;
        for (int i = 0; i < n; i++)
            moved |= move_signed(half, x[i], &ret_codes[i], &sum);
    }
    return scale_of(sum);
}

static float largest_of(int n, const float *x)
{
    float largest = 0.0f;
    for (int i = 0; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static float positive_error(int n, int largest, const float *x, const float *weight, float inverse)
{
    const float scale = 1.0f / inverse;
    float sum = 0.0f;
    for (int i = 0; i < n; i++) {
        const int code = ref_nearest_int(inverse * x[i]);
        const float miss = x[i] - scale * (float)(code < largest ? code : largest);
        sum += weight[i] * miss * miss;
    }
    return sum;
}

/* Of nine scales around max / largest the inverse of the one with the least squared error. */
static float best_inverse(int n, int largest, float max, const float *x, const float *weight)
{
    float best = (float)largest / max;
    float best_error = positive_error(n, largest, x, weight, best);
    for (int t = -4; t <= 4; t++) {
        const float inverse = (0.1f * (float)t + (float)largest) / max;
        const float error = t == 0 ? INFINITY : positive_error(n, largest, x, weight, inverse);
        if (error < best_error) {
            best_error = error;
            best = inverse;
        }
    }
    return best;
}

static bool move_positive(int largest, float weight, float x, uint8_t *code, struct products *sum)
{
    struct products rest = without(*sum, weight, x, *code);
    if (!(rest.xl > 0.0f && rest.l2 > 0.0f))
        return false;
    int level = ref_nearest_int(x * rest.l2 / rest.xl);
    level = level < largest ? level : largest;
    if (level == *code)
        return false;
    add_product(&rest, weight, x, level);
    if (!is_better(rest, *sum))
        return false;
    *code = (uint8_t)level;
    *sum = rest;
    return true;
}

float ref_search_positive(int n, int largest, const float *x, const float *weight,
                          uint8_t *ret_codes)
{
    const float max = largest_of(n, x);
    if (max < REF_SEARCH_EPSILON) {
        memset(ret_codes, 0, (size_t)n);
        return 0.0f;
    }
    const float inverse = best_inverse(n, largest, max, x, weight);
    struct products sum = {0.0f, 0.0f};
    for (int i = 0; i < n; i++) {
        const int code = ref_nearest_int(inverse * x[i]);
        ret_codes[i] = (uint8_t)(code < largest ? code : largest);
        add_product(&sum, weight[i], x[i], code < largest ? code : largest);
    }
    bool moved = true;
    for (int round = 0; moved && round < 5; round++) {
        moved = false;
        for (int i = 0; i < n; i++)
            moved |= move_positive(largest, weight[i], x[i], &ret_codes[i], &sum);
    }
    return scale_of(sum);
}
