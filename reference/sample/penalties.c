#include <math.h>

#include "reference/sample/sampler.h"

void ref_sample_mask(struct ref_candidates *c, const uint8_t *allow, size_t n)
{
    for (size_t i = 0; i < c->size; i++)
        if (c->data[i].id < 0 || (size_t)c->data[i].id >= n || !allow[c->data[i].id])
            c->data[i].logit = -INFINITY;
    c->sorted = false;
}

void ref_sample_logit_bias(struct ref_candidates *c, const struct ref_logit_bias *bias, size_t n)
{
    for (size_t b = 0; b < n; b++) {
        const int32_t id = bias[b].id;
        if (id >= 0 && (size_t)id < c->size && c->data[id].id == id) {
            c->data[id].logit += bias[b].bias;
            continue;
        }
        for (size_t i = 0; i < c->size; i++)
            if (c->data[i].id == id)
                c->data[i].logit += bias[b].bias;
    }
    c->sorted = c->sorted && n == 0;
}

/* ---- pairs in order: heapsort over a token and what is known of it ---- */

struct pair {
    int32_t token, length;
};

static bool less(struct pair a, struct pair b)
{
    return a.token != b.token ? a.token < b.token : a.length < b.length;
}

static void sift(struct pair *p, size_t root, size_t n)
{
    const struct pair top = p[root];
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && less(p[child], p[child + 1]))
            child++;
        if (!less(top, p[child]))
            break;
        p[root] = p[child];
    }
    p[root] = top;
}

static void sort(struct pair *p, size_t n)
{
    for (size_t i = n / 2; i > 0; i--)
        sift(p, i - 1, n);
    for (size_t end = n; end > 1; end--) {
        const struct pair last = p[0];
        p[0] = p[end - 1];
        p[end - 1] = last;
        sift(p, 0, end - 1);
    }
}

/* One pair for each token: the longest. Returns how many. */
static size_t keep_longest(struct pair *p, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || p[i].token != p[i + 1].token)
            p[kept++] = p[i];
    return kept;
}

static const struct pair *find(const struct pair *p, size_t n, int32_t token)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (p[mid].token < token)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && p[low].token == token ? &p[low] : NULL;
}

/* ---- penalties ---- */

/* Each token of last[0..n) with its count. Returns how many. */
static size_t count(const int32_t *last, size_t n, struct pair *ret)
{
    size_t kinds = 0;
    for (size_t i = 0; i < n; i++)
        ret[i] = (struct pair){.token = last[i]};
    sort(ret, n);
    for (size_t i = 0; i < n; i++) {
        if (kinds == 0 || ret[kinds - 1].token != ret[i].token)
            ret[kinds++] = (struct pair){.token = ret[i].token};
        ret[kinds - 1].length++;
    }
    return kinds;
}

void ref_sample_penalties(struct ref_candidates *c, const int32_t *last, size_t n, float repeat,
                          float freq, float present, int32_t *scratch)
{
    struct pair *seen = (struct pair *)(void *)scratch;
    if (n == 0 || (repeat == 1.0f && freq == 0.0f && present == 0.0f))
        return;
    const size_t kinds = count(last, n, seen);
    for (size_t i = 0; i < c->size; i++) {
        const struct pair *s = find(seen, kinds, c->data[i].id);
        float *logit = &c->data[i].logit;
        if (s == NULL)
            continue;
        *logit = *logit <= 0.0f ? *logit * repeat : *logit / repeat;
        *logit -= (float)s->length * freq + present;
    }
    c->sorted = false;
}

/* ---- DRY ---- */

/* The end of a text, from its last token backwards. */
struct tail {
    const int32_t *last;
    size_t n;
};

static int32_t back(const struct tail *t, size_t i)
{
    return t->last[t->n - 1 - i];
}

/* Whether a breaker begins i tokens before the last one and lies wholly in the text. */
static bool breaks_at(const struct tail *t, const struct ref_dry_breaker *b, size_t i)
{
    if (b->n - 1 > i)
        return false;
    for (size_t k = 0; k < b->n; k++)
        if (b->token[k] != back(t, i - k))
            return false;
    return true;
}

/* How long a repetition may be: it does not reach over the last breaker. */
static size_t limit_of(const struct tail *t, const struct ref_dry *dry)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t longest = 0;
        for (size_t b = 0; b < dry->n_breakers; b++)
            if (dry->breaker[b].n > longest && breaks_at(t, &dry->breaker[b], i))
                longest = dry->breaker[b].n;
        if (longest > 0)
            return i - (longest - 1);
    }
    return t->n;
}

/* same[k]: how many tokens that end k before the last one equal the last ones (the Z-function of
 * the reversed text; same[0] is not set). Each comparison that succeeds moves `right` on, so that
 * this takes linear time. */
static void repeats(const struct tail *t, int32_t *same)
{
    size_t left = 0, right = 0; /* [left, right) equals what begins at the last token */
    for (size_t k = 1; k < t->n; k++) {
        size_t n = 0;
        if (k < right)
            n = (size_t)same[k - left] < right - k ? (size_t)same[k - left] : right - k;
        if (k + n >= right)
            while (k + n < t->n && back(t, n) == back(t, k + n))
                n++;
        same[k] = (int32_t)n;
        if (k + n > right) {
            left = k;
            right = k + n;
        }
    }
}

/* The tokens that would go on with a repetition, each with the longest. Returns how many. */
static size_t continuations(const struct tail *t, size_t limit, int32_t allowed,
                            const int32_t *same, struct pair *ret)
{
    size_t n = 0;
    for (size_t k = 1; k < t->n; k++) {
        const int32_t length = (size_t)same[k] < limit ? same[k] : (int32_t)limit;
        if (length >= allowed)
            ret[n++] = (struct pair){.token = back(t, k - 1), .length = length};
    }
    sort(ret, n);
    return keep_longest(ret, n);
}

static bool is_breaker(const struct ref_dry *dry, int32_t token)
{
    for (size_t b = 0; b < dry->n_breakers; b++)
        if (dry->breaker[b].n == 1 && dry->breaker[b].token[0] == token)
            return true;
    return false;
}

/* The exponent is kept where base^exponent fits a float: 88.7 is the log of the greatest. */
static float penalty(const struct ref_dry *dry, int32_t length)
{
    int64_t exponent = (int64_t)length - dry->allowed_length;
    const int64_t most = dry->base > 1.000001f ? (int64_t)(88.7228391f / logf(dry->base)) : 0;
    if (most > 0 && exponent > most)
        exponent = most;
    return (float)((double)dry->multiplier * pow((double)dry->base, (double)exponent));
}

void ref_sample_dry(struct ref_candidates *c, const int32_t *last, size_t n,
                    const struct ref_dry *dry, int32_t *scratch)
{
    const struct tail t = {.last = last, .n = n};
    struct pair *next = (struct pair *)(void *)(scratch + n);
    if (dry->multiplier == 0.0f || !(dry->base >= 1.0f) || (int64_t)n <= dry->allowed_length)
        return;
    const size_t limit = limit_of(&t, dry);
    if ((int64_t)limit < dry->allowed_length)
        return;
    repeats(&t, scratch);
    const size_t kinds = continuations(&t, limit, dry->allowed_length, scratch, next);
    for (size_t i = 0; i < c->size; i++) {
        const struct pair *p = find(next, kinds, c->data[i].id);
        if (p != NULL && !is_breaker(dry, p->token))
            c->data[i].logit -= penalty(dry, p->length);
    }
    c->sorted = false;
}
