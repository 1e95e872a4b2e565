#include "reference/sample/candidates.h"

#include <math.h>

typedef bool before_fn(const struct ref_candidate *a, const struct ref_candidate *b);

struct ref_candidates ref_candidates_from(const float *logits, size_t n, struct ref_candidate *data)
{
    for (size_t i = 0; i < n; i++)
        data[i] = (struct ref_candidate){.id = (int32_t)i, .logit = logits[i]};
    return (struct ref_candidates){.data = data, .size = n, .selected = -1};
}

bool ref_candidate_before(const struct ref_candidate *a, const struct ref_candidate *b)
{
    if (a->logit > b->logit)
        return true;
    if (a->logit < b->logit)
        return false;
    const bool a_nan = isnan(a->logit), b_nan = isnan(b->logit);
    return a_nan == b_nan ? a->id < b->id : b_nan;
}

static bool before_by_p(const struct ref_candidate *a, const struct ref_candidate *b)
{
    if (a->p != b->p)
        return a->p < b->p;
    return ref_candidate_before(a, b);
}

float ref_candidates_max(const struct ref_candidates *c)
{
    float max = -INFINITY;
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].logit > max)
            max = c->data[i].logit;
    return max;
}

float ref_candidate_weight(float logit, float max)
{
    if (logit == max)
        return 1.0f;
    return isnan(logit) ? 0.0f : expf(logit - max);
}

float ref_candidates_softmax(struct ref_candidates *c)
{
    const float max = ref_candidates_max(c);
    float sum = 0.0f;
    for (size_t i = 0; i < c->size; i++) {
        c->data[i].p = ref_candidate_weight(c->data[i].logit, max);
        sum += c->data[i].p;
    }
    for (size_t i = 0; i < c->size && sum > 0.0f; i++)
        c->data[i].p /= sum;
    return sum;
}

/* ---- a heap whose top is the last one in order ---- */

static void sift(struct ref_candidate *d, size_t root, size_t n, before_fn *before)
{
    const struct ref_candidate top = d[root];
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && before(&d[child], &d[child + 1]))
            child++;
        if (!before(&top, &d[child]))
            break;
        d[root] = d[child];
    }
    d[root] = top;
}

static void swap(struct ref_candidate *a, struct ref_candidate *b)
{
    const struct ref_candidate t = *a;
    *a = *b;
    *b = t;
}

/* The first k of n in order go to the front: a heap of k keeps the best so far. */
static void heap_select(struct ref_candidate *d, size_t n, size_t k, before_fn *before)
{
    for (size_t i = k / 2; i > 0; i--)
        sift(d, i - 1, k, before);
    for (size_t i = k; i < n; i++)
        if (before(&d[i], &d[0])) {
            swap(&d[i], &d[0]);
            sift(d, 0, k, before);
        }
    for (size_t end = k; end > 1; end--) {
        swap(&d[0], &d[end - 1]);
        sift(d, 0, end - 1, before);
    }
}

/* ---- quicksort, and a heap where a stranger's order would make it slow ---- */

enum { SMALL = 16 };

static void insertion_sort(struct ref_candidate *d, size_t n, before_fn *before)
{
    for (size_t i = 1; i < n; i++) {
        const struct ref_candidate x = d[i];
        size_t at = i;
        for (; at > 0 && before(&x, &d[at - 1]); at--)
            d[at] = d[at - 1];
        d[at] = x;
    }
}

static struct ref_candidate median(const struct ref_candidate *d, size_t n, before_fn *before)
{
    const struct ref_candidate *a = &d[0], *b = &d[n / 2], *c = &d[n - 1];
    if (before(a, b) == before(b, c))
        return *b;
    return before(a, b) == before(c, a) ? *a : *c;
}

/* Hoare's partition: [0, ret] holds nothing that comes after anything in (ret, n). */
static size_t partition(struct ref_candidate *d, size_t n, before_fn *before)
{
    const struct ref_candidate pivot = median(d, n, before);
    size_t low = 0, high = n - 1;
    for (;;) {
        while (before(&d[low], &pivot))
            low++;
        while (before(&pivot, &d[high]))
            high--;
        if (low >= high)
            return high;
        swap(&d[low++], &d[high--]);
    }
}

/* depth bounds recursion and time: 2 log2 of the number at first. */
static void sort(struct ref_candidate *d, size_t n, int depth, before_fn *before)
{
    while (n > SMALL) {
        if (depth-- == 0) {
            heap_select(d, n, n, before);
            return;
        }
        const size_t left = partition(d, n, before) + 1;
        if (left == n) { /* nothing was split off: all are equal to the pivot or before it */
            heap_select(d, n, n, before);
            return;
        }
        sort(d, left, depth, before);
        d += left;
        n -= left;
    }
    insertion_sort(d, n, before);
}

static int twice_log2(size_t n)
{
    int depth = 2;
    for (; n > 1; n /= 2)
        depth += 2;
    return depth;
}

void ref_candidates_sort(struct ref_candidates *c)
{
    if (!c->sorted)
        sort(c->data, c->size, twice_log2(c->size), ref_candidate_before);
    c->sorted = true;
}

void ref_candidates_sort_by_p(struct ref_candidates *c)
{
    sort(c->data, c->size, twice_log2(c->size), before_by_p);
    c->sorted = false;
}

void ref_candidates_select(struct ref_candidates *c, size_t k)
{
    enum { FEW = 512 }; /* beyond, a sort of all is about as fast */
    if (c->sorted || c->size == 0)
        return;
    if (k > FEW || k >= c->size)
        ref_candidates_sort(c);
    else if (k > 0)
        heap_select(c->data, c->size, k, ref_candidate_before);
}
