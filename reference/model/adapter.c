#include "reference/model/adapter.h"

#include <stdio.h>
#include <string.h>

/* ---- where a pair belongs ---- */

struct place {
    struct ref_lora *pair;
    const struct ref_matrix *matrix;
    enum ref_lora_kind kind;
};

static const char *const part_names[REF_ADAPTER_PARTS] = {
    [REF_ADAPTER_Q] = "attn_q",      [REF_ADAPTER_K] = "attn_k",
    [REF_ADAPTER_V] = "attn_v",      [REF_ADAPTER_O] = "attn_output",
    [REF_ADAPTER_GATE] = "ffn_gate", [REF_ADAPTER_UP] = "ffn_up",
    [REF_ADAPTER_DOWN] = "ffn_down", [REF_ADAPTER_ROUTER] = "ffn_gate_inp"};

/* NULL where the model has no such matrix, or where it is one of experts. */
static const struct ref_matrix *matrix_of(const struct ref_model *m, const struct ref_layer *w,
                                          enum ref_adapter_part part)
{
    const struct ref_matrix *const all[REF_ADAPTER_PARTS] = {
        [REF_ADAPTER_Q] = &w->q,       [REF_ADAPTER_K] = &w->k,          [REF_ADAPTER_V] = &w->v,
        [REF_ADAPTER_O] = &w->o,       [REF_ADAPTER_GATE] = &w->gate,    [REF_ADAPTER_UP] = &w->up,
        [REF_ADAPTER_DOWN] = &w->down, [REF_ADAPTER_ROUTER] = &w->router};
    const bool of_experts = m->experts > 0 && part >= REF_ADAPTER_GATE && part <= REF_ADAPTER_DOWN;
    return of_experts || all[part]->rows == NULL ? NULL : all[part];
}

static bool find_in_layer(const struct ref_model *m, struct ref_adapter *a, const char *name,
                          struct place *ret)
{
    for (int l = 0; l < m->layers; l++)
        for (int part = 0; part < REF_ADAPTER_PARTS; part++) {
            char known[64];
            snprintf(known, sizeof known, "blk.%d.%s.weight", l, part_names[part]);
            if (strcmp(name, known) != 0)
                continue;
            ret->pair = &a->layer[l].part[part];
            ret->matrix = matrix_of(m, &m->layer[l], (enum ref_adapter_part)part);
            return ret->matrix != NULL;
        }
    return false;
}

static bool find_place(const struct ref_model *m, struct ref_adapter *a, const char *name,
                       struct place *ret)
{
    *ret = (struct place){.kind = REF_LORA_PRODUCT};
    if (strcmp(name, "token_embd.weight") == 0) {
        *ret = (struct place){&a->embed, &m->embed, REF_LORA_EMBEDDING};
        return true;
    }
    if (strcmp(name, "output.weight") == 0) {
        ret->pair = &a->output;
        ret->matrix = &m->output;
        return m->output.rows != m->embed.rows;
    }
    return find_in_layer(m, a, name, ret);
}

/* ---- a file ---- */

/* The name of the matrix: that of the tensor without .lora_a or .lora_b; empty: it has neither. */
static void matrix_name(const struct ref_gguf_file *file, const struct ref_gguf_tensor *t,
                        char ret[REF_GGUF_MAX_NAME + 2])
{
    static const char half[] = ".lora_";
    const uint64_t n = t->name.len, end = sizeof half - 1 + 1; /* and a letter */
    const char *name = (const char *)file->buf + t->name.off;
    ret[0] = '\0';
    if (n <= end || n > REF_GGUF_MAX_NAME + 1 || memcmp(name + n - end, half, end - 1) != 0 ||
        (name[n - 1] != 'a' && name[n - 1] != 'b') || memchr(name, '\0', n) != NULL)
        return;
    memcpy(ret, name, n - end);
    ret[n - end] = '\0';
}

static void widen(struct ref_adapter *a, const struct ref_lora *pair)
{
    const size_t needs = ref_lora_scratch(pair);
    a->scratch = needs > a->scratch ? needs : a->scratch;
}

enum err_code ref_adapter_open(const struct ref_gguf_file *file, const struct ref_model *m,
                               float user_scale, struct ref_adapter_layer *layer,
                               struct ref_adapter *ret, struct err *why)
{
    struct ref_adapter a = {.layer = layer};
    if (file->n_tensors == 0)
        return err_set(why, ERR_NOT_FOUND, "the adapter has no pairs");
    if (ref_gguf_find(file, "adapter.alora.invocation_tokens") != NULL)
        return err_set(why, ERR_UNSUPPORTED,
                       "adapter.alora.invocation_tokens: an adapter that begins at a text");
    memset(layer, 0, (size_t)m->layers * sizeof *layer);
    for (uint64_t i = 0; i < file->n_tensors; i++) {
        const struct ref_gguf_span s = file->tensor[i].name;
        char name[REF_GGUF_MAX_NAME + 2];
        struct place place;
        matrix_name(file, &file->tensor[i], name);
        if (!find_place(m, &a, name, &place))
            return err_set(why, ERR_UNSUPPORTED, "%.*s is no half of a pair for this model",
                           (int)s.len, (const char *)file->buf + s.off);
        const enum err_code rc =
            ref_lora_find(file, name, place.kind, place.matrix, user_scale, place.pair, why);
        if (rc != OK)
            return rc;
        widen(&a, place.pair);
    }
    *ret = a;
    return OK;
}
