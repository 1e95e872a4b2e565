#include "reference/model/gguf_vocab.h"

#include <string.h>

#include "base/bytes.h"

static const struct ref_gguf_kv *array_of(const struct ref_gguf_file *file, const char *key,
                                          uint32_t elem)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(file, key);
    return kv != NULL && kv->type == REF_GGUF_ARRAY && kv->elem == elem ? kv : NULL;
}

enum err_code ref_gguf_vocab_sizes(const struct ref_gguf_file *file, uint32_t *ret_pieces,
                                   uint32_t *ret_merges, struct err *why)
{
    const struct ref_gguf_kv *tokens = array_of(file, "tokenizer.ggml.tokens", REF_GGUF_STRING);
    const struct ref_gguf_kv *merges = array_of(file, "tokenizer.ggml.merges", REF_GGUF_STRING);
    if (file->swapped)
        return err_set(why, ERR_UNSUPPORTED, "the vocabulary of a big-endian file");
    if (tokens == NULL || tokens->n == 0)
        return err_set(why, ERR_NOT_FOUND, "the file has no tokenizer.ggml.tokens");
    if (tokens->n > REF_VOCAB_MAX || (merges != NULL && merges->n > REF_VOCAB_MAX))
        return err_set(why, ERR_TOO_LARGE, "%llu tokens: expected at most %d",
                       (unsigned long long)tokens->n, REF_VOCAB_MAX);
    *ret_pieces = (uint32_t)tokens->n;
    *ret_merges = merges != NULL ? (uint32_t)merges->n : 0;
    return OK;
}

/* ---- what kind ---- */

static bool text_is(const struct ref_gguf_file *file, const char *key, const char *text)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(file, key);
    struct ref_gguf_span s;
    return kv != NULL && ref_gguf_str(file, kv, 0, &s) == REF_GGUF_OK && s.len == strlen(text) &&
           memcmp(file->buf + s.off, text, s.len) == 0;
}

static enum err_code read_kind(const struct ref_gguf_file *file, struct ref_vocab_def *def,
                               struct err *why)
{
    static const struct {
        const char *model;
        enum ref_vocab_kind kind;
    } kinds[] = {{"llama", REF_VOCAB_SPM},
                 {"gpt2", REF_VOCAB_BPE},
                 {"bert", REF_VOCAB_WPM},
                 {"t5", REF_VOCAB_UGM}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (text_is(file, "tokenizer.ggml.model", kinds[i].model)) {
            def->kind = kinds[i].kind;
            return OK;
        }
    return err_set(why, ERR_UNSUPPORTED, "tokenizer.ggml.model: expected llama, gpt2, bert or t5");
}

static enum err_code read_pretok(const struct ref_gguf_file *file, struct ref_vocab_def *def,
                                 struct err *why)
{
    static const struct {
        const char *name;
        enum ref_pretok pretok;
        bool ignore_merges;
    } rows[] = {{"gpt-2", REF_PRETOK_GPT2, false},
                {"llama-bpe", REF_PRETOK_LLAMA3, true},
                {"llama3", REF_PRETOK_LLAMA3, true},
                {"qwen2", REF_PRETOK_QWEN2, false}};
    if (def->kind != REF_VOCAB_BPE)
        return OK;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(file, "tokenizer.ggml.pre", rows[i].name)) {
            def->pretok = rows[i].pretok;
            def->ignore_merges = rows[i].ignore_merges;
            return OK;
        }
    return err_set(why, ERR_UNSUPPORTED, "tokenizer.ggml.pre: expected gpt-2, llama-bpe or qwen2");
}

/* ---- pieces ---- */

static enum err_code read_pieces(const struct ref_gguf_file *file, struct ref_piece *pieces,
                                 struct err *why)
{
    const struct ref_gguf_kv *tokens = array_of(file, "tokenizer.ggml.tokens", REF_GGUF_STRING);
    const struct ref_gguf_kv *scores = array_of(file, "tokenizer.ggml.scores", REF_GGUF_F32);
    const struct ref_gguf_kv *types = array_of(file, "tokenizer.ggml.token_type", REF_GGUF_I32);
    if ((scores != NULL && scores->n != tokens->n) || (types != NULL && types->n != tokens->n))
        return err_set(why, ERR_INVALID, "%llu tokens have other numbers of scores or types",
                       (unsigned long long)tokens->n);
    struct ref_gguf_strings it = ref_gguf_strings(file, tokens);
    struct ref_gguf_span s;
    for (uint32_t i = 0; ref_gguf_strings_next(&it, &s); i++) {
        uint32_t type = REF_PIECE_NORMAL;
        pieces[i] = (struct ref_piece){.text = (const char *)file->buf + s.off};
        if (s.len > REF_PIECE_MAX)
            return err_set(why, ERR_INVALID, "token %u has %llu bytes: expected at most %d", i,
                           (unsigned long long)s.len, REF_PIECE_MAX);
        pieces[i].len = (uint32_t)s.len;
        if (scores != NULL)
            memcpy(&pieces[i].score, file->buf + scores->val.off + 4 * (uint64_t)i, 4);
        if (types != NULL)
            type = rd_u32le(file->buf + types->val.off + 4 * (uint64_t)i);
        if (type > REF_PIECE_BYTE)
            return err_set(why, ERR_INVALID, "token %u is of type %u: expected 1 to 6", i, type);
        pieces[i].type = (uint8_t)type;
    }
    return OK;
}

/* "left right", split at the first space behind the first byte. */
static enum err_code read_merges(const struct ref_gguf_file *file, struct ref_merge *merges,
                                 struct err *why)
{
    const struct ref_gguf_kv *kv = array_of(file, "tokenizer.ggml.merges", REF_GGUF_STRING);
    if (kv == NULL)
        return OK;
    struct ref_gguf_strings it = ref_gguf_strings(file, kv);
    struct ref_gguf_span s;
    for (uint32_t i = 0; ref_gguf_strings_next(&it, &s); i++) {
        const char *text = (const char *)file->buf + s.off;
        const char *space = s.len > 1 ? memchr(text + 1, ' ', s.len - 1) : NULL;
        if (space == NULL || s.len > 2 * REF_PIECE_MAX)
            return err_set(why, ERR_INVALID, "merge %u has no space", i);
        const uint32_t left = (uint32_t)(space - text);
        merges[i] = (struct ref_merge){.left = text,
                                       .right = space + 1,
                                       .left_len = left,
                                       .right_len = (uint32_t)s.len - left - 1};
    }
    return OK;
}

/* ---- ids and switches ---- */

/* `fallback` where the file does not say, -1 where that is none of the n pieces. */
static int32_t id_of(const struct ref_gguf_file *file, const char *key, uint32_t n,
                     int32_t fallback)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(file, key);
    uint64_t id;
    if (kv != NULL && ref_gguf_u64(file, kv, &id) == REF_GGUF_OK && id < n)
        return (int32_t)id;
    return fallback >= 0 && (uint32_t)fallback < n ? fallback : -1;
}

static bool switch_of(const struct ref_gguf_file *file, const char *key, bool fallback)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(file, key);
    uint64_t value;
    return kv != NULL && ref_gguf_u64(file, kv, &value) == REF_GGUF_OK ? value != 0 : fallback;
}

static void read_ids(const struct ref_gguf_file *file, struct ref_vocab_def *def)
{
    static const struct {
        int32_t bos, eos, unk;
    } usual[] = {[REF_VOCAB_SPM] = {1, 2, 0},
                 [REF_VOCAB_BPE] = {11, 11, -1},
                 [REF_VOCAB_WPM] = {101, 102, 100},
                 [REF_VOCAB_UGM] = {-1, 1, 2}};
    const char *eos = def->kind == REF_VOCAB_WPM ? "tokenizer.ggml.seperator_token_id"
                                                 : "tokenizer.ggml.eos_token_id";
    const uint32_t n = def->n_pieces;
    def->bos = id_of(file, "tokenizer.ggml.bos_token_id", n, usual[def->kind].bos);
    def->eos = id_of(file, eos, n, usual[def->kind].eos);
    def->unk = id_of(file, "tokenizer.ggml.unknown_token_id", n, usual[def->kind].unk);
}

/* What a file does not say depends on its kind; what it asks for without a piece to put cannot be.
 */
static void read_switches(const struct ref_gguf_file *file, struct ref_vocab_def *def)
{
    const bool spm = def->kind == REF_VOCAB_SPM, wpm = def->kind == REF_VOCAB_WPM;
    const bool llama3 = def->kind == REF_VOCAB_BPE && def->pretok == REF_PRETOK_LLAMA3;
    const char *eos = wpm ? "tokenizer.ggml.add_sep_token" : "tokenizer.ggml.add_eos_token";
    def->add_bos = switch_of(file, "tokenizer.ggml.add_bos_token", spm || wpm || llama3);
    def->add_eos = switch_of(file, eos, wpm || def->kind == REF_VOCAB_UGM);
    def->add_bos = def->add_bos && def->bos >= 0;
    def->add_eos = def->add_eos && def->eos >= 0;
    def->add_space_prefix = switch_of(file, "tokenizer.ggml.add_space_prefix", spm);
    def->merge_spaces = switch_of(file, "tokenizer.ggml.remove_extra_whitespaces", false);
}

/* Bytes, whether the file calls them u8 or i8. */
static void read_charsmap(const struct ref_gguf_file *file, struct ref_vocab_def *def)
{
    const char *key = "tokenizer.ggml.precompiled_charsmap";
    const struct ref_gguf_kv *kv = array_of(file, key, REF_GGUF_U8);
    kv = kv != NULL ? kv : array_of(file, key, REF_GGUF_I8);
    if (kv == NULL || def->kind != REF_VOCAB_UGM)
        return;
    def->charsmap = file->buf + kv->val.off;
    def->charsmap_bytes = kv->val.len;
}

enum err_code ref_gguf_vocab(const struct ref_gguf_file *file, struct ref_piece *pieces,
                             struct ref_merge *merges, struct ref_vocab_def *ret, struct err *why)
{
    struct ref_vocab_def def = {.piece = pieces, .merge = merges};
    enum err_code rc = ref_gguf_vocab_sizes(file, &def.n_pieces, &def.n_merges, why);
    if (rc == OK)
        rc = read_kind(file, &def, why);
    if (rc == OK)
        rc = read_pretok(file, &def, why);
    if (rc == OK)
        rc = read_pieces(file, pieces, why);
    if (rc == OK)
        rc = read_merges(file, merges, why);
    if (rc != OK)
        return rc;
    read_ids(file, &def);
    read_switches(file, &def);
    read_charsmap(file, &def);
    *ret = def;
    return OK;
}
