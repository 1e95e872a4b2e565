/* A Llama in float32 that can be trained: forward, loss and gradients of one batch. The backward
 * pass is written by hand, operation by operation, in the reverse order of the forward one.
 *
 * All weights are one array, so that an optimizer sees a vector; a shard holds everything that one
 * thread needs for its part of a batch. Embedding and output share their matrix. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct net_shape {
    int vocab, dim, ff, layers, heads, kv_heads, context;
    float rope_base, eps;
};

/* Where a layer's matrices lie in the array of weights; all are [out][in]. */
struct net_layer {
    size_t norm1, wq, wk, wv, wo; /* (dim) (dim, dim) (kv, dim) (kv, dim) (dim, dim) */
    size_t norm2, gate, up, down; /* (dim) (ff, dim) (ff, dim) (dim, ff) */
};

enum { NET_LAYERS_MAX = 8 };
struct net {
    struct net_shape shape;
    struct net_layer layer[NET_LAYERS_MAX];
    size_t embed, norm; /* (vocab, dim) (dim) */
    size_t size;        /* floats in all */
};

void net_init(struct net *net, const struct net_shape *shape);

/* Normal numbers of a deviation that keeps the size of what passes; norms are ones.
 *   w (size) */
void net_draw(const struct net *net, uint64_t seed, float *w);

struct net_shard;
/* NULL where there is no memory. Freed with the arena. */
struct net_shard *net_shard_new(const struct net *net, int sequences, struct arena *a);

/* Mean loss in nats of predicting tokens[s][t + 1] from tokens[s][.. t], for all sequences.
 *   tokens (sequences, context + 1)
 *   grad (size) or NULL: the gradient of the mean loss, overwritten */
double net_loss(struct net_shard *shard, const float *w, const uint16_t *tokens, float *grad);
