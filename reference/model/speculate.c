#include "reference/model/speculate.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"

/* ---- one row ---- */

/* q NULL: nothing is subtracted. */
static double weight(const float *p, const float *q, size_t j)
{
    const double w = q != NULL ? (double)p[j] - (double)q[j] : (double)p[j];
    return w > 0 ? w : 0; /* also of a NaN */
}

static double sum_of(const float *p, const float *q, size_t vocab)
{
    double sum = 0;
    for (size_t j = 0; j < vocab; j++)
        sum += weight(p, q, j);
    return sum;
}

static enum err_code draw(const float *p, const float *q, size_t vocab, float u, int32_t *ret,
                          struct err *why)
{
    double total = sum_of(p, q, vocab), sum = 0;
    int32_t last = -1;
    if (total == 0) {
        q = NULL;
        total = sum_of(p, q, vocab);
    }
    for (size_t j = 0; j < vocab; j++) {
        const double w = weight(p, q, j);
        sum += w;
        if (w > 0)
            last = (int32_t)j;
        if (sum > (double)u * total)
            break;
    }
    if (last < 0)
        return err_set(why, ERR_RANGE, "no token of %zu has a probability above 0", vocab);
    *ret = last;
    return OK;
}

/* u * q < p and not u < p / q: the product of two floats is exact in double. */
static bool keeps(const float *p, const float *q, int32_t x, float u)
{
    return (double)u * (double)q[x] < (double)p[x];
}

static int32_t first_maximum(const float *p, size_t vocab)
{
    size_t best = 0;
    for (size_t j = 1; j < vocab; j++)
        if (p[j] > p[best] || isnan(p[best]))
            best = j;
    return (int32_t)best;
}

enum err_code ref_speculate_verify(const float *p, const float *q, const int32_t *draft, size_t k,
                                   size_t vocab, const float *u, int32_t *ret, size_t *ret_n,
                                   struct err *why)
{
    for (size_t i = 0; i < k; i++)
        if (draft[i] < 0 || (size_t)draft[i] >= vocab)
            return err_set(why, ERR_RANGE, "draft %zu is %d: expected less than %zu", i, draft[i],
                           vocab);
    size_t kept = 0;
    int32_t next;
    while (kept < k && keeps(p + kept * vocab, q + kept * vocab, draft[kept], u[kept]))
        kept++;
    const float *taken = kept < k ? q + kept * vocab : NULL;
    const enum err_code rc = draw(p + kept * vocab, taken, vocab, u[k], &next, why);
    if (rc != OK)
        return rc;
    memmove(ret, draft, kept * sizeof *ret);
    ret[kept] = next;
    *ret_n = kept + 1;
    return OK;
}

/* ---- a text ---- */

struct round {
    const struct ref_speculate *m;
    int32_t *ids;
    size_t len;       /* of the text */
    size_t draft_len; /* tokens in the draft's cache; the target's has len - 1 */
    float *p, *q;     /* (k + 1, vocab) and (k, vocab) */
    struct ref_speculate_stats stats;
    struct err *why;
};

static enum err_code pick(const struct round *r, const float *p, const float *q, int32_t *ret)
{
    if (r->m->greedy) {
        *ret = first_maximum(p, r->m->vocab);
        return OK;
    }
    return draw(p, q, r->m->vocab, r->m->uniform(r->m->ctx), ret, r->why);
}

/* The draft's cache lacks the last token, and the one before it where all were kept. */
static enum err_code draft_some(struct round *r, size_t k)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < k && rc == OK; i++) {
        const size_t n = r->len + i - r->draft_len;
        float *q = r->q + i * r->m->vocab;
        rc = r->m->draft(r->m->ctx, r->ids + r->draft_len, n, r->draft_len, 1, q, r->why);
        if (rc == OK)
            rc = pick(r, q, NULL, &r->ids[r->len + i]);
        r->draft_len += n;
    }
    r->stats.drafted += k;
    return rc;
}

static enum err_code look(struct round *r, size_t first, size_t n, size_t rows)
{
    r->stats.target_calls++;
    r->stats.target_tokens += n;
    return r->m->target(r->m->ctx, r->ids + first, n, first, rows, r->p, r->why);
}

static bool stands(const struct round *r, size_t i)
{
    const struct ref_speculate *m = r->m;
    const float *p = r->p + i * m->vocab;
    const int32_t x = r->ids[r->len + i];
    return m->greedy ? x == first_maximum(p, m->vocab)
                     : keeps(p, r->q + i * m->vocab, x, m->uniform(m->ctx));
}

/* Drafts lie behind the text already: what is kept is text by counting it. */
static enum err_code settle(struct round *r, size_t k, bool *ret_ended)
{
    size_t kept = 0;
    while (kept < k && stands(r, kept))
        kept++;
    r->stats.kept += kept;
    const size_t at = kept * r->m->vocab;
    const enum err_code rc =
        pick(r, r->p + at, kept < k ? r->q + at : NULL, &r->ids[r->len + kept]);
    if (rc != OK)
        return rc;
    const size_t end = r->len + kept + 1;
    while (r->len < end && !*ret_ended) {
        const int32_t id = r->ids[r->len++];
        *ret_ended = id == r->m->eos; /* ids are not negative, so an eos of -1 is never met */
    }
    return OK;
}

static void roll_back(struct round *r)
{
    r->m->keep_target(r->m->ctx, r->len - 1);
    if (r->m->k == 0)
        return;
    if (r->draft_len > r->len - 1)
        r->draft_len = r->len - 1;
    r->m->keep_draft(r->m->ctx, r->draft_len);
}

static enum err_code feed_prompt(struct round *r)
{
    const size_t n = r->len - 1;
    if (n == 0)
        return OK;
    enum err_code rc = look(r, 0, n, 0);
    if (rc == OK && r->m->k > 0) {
        rc = r->m->draft(r->m->ctx, r->ids, n, 0, 0, r->q, r->why);
        r->draft_len = n;
    }
    return rc;
}

size_t ref_speculate_scratch(size_t k, size_t vocab)
{
    size_t rows, floats;
    return ckd_mul(&rows, k, (size_t)2) || ckd_add(&rows, rows, (size_t)1) ||
                   ckd_mul(&floats, rows, vocab) || floats > SIZE_MAX / sizeof(float)
               ? 0
               : floats;
}

enum err_code ref_speculate_generate(const struct ref_speculate *m, int32_t *ids, size_t n_prompt,
                                     size_t n_predict, float *scratch, size_t *ret_n,
                                     struct ref_speculate_stats *ret_stats, struct err *why)
{
    if (n_prompt == 0)
        return err_set(why, ERR_INVALID, "a text needs a prompt of one token or more");
    struct round r = {.m = m,
                      .ids = ids,
                      .len = n_prompt,
                      .p = scratch,
                      .q = scratch + (m->k + 1) * m->vocab,
                      .why = why};
    const size_t end = n_prompt + n_predict;
    bool ended = n_predict == 0;
    enum err_code rc = ended ? OK : feed_prompt(&r);
    while (rc == OK && !ended && r.len < end) {
        const size_t room = end - r.len - 1, k = m->k < room ? m->k : room;
        if ((rc = draft_some(&r, k)) == OK && (rc = look(&r, r.len - 1, k + 1, k + 1)) == OK &&
            (rc = settle(&r, k, &ended)) == OK)
            roll_back(&r);
    }
    if (rc != OK)
        return rc;
    *ret_n = r.len - n_prompt;
    *ret_stats = r.stats;
    return OK;
}

/* ---- drafts without a model ---- */

size_t ref_speculate_lookup(const int32_t *ids, size_t n, size_t g_max, size_t g_min, size_t k,
                            int32_t *ret)
{
    for (size_t g = g_max < n ? g_max : n; g >= g_min && g > 0; g--)
        for (size_t j = n - g; j-- > 0;)
            if (memcmp(ids + j, ids + n - g, g * sizeof *ids) == 0) {
                const size_t left = n - (j + g), found = k < left ? k : left;
                memcpy(ret, ids + j + g, found * sizeof *ret);
                return found;
            }
    return 0;
}
