/* Training: stories in, weights out. Two threads each take half of every batch and sum their
 * gradients in a fixed order, so that the same seed gives the same weights on the same kind of
 * processor. AdamW (Loshchilov, Hutter: Decoupled Weight Decay Regularization, 2019), a short
 * warm-up, then a cosine down to a tenth. */
#pragma once

#include "base/err.h"
#include "reference/model/train/bpe.h"
#include "reference/model/train/net.h"

struct train_plan {
    int steps, warm_up;
    int sequences; /* in each half of a batch */
    double rate;   /* the highest learning rate */
    double decay;  /* of matrices; norms have none */
    uint64_t seed; /* of stories and weights */
    int report_every;
};

struct train_point {
    int step;
    double loss, held_out; /* nats a token: of the last batch, and of stories never trained on */
};

struct train_job {
    const struct net *net;
    const struct bpe *bpe;
    struct train_plan plan;
    float *w;                   /* (net->size) the caller's, the result */
    struct train_point *points; /* the caller's: at least plan.steps / plan.report_every + 2 */
    size_t n_points;
    void (*tell)(void *context, const struct train_point *point); /* for each as it is reached */
    void *context;
};

/* Trains from drawn weights. ERR_NOMEM, ERR_IO: a thread could not be started. */
MUST_CHECK enum err_code train(struct train_job *job, struct err *why);

/* Mean loss in nats of `sequences` windows of stories from `seed`. Negative where there is no
 * memory. */
double train_held_out(const struct net *net, const struct bpe *bpe, const float *w, uint64_t seed,
                      int sequences);
