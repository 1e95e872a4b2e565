#include "reference/quant/mixture.h"

#include <string.h>

#include "reference/quant/quant.h"

static const struct file_type {
    const char *name;
    uint32_t value, type;
} file_types[] = {
#define FILE_TYPE(NAME, value, type) {#NAME, value, REF_##type},
#include "reference/quant/file_type.def"
#undef FILE_TYPE
};
enum { FILE_TYPES = sizeof file_types / sizeof file_types[0] };

static const struct file_type *find(uint32_t value)
{
    for (int i = 0; i < FILE_TYPES; i++)
        if (file_types[i].value == value)
            return &file_types[i];
    return NULL;
}

const char *ref_file_type_name(uint32_t file_type)
{
    const struct file_type *t = find(file_type);
    return t ? t->name : NULL;
}

bool ref_file_type_named(const char *name, uint32_t *ret_file_type)
{
    for (int i = 0; i < FILE_TYPES; i++)
        if (strcmp(file_types[i].name, name) == 0) {
            *ret_file_type = file_types[i].value;
            return true;
        }
    return false;
}

/* ---- what a name says ---- */

enum role { ATTN_V, ATTN_K, ATTN_OUTPUT, FFN_UP_OR_GATE, FFN_DOWN, TOKEN_EMBD, OUTPUT, OTHER };

static enum role role_of(const char *name)
{
    static const struct {
        const char *part;
        enum role role;
    } parts[] = {
        /* the first that is found counts */
        {"attn_qkv.weight", ATTN_V},         {"attn_kv_b.weight", ATTN_V},
        {"attn_v.weight", ATTN_V},           {"attn_k.weight", ATTN_K},
        {"attn_output.weight", ATTN_OUTPUT}, {"ffn_up", FFN_UP_OR_GATE},
        {"ffn_gate", FFN_UP_OR_GATE},        {"ffn_down", FFN_DOWN},
    };
    if (strcmp(name, "output.weight") == 0)
        return OUTPUT;
    if (strcmp(name, "token_embd.weight") == 0 || strcmp(name, "per_layer_token_embd.weight") == 0)
        return TOKEN_EMBD;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(name, parts[i].part))
            return parts[i].role;
    return OTHER;
}

/* Small tensors, and those that errors would spoil. */
static bool is_left_alone(const struct ref_mixture_tensor *tensor)
{
    static const char *const parts[] = {
        "_norm.weight",
        "ffn_gate_inp.weight",
        "ffn_gate_tid2eid.weight",
        "altup",
        "laurel",
        "per_layer_model_proj",
        "ssm_conv1d",
        "shortconv.conv.weight",
        "indexer.k_proj.weight",
        "indexer.q_proj.weight",
        "time_mix_first.weight",
        "time_mix_w0.weight",
        "time_mix_w1.weight",
        "time_mix_w2.weight",
        "time_mix_v0.weight",
        "time_mix_v1.weight",
        "time_mix_v2.weight",
        "time_mix_a0.weight",
        "time_mix_a1.weight",
        "time_mix_a2.weight",
        "time_mix_g1.weight",
        "time_mix_g2.weight",
        "time_mix_decay_w1.weight",
        "time_mix_decay_w2.weight",
        "time_mix_lerp_fused.weight",
        "attn_rel_b.weight",
        ".position_embd",
        "sam.pos_embd",
        "sam.neck.",
        "sam.net_",
        ".rel_pos",
        ".patch_embd",
        ".patch_merger",
        "a.rvq.codebook",
        "mm.a.code_embd",
    };
    static const char end[] = "weight";
    const size_t length = strlen(tensor->name);
    if (tensor->dims < 2 || length < sizeof end - 1 ||
        strcmp(tensor->name + length - (sizeof end - 1), end) != 0)
        return true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(tensor->name, parts[i]))
            return true;
    return strcmp(tensor->name, "position_embd.weight") == 0 ||
           strcmp(tensor->name, "token_types.weight") == 0;
}

/* The number in "blk.17."; -1: there is none, or it is no layer. */
static int64_t layer_in(const char *name, uint32_t layers)
{
    static const char start[] = "blk.";
    int64_t layer = 0;
    if (strncmp(name, start, sizeof start - 1) != 0)
        return -1;
    const char *digit = name + sizeof start - 1;
    if (*digit < '0' || *digit > '9')
        return -1;
    for (; *digit >= '0' && *digit <= '9' && layer < layers; digit++)
        layer = layer * 10 + (*digit - '0');
    return *digit == '.' && layer < layers ? layer : -1;
}

/* ---- the rules, by role ---- */

/* The first and the last eighth, and every third of the rest. */
static bool wants_more_bits(int64_t i, int64_t n)
{
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

static uint32_t output_type(const struct ref_mixture *m, uint64_t columns)
{
    if (m->file_type == REF_FILE_MXFP4_MOE || columns % ref_quant_find(m->type)->weights != 0)
        return REF_Q8_0;
    return m->type == REF_Q8_0 ? REF_Q8_0 : REF_Q6_K;
}

static uint32_t attn_v_by_file_type(const struct ref_mixture *m)
{
    const bool shared = m->model.heads / m->model.kv_heads >= 4;
    switch (m->file_type) {
    case REF_FILE_Q2_K:
        return shared ? REF_Q4_K : REF_Q3_K;
    case REF_FILE_Q2_K_S:
        return shared ? REF_Q4_K : m->type;
    case REF_FILE_Q3_K_M:
        return m->attn_v < 2 ? REF_Q5_K : REF_Q4_K;
    case REF_FILE_Q3_K_L:
        return REF_Q5_K;
    case REF_FILE_IQ4_NL:
    case REF_FILE_IQ4_XS:
        return shared ? REF_Q5_K : m->type;
    case REF_FILE_Q4_K_M:
    case REF_FILE_Q5_K_M:
        return wants_more_bits(m->attn_v, m->attn_v_total) ? REF_Q6_K : m->type;
    case REF_FILE_Q4_K_S:
        return m->attn_v < 4 ? REF_Q5_K : m->type;
    default:
        return m->type;
    }
}

/* The 70B models have 80 layers and few, large value heads: more bits cost them little. */
static uint32_t attn_v_type(const struct ref_mixture *m)
{
    const uint32_t type = attn_v_by_file_type(m);
    if (m->model.experts == 8)
        return REF_Q8_0;
    if (m->model.layers == 80 && m->model.heads != m->model.kv_heads &&
        (type == REF_Q3_K || type == REF_Q4_K))
        return REF_Q5_K;
    return type;
}

static uint32_t attn_output_type(const struct ref_mixture *m)
{
    const bool eight = m->model.experts == 8;
    switch (m->file_type) {
    case REF_FILE_Q2_K:
        return eight ? REF_Q5_K : REF_Q3_K;
    case REF_FILE_Q3_K_M:
        return eight ? REF_Q5_K : REF_Q4_K;
    case REF_FILE_Q3_K_L:
        return eight ? m->type : REF_Q5_K;
    case REF_FILE_Q3_K_S:
    case REF_FILE_Q4_K_S:
    case REF_FILE_Q4_K_M:
    case REF_FILE_IQ4_NL:
    case REF_FILE_IQ4_XS:
        return eight ? REF_Q5_K : m->type;
    default:
        return m->type;
    }
}

static uint32_t ffn_down_type(const struct ref_mixture *m, int64_t i)
{
    const int64_t n = m->model.layers;
    const bool first = i < n / 8;
    switch (m->file_type) {
    case REF_FILE_Q2_K:
        return REF_Q3_K;
    case REF_FILE_Q2_K_S:
        return first ? REF_Q4_K : m->type;
    case REF_FILE_Q3_K_M:
        return i < n / 16 ? REF_Q5_K : REF_Q4_K;
    case REF_FILE_Q3_K_L:
        return REF_Q5_K;
    case REF_FILE_Q4_K_M:
    case REF_FILE_Q5_K_M:
        return wants_more_bits(i, n) ? REF_Q6_K : m->type;
    case REF_FILE_Q4_K_S:
        return first ? REF_Q5_K : m->type;
    case REF_FILE_IQ4_NL:
    case REF_FILE_IQ4_XS:
        return first && !m->model.importance ? REF_Q5_K : m->type;
    case REF_FILE_Q4_0:
        return first && m->model.importance ? REF_Q4_1 : m->type;
    case REF_FILE_Q5_0:
        return first && m->model.importance ? REF_Q5_1 : m->type;
    default:
        return m->type;
    }
}

static uint32_t type_for(struct ref_mixture *m, const struct ref_mixture_tensor *tensor,
                         enum role role, int64_t layer)
{
    uint32_t type = m->type;
    if (role == OUTPUT || (role == TOKEN_EMBD && m->tied))
        return output_type(m, tensor->columns);
    if (m->file_type == REF_FILE_MXFP4_MOE)
        return tensor->dims > 2 ? REF_MXFP4 : REF_Q8_0;
    if (role == TOKEN_EMBD && (m->type == REF_TQ1_0 || m->type == REF_TQ2_0))
        return REF_Q4_K;
    if (role == ATTN_V) {
        type = attn_v_type(m);
        m->attn_v++;
    } else if (role == ATTN_K && m->model.experts == 8) {
        type = REF_Q8_0;
    } else if (role == FFN_DOWN) {
        type = ffn_down_type(m, layer);
        m->ffn_down++;
    } else if (role == ATTN_OUTPUT) {
        type = attn_output_type(m);
    }
    return type;
}

/* ---- rows that do not fill blocks ---- */

static uint32_t with_smaller_blocks(uint32_t type)
{
    switch (type) {
    case REF_IQ4_XS:
        return REF_IQ4_NL;
    case REF_Q2_K:
    case REF_Q3_K:
    case REF_TQ1_0:
    case REF_TQ2_0:
        return REF_Q4_0;
    case REF_Q4_K:
        return REF_Q5_0;
    case REF_Q5_K:
        return REF_Q5_1;
    case REF_Q6_K:
        return REF_Q8_0;
    default:
        return REF_F16;
    }
}

static uint32_t that_fits(uint32_t type, uint64_t columns)
{
    if (columns % ref_quant_find(type)->weights == 0)
        return type;
    type = with_smaller_blocks(type);
    return columns % ref_quant_find(type)->weights == 0 ? type : REF_F16;
}

/* ---- the walk ---- */

enum err_code ref_mixture_init(struct ref_mixture *ret, uint32_t file_type,
                               const struct ref_mixture_model *model, const char *const *names,
                               size_t n, struct err *why)
{
    const struct file_type *t = find(file_type);
    if (!t)
        return err_set(why, ERR_UNSUPPORTED, "file type %u is not one that we can make", file_type);
    if (model->layers == 0 || model->layers > REF_MIXTURE_LAYERS_MAX)
        return err_set(why, ERR_RANGE, "a model of %u layers: 1 to %d are possible", model->layers,
                       REF_MIXTURE_LAYERS_MAX);
    if (model->heads == 0 || model->kv_heads == 0)
        return err_set(why, ERR_RANGE, "a model of %u heads and %u for keys and values",
                       model->heads, model->kv_heads);
    *ret = (struct ref_mixture){
        .model = *model, .file_type = (enum ref_file_type)file_type, .type = t->type, .tied = true};
    for (size_t i = 0; i < n; i++) {
        const enum role role = role_of(names[i]);
        ret->attn_v_total += role == ATTN_V;
        ret->tied = ret->tied && role != OUTPUT;
    }
    return OK;
}

enum err_code ref_mixture_next(struct ref_mixture *mixture, const struct ref_mixture_tensor *tensor,
                               uint32_t *ret_type, struct err *why)
{
    const enum role role = role_of(tensor->name);
    int64_t layer = mixture->ffn_down; /* with experts, names may come in another order */
    if (is_left_alone(tensor)) {
        *ret_type = tensor->type;
        return OK;
    }
    if (ref_quant_find(mixture->type)->weights == 1) { /* F32, F16, BF16: no mixtures */
        *ret_type = mixture->type;
        return OK;
    }
    if (mixture->model.experts > 1 && (role == FFN_DOWN || role == FFN_UP_OR_GATE)) {
        layer = layer_in(tensor->name, mixture->model.layers);
        if (layer < 0)
            return err_set(why, ERR_RANGE, "tensor %s is in none of %u layers", tensor->name,
                           mixture->model.layers);
    }
    *ret_type = that_fits(type_for(mixture, tensor, role, layer), tensor->columns);
    return OK;
}
