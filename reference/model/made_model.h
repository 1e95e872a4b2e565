/* For tests: a model's file, put together from what a test wants to be in it. What cannot be made
 * is a fault of the test, and an assert says so. */
#pragma once

#include "base/arena.h"
#include "reference/gguf/gguf_write.h"
#include "reference/model/model.h"
#include "reference/model/train/net.h"

enum { MADE_KEYS = 32, MADE_TENSORS = 64 };

struct made {
    struct arena a; /* owns all that follows */
    struct net net; /* the shape, and where its weights lie in an array */
    struct ref_gguf_kv_model kv[MADE_KEYS];
    struct ref_gguf_tensor_model tensor[MADE_TENSORS];
    size_t n_kv, n_tensors;
    struct ref_gguf_file file;
    struct ref_model model;
    struct ref_layer layer[NET_LAYERS_MAX];
};

/* One key more; the key's text is borrowed, the value copied. */
void made_text(struct made *m, const char *key, const char *text);
void made_count(struct made *m, const char *key, uint32_t value);
void made_number(struct made *m, const char *key, float value);
void made_texts(struct made *m, const char *key, const char *const *texts, size_t n);

/* One tensor more: w (depth, out, in) in this type; out 0: a vector. */
void made_tensor(struct made *m, const char *name, uint32_t type, const float *w, size_t in,
                 size_t out, size_t depth);

/* An empty file, and one with the keys of an architecture in the shape of a net. done: made_done */
void made_empty(struct made *m, const struct net *net);
void made_begin(struct made *m, const struct net *net, const char *arch);
void made_done(struct made *m);

/* All tensors of the net, matrices in this type. With experts their parts are the net's own, but
 * the way down of expert e is 1 + e times as much; the routers are the test's to add. */
void made_net(struct made *m, const float *w, uint32_t type, size_t experts);

/* Writes and reads m->file, at an address divisible by 64; m->model is what opening it gives. */
void made_file(struct made *m);
MUST_CHECK enum err_code made_model(struct made *m, struct err *why);

/* A whole model of the llama kind. */
void made_llama(struct made *m, const struct net *net, const float *w, uint32_t type);

/* Weights of a net that are far enough apart for tokens to differ; the arena's. */
float *made_weights(struct arena *a, const struct net *net, uint64_t seed);
