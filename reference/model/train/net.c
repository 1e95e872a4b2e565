#include "reference/model/train/net.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "reference/model/train/rng.h"
#include "reference/tensor/gemm.h"
#include "reference/tensor/rope.h"

/* ---- layout ---- */

static size_t take(size_t *at, size_t count)
{
    const size_t here = *at;
    *at += count;
    return here;
}

static size_t kv_width(const struct net_shape *s)
{
    return (size_t)s->dim / (size_t)s->heads * (size_t)s->kv_heads;
}

void net_init(struct net *net, const struct net_shape *shape)
{
    const size_t dim = (size_t)shape->dim, ff = (size_t)shape->ff, kv = kv_width(shape);
    size_t at = 0;
    *net = (struct net){.shape = *shape};
    net->embed = take(&at, (size_t)shape->vocab * dim);
    for (int l = 0; l < shape->layers; l++) {
        struct net_layer *y = &net->layer[l];
        y->norm1 = take(&at, dim);
        y->wq = take(&at, dim * dim);
        y->wk = take(&at, kv * dim);
        y->wv = take(&at, kv * dim);
        y->wo = take(&at, dim * dim);
        y->norm2 = take(&at, dim);
        y->gate = take(&at, ff * dim);
        y->up = take(&at, ff * dim);
        y->down = take(&at, dim * ff);
    }
    net->norm = take(&at, dim);
    net->size = at;
}

static void draw(struct rng *rng, float *w, size_t n, double deviation)
{
    for (size_t i = 0; i < n;
         i++) /* Box, Muller: A Note on the Generation of Random Normal Deviates */
        w[i] = (float)(deviation * sqrt(-2 * log(1 - rng_unit(rng))) *
                       cos(6.28318530717958647692 * rng_unit(rng)));
}

static void set_ones(float *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w[i] = 1;
}

void net_draw(const struct net *net, uint64_t seed, float *w)
{
    const struct net_shape *s = &net->shape;
    const size_t dim = (size_t)s->dim, ff = (size_t)s->ff;
    struct rng rng = {seed};
    const double in = 0.02, out = 0.02 / sqrt(2.0 * s->layers); /* as GPT-2 */
    draw(&rng, w, net->size, in);
    for (int l = 0; l < s->layers; l++) {
        draw(&rng, w + net->layer[l].wo, dim * dim, out);
        draw(&rng, w + net->layer[l].down, dim * ff, out);
        set_ones(w + net->layer[l].norm1, dim);
        set_ones(w + net->layer[l].norm2, dim);
    }
    set_ones(w + net->norm, dim);
}

/* ---- a shard ---- */

/* What the backward pass needs of the forward one. */
struct kept {
    float *x1, *n1, *q, *k, *v, *probs, *heads; /* before the layer, normed, rotated, ... */
    float *x2, *n2, *g, *u, *h;                 /* before the feed-forward part, ... */
};

struct net_shard {
    const struct net *net;
    int sequences;
    size_t n; /* tokens */
    const struct ref_gemm *gemm;
    float *gemm_scratch;
    float *cosines, *sines; /* (context, head/2) */
    struct kept kept[NET_LAYERS_MAX];
    float *x, *xn, *logits;
    float *dx, *dn, *da, *db, *dc, *dff, *dg, *du; /* gradients on their way */
    float *turned[2];                              /* transposed operands */
    float *head[4];                                /* (context, context) or less, of one head */
};

static void find_angles(struct net_shard *s)
{
    const struct net_shape *p = &s->net->shape;
    const int head = p->dim / p->heads;
    const struct ref_rope rope = {.n_rot = head, .base = p->rope_base, .freq_scale = 1};
    for (int t = 0; t < p->context; t++)
        ref_rope_angles(&rope, t, s->cosines + t * head / 2, s->sines + t * head / 2);
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Takes memory for each; false where one could not be had. */
struct wish {
    float **at;
    size_t count;
};

static bool grant(struct arena *a, const struct wish *wishes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((*wishes[i].at = arena_array(a, wishes[i].count, sizeof(float))) == NULL)
            return false;
    return true;
}
#define GRANT(a, wishes) grant(a, wishes, sizeof(wishes) / sizeof(wishes)[0])

static bool grant_layer(const struct net_shard *s, struct kept *y, struct arena *a)
{
    const struct net_shape *p = &s->net->shape;
    const size_t wide = s->n * (size_t)p->dim, ff = s->n * (size_t)p->ff;
    const size_t kv = s->n * kv_width(p), probs = s->n * (size_t)(p->context * p->heads);
    const struct wish wishes[] = {{&y->x1, wide}, {&y->n1, wide},    {&y->q, wide},
                                  {&y->k, kv},    {&y->v, kv},       {&y->probs, probs},
                                  {&y->x2, wide}, {&y->heads, wide}, {&y->n2, wide},
                                  {&y->g, ff},    {&y->u, ff},       {&y->h, ff}};
    return GRANT(a, wishes);
}

static bool grant_work(struct net_shard *s, struct arena *a)
{
    const struct net_shape *p = &s->net->shape;
    const size_t n = s->n, dim = (size_t)p->dim, ff = (size_t)p->ff, vocab = (size_t)p->vocab;
    const size_t context = (size_t)p->context, square = context * context;
    const size_t widest = largest(largest(ff, vocab), dim);
    const size_t operand = largest(n, widest) * widest;
    const struct wish wishes[] = {{&s->cosines, context * dim},
                                  {&s->sines, context * dim},
                                  {&s->x, n * dim},
                                  {&s->xn, n * dim},
                                  {&s->logits, n * vocab},
                                  {&s->dx, n * dim},
                                  {&s->dn, n * dim},
                                  {&s->da, n * dim},
                                  {&s->db, n * dim},
                                  {&s->dc, n * dim},
                                  {&s->dff, n * ff},
                                  {&s->dg, n * ff},
                                  {&s->du, n * ff},
                                  {&s->turned[0], operand},
                                  {&s->turned[1], operand},
                                  {&s->head[0], square},
                                  {&s->head[1], square},
                                  {&s->head[2], square},
                                  {&s->head[3], square},
                                  {&s->gemm_scratch, REF_GEMM_SCRATCH + 16}};
    return GRANT(a, wishes);
}

struct net_shard *net_shard_new(const struct net *net, int sequences, struct arena *a)
{
    struct net_shard *s = arena_alloc(a, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct net_shard){.net = net,
                            .sequences = sequences,
                            .n = (size_t)(sequences * net->shape.context),
                            .gemm = ref_gemm_for(ref_isa_best())};
    bool full = !grant_work(s, a);
    for (int l = 0; l < net->shape.layers && !full; l++)
        full = !grant_layer(s, &s->kept[l], a);
    if (full)
        return NULL;
    s->gemm_scratch = (float *)(((uintptr_t)s->gemm_scratch + 63) & ~(uintptr_t)63);
    find_angles(s);
    return s;
}

/* ---- products ---- */

static void transpose(const float *x, size_t ld, size_t rows, size_t columns, float *ret)
{
    enum { TILE = 16 };
    for (size_t i0 = 0; i0 < rows; i0 += TILE)
        for (size_t j0 = 0; j0 < columns; j0 += TILE)
            for (size_t i = i0; i < i0 + TILE && i < rows; i++)
                for (size_t j = j0; j < j0 + TILE && j < columns; j++)
                    ret[j * rows + i] = x[i * ld + j];
}

/* y (n, out) = x (n, in) * w (out, in)^T */
static void project(struct net_shard *s, const float *x, const float *w, size_t n, size_t in,
                    size_t out, float *y)
{
    ref_gemm(s->gemm, out, n, in, w, in, x, in, y, out, s->gemm_scratch);
}

/* dx (n, in) = dy (n, out) * w (out, in) */
static void project_back(struct net_shard *s, const float *dy, const float *w, size_t in,
                         size_t out, float *dx)
{
    transpose(w, in, out, in, s->turned[0]);
    ref_gemm(s->gemm, in, s->n, out, s->turned[0], out, dy, out, dx, in, s->gemm_scratch);
}

/* dw (out, in) = dy (n, out)^T * x (n, in) */
static void weigh(struct net_shard *s, const float *x, const float *dy, size_t in, size_t out,
                  float *dw)
{
    transpose(x, in, s->n, in, s->turned[0]);
    transpose(dy, out, s->n, out, s->turned[1]);
    ref_gemm(s->gemm, in, out, s->n, s->turned[0], s->n, s->turned[1], s->n, dw, in,
             s->gemm_scratch);
}

static void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

/* ---- RMSNorm ---- */

static float root_scale(const float *x, size_t dim, float eps)
{
    float sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += x[i] * x[i];
    return 1 / sqrtf(sum / (float)dim + eps);
}

static void norm(const struct net_shard *s, const float *x, const float *w, float *y)
{
    const size_t dim = (size_t)s->net->shape.dim;
    for (size_t t = 0; t < s->n; t++, x += dim, y += dim) {
        const float scale = root_scale(x, dim, s->net->shape.eps);
        for (size_t i = 0; i < dim; i++)
            y[i] = x[i] * scale * w[i];
    }
}

/* With y_i = w_i x_i r and r = (mean x^2 + eps)^(-1/2):
 * dx_i = r w_i dy_i - x_i r^3 / dim * sum_j dy_j w_j x_j. Adds to dx, sets dw. */
static void norm_back(const struct net_shard *s, const float *x, const float *w, const float *dy,
                      float *dx, float *dw)
{
    const size_t dim = (size_t)s->net->shape.dim;
    memset(dw, 0, dim * sizeof *dw);
    for (size_t t = 0; t < s->n; t++, x += dim, dy += dim, dx += dim) {
        const float r = root_scale(x, dim, s->net->shape.eps);
        float sum = 0;
        for (size_t i = 0; i < dim; i++) {
            sum += dy[i] * w[i] * x[i];
            dw[i] += dy[i] * x[i] * r;
        }
        const float share = sum * r * r * r / (float)dim;
        for (size_t i = 0; i < dim; i++)
            dx[i] += r * w[i] * dy[i] - x[i] * share;
    }
}

/* ---- rotation ---- */

/* `direction` -1 turns back, which is the gradient of turning. */
static void rotate(const struct net_shard *s, float *x, int heads, float direction)
{
    const struct net_shape *p = &s->net->shape;
    const int half = p->dim / p->heads / 2;
    for (size_t t = 0; t < s->n; t++) {
        const float *c = s->cosines + t % (size_t)p->context * (size_t)half;
        const float *d = s->sines + t % (size_t)p->context * (size_t)half;
        for (int h = 0; h < heads; h++, x += 2 * half)
            for (int i = 0; i < half; i++) {
                const float a = x[2 * i], b = x[2 * i + 1], sine = direction * d[i];
                x[2 * i] = a * c[i] - b * sine;
                x[2 * i + 1] = a * sine + b * c[i];
            }
    }
}

/* ---- attention ---- */

/* One head of one sequence: where its rows begin, and how far apart they are. */
struct head_at {
    size_t q, kv, q_stride, kv_stride, probs;
};

static struct head_at head_at(const struct net_shard *s, int sequence, int h)
{
    const struct net_shape *p = &s->net->shape;
    const size_t head = (size_t)(p->dim / p->heads), context = (size_t)p->context;
    const size_t first = (size_t)sequence * context, kv = kv_width(p);
    const size_t group = (size_t)(h / (p->heads / p->kv_heads));
    return (struct head_at){.q = first * (size_t)p->dim + (size_t)h * head,
                            .kv = first * kv + group * head,
                            .q_stride = (size_t)p->dim,
                            .kv_stride = kv,
                            .probs = (first * (size_t)p->heads + (size_t)h * context) * context};
}

static void softmax_causally(float *scores, size_t context, float scale)
{
    for (size_t i = 0; i < context; i++, scores += context) {
        float max = -INFINITY, sum = 0;
        for (size_t j = 0; j <= i; j++)
            max = fmaxf(max, scores[j] * scale);
        for (size_t j = 0; j <= i; j++)
            sum += scores[j] = expf(scores[j] * scale - max);
        for (size_t j = 0; j < context; j++)
            scores[j] = j <= i ? scores[j] / sum : 0;
    }
}

static void attend(struct net_shard *s, struct kept *y, int sequence, int h)
{
    const struct net_shape *p = &s->net->shape;
    const size_t head = (size_t)(p->dim / p->heads), context = (size_t)p->context;
    const struct head_at at = head_at(s, sequence, h);
    float *probs = y->probs + at.probs, *v_turned = s->head[0];
    ref_gemm(s->gemm, context, context, head, y->k + at.kv, at.kv_stride, y->q + at.q, at.q_stride,
             probs, context, s->gemm_scratch);
    softmax_causally(probs, context, 1 / sqrtf((float)head));
    transpose(y->v + at.kv, at.kv_stride, context, head, v_turned);
    ref_gemm(s->gemm, head, context, context, v_turned, context, probs, context, y->heads + at.q,
             at.q_stride, s->gemm_scratch);
}

/* dS = P * (dP - sum_j dP_j P_j) * scale, in place of dP. */
static void softmax_back(const float *probs, float *d, size_t context, float scale)
{
    for (size_t i = 0; i < context; i++, probs += context, d += context) {
        float sum = 0;
        for (size_t j = 0; j <= i; j++)
            sum += d[j] * probs[j];
        for (size_t j = 0; j < context; j++)
            d[j] = probs[j] * (d[j] - sum) * scale;
    }
}

static void add_rows(float *x, size_t stride, const float *y, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        add(x + i * stride, y + i * columns, columns);
}

/* dout (n, dim) to dq (n, dim, set) and dk, dv (n, kv, added to: heads share them). */
static void attend_back(struct net_shard *s, const struct kept *y, int sequence, int h,
                        const float *dout, float *dq, float *dk, float *dv)
{
    const struct net_shape *p = &s->net->shape;
    const size_t head = (size_t)(p->dim / p->heads), n = (size_t)p->context;
    const struct head_at at = head_at(s, sequence, h);
    const float *probs = y->probs + at.probs;
    float *ds = s->head[0], *turned = s->head[1], *small = s->head[2], *out = s->head[3];
    /* dV (n, head) = P^T dO */
    transpose(probs, n, n, n, turned);
    transpose(dout + at.q, at.q_stride, n, head, small);
    ref_gemm(s->gemm, head, n, n, small, n, turned, n, out, head, s->gemm_scratch);
    add_rows(dv + at.kv, at.kv_stride, out, n, head);
    /* dP (n, n) = dO V^T */
    ref_gemm(s->gemm, n, n, head, y->v + at.kv, at.kv_stride, dout + at.q, at.q_stride, ds, n,
             s->gemm_scratch);
    softmax_back(probs, ds, n, 1 / sqrtf((float)head));
    /* dQ (n, head) = dS K */
    transpose(y->k + at.kv, at.kv_stride, n, head, small);
    ref_gemm(s->gemm, head, n, n, small, n, ds, n, dq + at.q, at.q_stride, s->gemm_scratch);
    /* dK (n, head) = dS^T Q */
    transpose(ds, n, n, n, turned);
    transpose(y->q + at.q, at.q_stride, n, head, small);
    ref_gemm(s->gemm, head, n, n, small, n, turned, n, out, head, s->gemm_scratch);
    add_rows(dk + at.kv, at.kv_stride, out, n, head);
}

/* ---- feed-forward ---- */

static void gate(const float *g, const float *u, size_t n, float *h)
{
    for (size_t i = 0; i < n; i++)
        h[i] = g[i] / (1 + expf(-g[i])) * u[i];
}

/* silu'(g) = sigma (1 + g (1 - sigma)). */
static void gate_back(const float *g, const float *u, const float *dh, size_t n, float *dg,
                      float *du)
{
    for (size_t i = 0; i < n; i++) {
        const float sigma = 1 / (1 + expf(-g[i]));
        dg[i] = dh[i] * u[i] * sigma * (1 + g[i] * (1 - sigma));
        du[i] = dh[i] * g[i] * sigma;
    }
}

/* ---- the whole ---- */

static void forward_layer(struct net_shard *s, const float *w, int l)
{
    const struct net_shape *p = &s->net->shape;
    const struct net_layer *at = &s->net->layer[l];
    const size_t dim = (size_t)p->dim, ff = (size_t)p->ff, kv = kv_width(p), n = s->n;
    struct kept *y = &s->kept[l];
    memcpy(y->x1, s->x, n * dim * sizeof(float));
    norm(s, y->x1, w + at->norm1, y->n1);
    project(s, y->n1, w + at->wq, n, dim, dim, y->q);
    project(s, y->n1, w + at->wk, n, dim, kv, y->k);
    project(s, y->n1, w + at->wv, n, dim, kv, y->v);
    rotate(s, y->q, p->heads, 1);
    rotate(s, y->k, p->kv_heads, 1);
    for (int i = 0; i < s->sequences; i++)
        for (int h = 0; h < p->heads; h++)
            attend(s, y, i, h);
    project(s, y->heads, w + at->wo, n, dim, dim, s->xn);
    add(s->x, s->xn, n * dim);
    memcpy(y->x2, s->x, n * dim * sizeof(float));
    norm(s, y->x2, w + at->norm2, y->n2);
    project(s, y->n2, w + at->gate, n, dim, ff, y->g);
    project(s, y->n2, w + at->up, n, dim, ff, y->u);
    gate(y->g, y->u, n * ff, y->h);
    project(s, y->h, w + at->down, n, ff, dim, s->xn);
    add(s->x, s->xn, n * dim);
}

static void embed(struct net_shard *s, const float *w, const uint16_t *tokens)
{
    const size_t dim = (size_t)s->net->shape.dim, context = (size_t)s->net->shape.context;
    for (size_t t = 0; t < s->n; t++) {
        const uint16_t id = tokens[t / context * (context + 1) + t % context];
        memcpy(s->x + t * dim, w + s->net->embed + id * dim, dim * sizeof(float));
    }
}

/* Logits to the gradient of the mean loss, in place; returns the sum of the losses. */
static double judge(struct net_shard *s, const uint16_t *tokens)
{
    const size_t vocab = (size_t)s->net->shape.vocab, context = (size_t)s->net->shape.context;
    double loss = 0;
    for (size_t t = 0; t < s->n; t++) {
        float *z = s->logits + t * vocab, max = -INFINITY, sum = 0;
        const uint16_t next = tokens[t / context * (context + 1) + t % context + 1];
        for (size_t i = 0; i < vocab; i++)
            max = fmaxf(max, z[i]);
        const float wanted = z[next] - max;
        for (size_t i = 0; i < vocab; i++)
            sum += z[i] = expf(z[i] - max);
        loss += (double)(logf(sum) - wanted);
        for (size_t i = 0; i < vocab; i++)
            z[i] = (z[i] / sum - (i == next)) / (float)s->n;
    }
    return loss;
}

static void feed_forward_back(struct net_shard *s, const float *w, int l, float *grad)
{
    const struct net_shape *p = &s->net->shape;
    const struct net_layer *at = &s->net->layer[l];
    const size_t dim = (size_t)p->dim, ff = (size_t)p->ff, n = s->n;
    const struct kept *y = &s->kept[l];
    weigh(s, y->h, s->dx, ff, dim, grad + at->down);
    project_back(s, s->dx, w + at->down, ff, dim, s->dff);
    gate_back(y->g, y->u, s->dff, n * ff, s->dg, s->du);
    weigh(s, y->n2, s->dg, dim, ff, grad + at->gate);
    weigh(s, y->n2, s->du, dim, ff, grad + at->up);
    project_back(s, s->dg, w + at->gate, dim, ff, s->dn);
    project_back(s, s->du, w + at->up, dim, ff, s->da);
    add(s->dn, s->da, n * dim);
    norm_back(s, y->x2, w + at->norm2, s->dn, s->dx, grad + at->norm2);
}

static void attention_back(struct net_shard *s, const float *w, int l, float *grad)
{
    const struct net_shape *p = &s->net->shape;
    const struct net_layer *at = &s->net->layer[l];
    const size_t dim = (size_t)p->dim, kv = kv_width(p), n = s->n;
    const struct kept *y = &s->kept[l];
    float *dheads = s->dn, *dq = s->da, *dk = s->db, *dv = s->dc;
    weigh(s, y->heads, s->dx, dim, dim, grad + at->wo);
    project_back(s, s->dx, w + at->wo, dim, dim, dheads);
    memset(dk, 0, n * kv * sizeof *dk);
    memset(dv, 0, n * kv * sizeof *dv);
    for (int i = 0; i < s->sequences; i++)
        for (int h = 0; h < p->heads; h++)
            attend_back(s, y, i, h, dheads, dq, dk, dv);
    rotate(s, dq, p->heads, -1);
    rotate(s, dk, p->kv_heads, -1);
    weigh(s, y->n1, dq, dim, dim, grad + at->wq);
    weigh(s, y->n1, dk, dim, kv, grad + at->wk);
    weigh(s, y->n1, dv, dim, kv, grad + at->wv);
    project_back(s, dq, w + at->wq, dim, dim, s->dn);
    project_back(s, dk, w + at->wk, dim, kv, s->xn);
    add(s->dn, s->xn, n * dim);
    project_back(s, dv, w + at->wv, dim, kv, s->xn);
    add(s->dn, s->xn, n * dim);
    norm_back(s, y->x1, w + at->norm1, s->dn, s->dx, grad + at->norm1);
}

static void embed_back(struct net_shard *s, const uint16_t *tokens, float *grad)
{
    const size_t dim = (size_t)s->net->shape.dim, context = (size_t)s->net->shape.context;
    for (size_t t = 0; t < s->n; t++) {
        const uint16_t id = tokens[t / context * (context + 1) + t % context];
        add(grad + s->net->embed + id * dim, s->dx + t * dim, dim);
    }
}

double net_loss(struct net_shard *s, const float *w, const uint16_t *tokens, float *grad)
{
    const struct net *net = s->net;
    const size_t dim = (size_t)net->shape.dim, vocab = (size_t)net->shape.vocab;
    embed(s, w, tokens);
    for (int l = 0; l < net->shape.layers; l++)
        forward_layer(s, w, l);
    norm(s, s->x, w + net->norm, s->xn);
    project(s, s->xn, w + net->embed, s->n, dim, vocab, s->logits);
    const double loss = judge(s, tokens) / (double)s->n;
    if (grad == NULL)
        return loss;
    weigh(s, s->xn, s->logits, dim, vocab, grad + net->embed);
    project_back(s, s->logits, w + net->embed, dim, vocab, s->dn);
    memset(s->dx, 0, s->n * dim * sizeof *s->dx);
    norm_back(s, s->x, w + net->norm, s->dn, s->dx, grad + net->norm);
    for (int l = net->shape.layers - 1; l >= 0; l--) {
        feed_forward_back(s, w, l, grad);
        attention_back(s, w, l, grad);
    }
    embed_back(s, tokens, grad);
    return loss;
}
