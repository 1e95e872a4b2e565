/* Which type each tensor of a model gets in a file of a given kind: Q4_K_M is not a type but a
 * mixture, chosen by the tensor's name and layer.
 *
 * The rules are those of llama_tensor_get_type_impl and of what surrounds it in llama.cpp's
 * src/llama-quant.cpp, but for its exceptions for the Falcon architecture and for what its command
 * line can override. In short: a mixture gives more bits to attn_v and ffn_down, most of all in the
 * first and the last eighth of the layers and in every third between, and 6 bits to the output.
 *
 * The rules count: the tensors must come in llama.cpp's order, those outside of layers first, then
 * by layer, and within a layer by name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The value of the key general.file_type. */
enum ref_file_type {
#define FILE_TYPE(NAME, value, type) REF_FILE_##NAME = value,
#include "reference/quant/file_type.def"
#undef FILE_TYPE
};

/* "Q4_K_M"; NULL: none of ours. */
const char *ref_file_type_name(uint32_t file_type);

/* The file type of a name, written as above; false: there is none. */
bool ref_file_type_named(const char *name, uint32_t *ret_file_type);

/* What the rules want to know of a model, by the keys of its file. */
struct ref_mixture_model {
    uint32_t layers;          /* block_count */
    uint32_t experts;         /* expert_count, 0 where there is none */
    uint32_t heads, kv_heads; /* attention.head_count, .head_count_kv */
    bool importance;          /* whether importance weights are at hand */
};

/* A walk over the tensors. Nothing in it is to be read or written by others. */
struct ref_mixture {
    struct ref_mixture_model model;
    enum ref_file_type file_type;
    uint32_t type;             /* of most tensors */
    bool tied;                 /* no output.weight: token_embd.weight serves as output */
    uint32_t attn_v_total;     /* tensors that count as attn_v */
    uint32_t attn_v, ffn_down; /* seen so far */
};

enum { REF_MIXTURE_LAYERS_MAX = 65536 };

/* Begins before the first tensor.
 *   names  (n)  of all tensors of the model, in any order; borrowed during the call
 * ERR_UNSUPPORTED: not a file type of ours. ERR_RANGE: no layers or more than
 * REF_MIXTURE_LAYERS_MAX, or no heads. */
MUST_CHECK enum err_code ref_mixture_init(struct ref_mixture *ret, uint32_t file_type,
                                          const struct ref_mixture_model *model,
                                          const char *const *names, size_t n, struct err *why);

/* A tensor: `dims` counts the dimensions up to the last that is not 1. */
struct ref_mixture_tensor {
    const char *name;
    uint32_t dims;
    uint64_t columns; /* of a row: its first dimension */
    uint32_t type;    /* that it has now, a type of ggml's */
};

/* The type that the next tensor gets: an enum ref_quant_id, or its own where the rules leave it
 * alone, as they do vectors, norms, convolutions, what chooses experts, and all that does not end
 * in "weight". Where a row does not fill blocks of 256 the type falls back to one with blocks of
 * 32; where it does not fill those, to F16 (llama.cpp refuses a model if 32 is what it began with).
 * ERR_RANGE: a model with experts has an ffn tensor outside of its layers. */
MUST_CHECK enum err_code ref_mixture_next(struct ref_mixture *mixture,
                                          const struct ref_mixture_tensor *tensor,
                                          uint32_t *ret_type, struct err *why);
