#include "reference/model/train/train.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "reference/model/train/story.h"

enum {
    HALVES = 2,
    ARENA_BYTES = 1 << 30,
    STORY_IDS = 2048,
    HELD_OUT_SEQUENCES = 8,
};

/* ---- batches ---- */

/* Stories without end, as ids: each begins behind the end of the one before. */
struct stream {
    const struct bpe *bpe;
    struct rng rng;
    uint16_t ids[STORY_IDS];
    size_t n, at;
};

static void next_story(struct stream *s)
{
    struct str text;
    str_init(&text, 8192);
    story_tell(&s->rng, &text);
    s->ids[0] = BPE_END;
    s->n = 1 + bpe_ids_of(s->bpe, text.text, text.length, s->ids + 1, STORY_IDS - 1);
    s->at = 0;
    str_done(&text);
}

static void fill(struct stream *s, uint16_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s->at == s->n)
            next_story(s);
        ids[i] = s->ids[s->at++];
    }
}

/* Consecutive windows share the token between them. */
static void fill_batch(struct stream *s, const struct net *net, int sequences, uint16_t *tokens)
{
    const size_t window = (size_t)net->shape.context + 1;
    for (int i = 0; i < sequences; i++, tokens += window) {
        fill(s, tokens, window);
        s->at--;
    }
}

/* ---- halves ---- */

struct half {
    struct net_shard *shard;
    struct stream stream;
    uint16_t *tokens;
    float *grad;
    double loss;
    const float *w;
    const struct net *net;
    int sequences;
};

static void *run_half(void *argument)
{
    struct half *h = argument;
    fill_batch(&h->stream, h->net, h->sequences, h->tokens);
    h->loss = net_loss(h->shard, h->w, h->tokens, h->grad);
    return NULL;
}

static enum err_code open_half(struct half *h, const struct net *net, const struct bpe *bpe,
                               const struct train_plan *plan, uint64_t seed, const float *w,
                               struct arena *a, struct err *why)
{
    const size_t window = (size_t)net->shape.context + 1;
    *h = (struct half){
        .stream = {.bpe = bpe, .rng = {seed}}, .net = net, .w = w, .sequences = plan->sequences};
    h->shard = net_shard_new(net, plan->sequences, a);
    h->tokens = arena_array(a, window * (size_t)plan->sequences, sizeof *h->tokens);
    h->grad = arena_array(a, net->size, sizeof *h->grad);
    if (h->shard == NULL || h->tokens == NULL || h->grad == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a batch of %d windows", plan->sequences);
    return OK;
}

static enum err_code run_halves(struct half half[HALVES], struct err *why)
{
    pthread_t other;
    const int rc = pthread_create(&other, NULL, run_half, &half[1]);
    if (rc != 0)
        return err_sys(why, ERR_IO, rc, "a thread of the trainer");
    run_half(&half[0]);
    pthread_join(other, NULL);
    return OK;
}

/* ---- AdamW ---- */

struct adam {
    float *mean, *square; /* (size) */
    bool *decays;         /* (size): matrices do */
};

static void mark_matrices(const struct net *net, bool *decays)
{
    const size_t dim = (size_t)net->shape.dim;
    memset(decays, 1, net->size);
    memset(decays + net->norm, 0, dim);
    for (int l = 0; l < net->shape.layers; l++) {
        memset(decays + net->layer[l].norm1, 0, dim);
        memset(decays + net->layer[l].norm2, 0, dim);
    }
}

static enum err_code adam_open(struct adam *adam, const struct net *net, struct arena *a,
                               struct err *why)
{
    adam->mean = arena_array(a, net->size, sizeof(float));
    adam->square = arena_array(a, net->size, sizeof(float));
    adam->decays = arena_array(a, net->size, sizeof(bool));
    if (adam->mean == NULL || adam->square == NULL || adam->decays == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the optimizer");
    memset(adam->mean, 0, net->size * sizeof(float));
    memset(adam->square, 0, net->size * sizeof(float));
    mark_matrices(net, adam->decays);
    return OK;
}

static double rate_at(const struct train_plan *plan, int step)
{
    if (step < plan->warm_up)
        return plan->rate * (step + 1) / plan->warm_up;
    const double through = (double)(step - plan->warm_up) / (plan->steps - plan->warm_up);
    return plan->rate * (0.1 + 0.45 * (1 + cos(3.14159265358979323846 * through)));
}

/* The mean of both halves, shortened to length 1. */
static void join_gradients(struct half half[HALVES], size_t n)
{
    double squares = 0;
    float *g = half[0].grad;
    for (size_t i = 0; i < n; i++) {
        g[i] = 0.5f * (g[i] + half[1].grad[i]);
        squares += (double)g[i] * (double)g[i];
    }
    const float shrink = squares > 1 ? (float)(1 / sqrt(squares)) : 1;
    for (size_t i = 0; i < n; i++)
        g[i] *= shrink;
}

static void adam_step(struct adam *adam, const struct train_plan *plan, int step, const float *grad,
                      float *w, size_t n)
{
    static const float b1 = 0.9f, b2 = 0.95f, tiny = 1e-8f;
    const float rate = (float)rate_at(plan, step), decay = rate * (float)plan->decay;
    const float fix1 = 1 / (1 - powf(b1, (float)step + 1));
    const float fix2 = 1 / (1 - powf(b2, (float)step + 1));
    for (size_t i = 0; i < n; i++) {
        adam->mean[i] = b1 * adam->mean[i] + (1 - b1) * grad[i];
        adam->square[i] = b2 * adam->square[i] + (1 - b2) * grad[i] * grad[i];
        const float move = adam->mean[i] * fix1 / (sqrtf(adam->square[i] * fix2) + tiny);
        w[i] -= rate * move + (adam->decays[i] ? decay * w[i] : 0);
    }
}

/* ---- the loop ---- */

double train_held_out(const struct net *net, const struct bpe *bpe, const float *w, uint64_t seed,
                      int sequences)
{
    struct arena a;
    struct half h;
    double loss = -1;
    const struct train_plan plan = {.sequences = sequences};
    arena_init(&a, ARENA_BYTES);
    if (open_half(&h, net, bpe, &plan, seed, w, &a, NULL) == OK) {
        fill_batch(&h.stream, net, sequences, h.tokens);
        loss = net_loss(h.shard, w, h.tokens, NULL);
    }
    arena_done(&a);
    return loss;
}

static void report(struct train_job *job, const struct half half[HALVES], int step)
{
    struct train_point *p = &job->points[job->n_points++];
    *p = (struct train_point){.step = step, .loss = 0.5 * (half[0].loss + half[1].loss)};
    p->held_out =
        train_held_out(job->net, job->bpe, job->w, job->plan.seed + 1000, HELD_OUT_SEQUENCES);
    job->tell(job->context, p);
}

static enum err_code loop(struct train_job *job, struct half half[HALVES], struct adam *adam,
                          struct err *why)
{
    const struct train_plan *plan = &job->plan;
    for (int step = 0; step <= plan->steps; step++) {
        const enum err_code rc = run_halves(half, why);
        if (rc != OK)
            return rc;
        if (step % plan->report_every == 0 || step == plan->steps)
            report(job, half, step);
        if (step == plan->steps)
            break;
        join_gradients(half, job->net->size);
        adam_step(adam, plan, step, half[0].grad, job->w, job->net->size);
    }
    return OK;
}

enum err_code train(struct train_job *job, struct err *why)
{
    struct arena a;
    struct half half[HALVES];
    struct adam adam;
    const uint64_t seed = job->plan.seed;
    arena_init(&a, 2 * (size_t)ARENA_BYTES);
    job->n_points = 0;
    net_draw(job->net, seed, job->w);
    enum err_code rc = adam_open(&adam, job->net, &a, why);
    for (uint64_t i = 0; i < HALVES && rc == OK; i++)
        rc = open_half(&half[i], job->net, job->bpe, &job->plan, seed + 1 + i, job->w, &a, why);
    if (rc == OK)
        rc = loop(job, half, &adam, why);
    arena_done(&a);
    return rc;
}
