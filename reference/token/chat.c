#include "reference/token/chat.h"

#include <string.h>

typedef struct ref_chat_message message;
typedef struct ref_chat_text text;

/* A rendering under way; its first `skip` bytes are counted apart and go nowhere. */
struct writer {
    struct ref_chat_out *out;
    size_t skip, total;
    char last;    /* byte written */
    bool special; /* the last segment is */
};

static void put_segment(struct writer *w, size_t n, bool special)
{
    struct ref_chat_out *o = w->out;
    if (o->n_seg > 0 && w->special == special) {
        if (o->n_seg <= o->cap_seg)
            o->seg[o->n_seg - 1].len += (uint32_t)n;
        return;
    }
    w->special = special;
    if (o->n_seg < o->cap_seg)
        o->seg[o->n_seg] = (struct ref_chat_segment){
            .off = (uint32_t)o->n, .len = (uint32_t)n, .special = special};
    o->n_seg++;
}

static void put(struct writer *w, text t, bool special)
{
    struct ref_chat_out *o = w->out;
    if (t.n == 0)
        return;
    w->last = t.bytes[t.n - 1];
    const size_t begin = w->total < w->skip ? w->skip - w->total : 0;
    w->total += t.n;
    if (begin >= t.n)
        return;
    t.bytes += begin;
    t.n -= begin;
    put_segment(w, t.n, special);
    if (o->n < o->cap)
        memcpy(o->ret + o->n, t.bytes, t.n < o->cap - o->n ? t.n : o->cap - o->n);
    o->n += t.n;
}

static text of(const char *s)
{
    return (text){.bytes = s, .n = strlen(s)};
}

static void plain(struct writer *w, const char *s)
{
    put(w, of(s), false);
}

static void special(struct writer *w, const char *s)
{
    put(w, of(s), true);
}

static bool is(text t, const char *s)
{
    return t.n == strlen(s) && memcmp(t.bytes, s, t.n) == 0;
}

/* isspace of the C locale, for bytes of any value. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static text trim(text t)
{
    while (t.n > 0 && is_space(t.bytes[0])) {
        t.bytes++;
        t.n--;
    }
    while (t.n > 0 && is_space(t.bytes[t.n - 1]))
        t.n--;
    return t;
}

/* ---- one message of each family; those with turns return whether one is open behind it ---- */

static void put_chatml(struct writer *w, const message *m)
{
    special(w, "<|im_start|>");
    put(w, m->role, false);
    plain(w, "\n");
    put(w, m->content, false);
    special(w, "<|im_end|>");
    plain(w, "\n");
}

static void put_llama3_header(struct writer *w, text role)
{
    special(w, "<|start_header_id|>");
    put(w, role, false);
    special(w, "<|end_header_id|>");
    plain(w, "\n\n");
}

static void put_llama3(struct writer *w, const message *m)
{
    put_llama3_header(w, m->role);
    put(w, trim(m->content), false);
    special(w, "<|eot_id|>");
}

/* A role of the user's own making is text, however it looks. */
static void put_phi3(struct writer *w, const message *m)
{
    const bool known = is(m->role, "system") || is(m->role, "user") || is(m->role, "assistant");
    put(w, of("<|"), known);
    put(w, m->role, known);
    put(w, of("|>"), known);
    plain(w, "\n");
    put(w, m->content, false);
    special(w, "<|end|>");
    plain(w, "\n");
}

/* System texts of m[from..to), joined, and two newlines if that is anything. */
static void put_waiting(struct writer *w, const message *m, size_t from, size_t to)
{
    const size_t before = w->total;
    for (size_t i = from; i < to; i++)
        if (is(m[i].role, "system"))
            put(w, trim(m[i].content), false);
    if (w->total > before)
        plain(w, "\n\n");
}

static void put_gemma(struct writer *w, const message *m, size_t n)
{
    size_t waiting = 0; /* the first message whose system text may be waiting */
    for (size_t i = 0; i < n; i++) {
        const text role = is(m[i].role, "assistant") ? of("model") : m[i].role;
        if (is(role, "system"))
            continue;
        special(w, "<start_of_turn>");
        put(w, role, false);
        plain(w, "\n");
        if (!is(role, "model")) {
            put_waiting(w, m, waiting, i);
            waiting = i + 1;
        }
        put(w, trim(m[i].content), false);
        special(w, "<end_of_turn>");
        plain(w, "\n");
    }
}

static bool put_llama2(struct writer *w, enum ref_chat_format f, const message *m)
{
    const text content = f == REF_CHAT_LLAMA2_SYS_STRIP ? trim(m->content) : m->content;
    const bool system = is(m->role, "system"), user = is(m->role, "user");
    if (system && f != REF_CHAT_LLAMA2)
        plain(w, "<<SYS>>\n");
    put(w, content, false);
    if (system)
        plain(w, f != REF_CHAT_LLAMA2 ? "\n<</SYS>>\n\n" : "\n");
    else if (user)
        plain(w, " [/INST]");
    else
        special(w, "</s>");
    return system || user;
}

static bool put_mistral(struct writer *w, enum ref_chat_format f, const message *m)
{
    const bool v1 = f == REF_CHAT_MISTRAL_V1;
    if (is(m->role, "system")) {
        put(w, m->content, false);
        plain(w, "\n\n");
        return true;
    }
    if (is(m->role, "user")) {
        put(w, m->content, false);
        plain(w, v1 ? " " : "");
        put(w, of("[/INST]"), !v1);
        return true;
    }
    plain(w, f == REF_CHAT_MISTRAL_V3_TEKKEN ? "" : " ");
    put(w, f == REF_CHAT_MISTRAL_V3 ? trim(m->content) : m->content, false);
    special(w, "</s>");
    return false;
}

static void open_turn(struct writer *w, enum ref_chat_format f)
{
    const bool llama2 = f < REF_CHAT_MISTRAL_V1, v1 = f == REF_CHAT_MISTRAL_V1;
    if (f == REF_CHAT_LLAMA2_SYS_BOS)
        special(w, "<s>");
    plain(w, v1 ? " " : "");
    put(w, of("[INST]"), !llama2 && !v1);
    plain(w, f == REF_CHAT_MISTRAL_V3_TEKKEN ? "" : " ");
}

/* LLAMA2 opens a turn at the very start, also of nothing, and there without BOS. */
static void put_turns(struct writer *w, enum ref_chat_format f, const message *m, size_t n)
{
    const bool llama2 = f < REF_CHAT_MISTRAL_V1;
    bool open = llama2;
    if (llama2)
        plain(w, "[INST] ");
    for (size_t i = 0; i < n; i++) {
        if (!open)
            open_turn(w, f);
        open = llama2 ? put_llama2(w, f, &m[i]) : put_mistral(w, f, &m[i]);
    }
}

static void put_mistral_v7(struct writer *w, const message *m)
{
    const bool system = is(m->role, "system"), user = is(m->role, "user");
    if (system || user)
        special(w, system ? "[SYSTEM_PROMPT]" : "[INST]");
    plain(w, " ");
    put(w, m->content, false);
    special(w, system ? "[/SYSTEM_PROMPT]" : user ? "[/INST]" : "</s>");
}

static void put_answer(struct writer *w, enum ref_chat_format f)
{
    if (f == REF_CHAT_CHATML || f == REF_CHAT_GEMMA) {
        special(w, f == REF_CHAT_CHATML ? "<|im_start|>" : "<start_of_turn>");
        plain(w, f == REF_CHAT_CHATML ? "assistant\n" : "model\n");
    } else if (f == REF_CHAT_PHI3) {
        special(w, "<|assistant|>");
        plain(w, "\n");
    } else if (f == REF_CHAT_LLAMA3) {
        put_llama3_header(w, of("assistant"));
    }
}

static void put_all(struct writer *w, enum ref_chat_format f, const message *m, size_t n)
{
    switch (f) {
    case REF_CHAT_CHATML:
        for (size_t i = 0; i < n; i++)
            put_chatml(w, &m[i]);
        break;
    case REF_CHAT_LLAMA3:
        for (size_t i = 0; i < n; i++)
            put_llama3(w, &m[i]);
        break;
    case REF_CHAT_PHI3:
        for (size_t i = 0; i < n; i++)
            put_phi3(w, &m[i]);
        break;
    case REF_CHAT_MISTRAL_V7:
        for (size_t i = 0; i < n; i++)
            put_mistral_v7(w, &m[i]);
        break;
    case REF_CHAT_GEMMA:
        put_gemma(w, m, n);
        break;
    case REF_CHAT_LLAMA2:
    case REF_CHAT_LLAMA2_SYS:
    case REF_CHAT_LLAMA2_SYS_BOS:
    case REF_CHAT_LLAMA2_SYS_STRIP:
    case REF_CHAT_MISTRAL_V1:
    case REF_CHAT_MISTRAL_V3:
    case REF_CHAT_MISTRAL_V3_TEKKEN:
        put_turns(w, f, m, n);
        break;
    }
}

/* ---- whole conversations ---- */

/* What a template writes around a message is below this, a system text of GEMMA comes once. */
enum { AROUND = 128 };

static enum err_code check_size(const message *m, size_t n, struct err *why)
{
    size_t sum = AROUND;
    for (size_t i = 0; i < n; i++) {
        const size_t one = m[i].role.n < INT32_MAX && m[i].content.n < INT32_MAX
                               ? m[i].role.n + m[i].content.n + AROUND
                               : INT32_MAX;
        sum = sum > INT32_MAX ? sum : sum + one;
    }
    if (sum > INT32_MAX)
        return err_set(why, ERR_TOO_LARGE, "a conversation of over 2 GiB");
    return OK;
}

enum err_code ref_chat_render(enum ref_chat_format format, const struct ref_chat_message *m,
                              size_t n, bool answer, struct ref_chat_out *out, struct err *why)
{
    struct writer w = {.out = out};
    const enum err_code rc = check_size(m, n, why);
    if (rc != OK)
        return rc;
    out->n = out->n_seg = 0;
    put_all(&w, format, m, n);
    if (answer)
        put_answer(&w, format);
    return OK;
}

enum err_code ref_chat_append(enum ref_chat_format format, const struct ref_chat_message *m,
                              size_t n, bool answer, struct ref_chat_out *out, struct err *why)
{
    struct ref_chat_out nowhere = {.ret = NULL};
    struct writer past = {.out = &nowhere};
    const enum err_code rc = check_size(m, n, why);
    if (rc != OK)
        return rc;
    out->n = out->n_seg = 0;
    if (n > 1)
        put_all(&past, format, m, n - 1);
    struct writer w = {.out = out};
    if (answer && past.total > 0 && past.last == '\n')
        plain(&w, "\n");
    w.total = 0;
    w.skip = past.total;
    put_all(&w, format, m, n);
    if (answer)
        put_answer(&w, format);
    return OK;
}

/* ---- which one is it ---- */

static bool contains(text t, const char *s)
{
    const size_t n = strlen(s);
    for (const char *at = t.bytes; t.n >= n; at++, t.n--)
        if (memcmp(at, s, n) == 0)
            return true;
    return false;
}

enum { OTHER = -1 };

static int detect_mistral(text t)
{
    if (contains(t, "[SYSTEM_PROMPT]"))
        return REF_CHAT_MISTRAL_V7;
    if (contains(t, "' [INST] ' + system_message") || contains(t, "[AVAILABLE_TOOLS]")) {
        if (contains(t, " [INST]"))
            return REF_CHAT_MISTRAL_V1;
        return contains(t, "\"[INST]\"") ? REF_CHAT_MISTRAL_V3_TEKKEN : REF_CHAT_MISTRAL_V3;
    }
    if (contains(t, "content.strip()"))
        return REF_CHAT_LLAMA2_SYS_STRIP;
    if (contains(t, "bos_token + '[INST]"))
        return REF_CHAT_LLAMA2_SYS_BOS;
    return contains(t, "<<SYS>>") ? REF_CHAT_LLAMA2_SYS : REF_CHAT_LLAMA2;
}

/* What comes before LLAMA3 in llama.cpp's order must not be taken for it. */
static const struct {
    const char *one, *two;
    int format;
} marks[] = {
    {"<|assistant|>", "<|end|>", REF_CHAT_PHI3},
    {"[gMASK]<sop>", "", OTHER},
    {"<|assistant|>", "<|user|>", OTHER},
    {"<|{{ item['role'] }}|>", "<|begin_of_image|>", OTHER},
    {"<|user|>", "<|endoftext|>", OTHER},
    {"bos_token + message['role']", "", OTHER},
    {"<start_of_turn>", "", REF_CHAT_GEMMA},
    {"'\\n\\nAssistant: ' + eos_token", "", OTHER},
    {"GPT4 Correct ", "", OTHER},
    {"USER: ", "ASSISTANT: ", OTHER},
    {"### Instruction:", "<|EOT|>", OTHER},
    {"<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", OTHER},
    {"<|start_header_id|>", "<|end_header_id|>", REF_CHAT_LLAMA3},
};

int ref_chat_detect(const char *jinja, size_t n)
{
    static const char *const names[] = {
#define FORMAT(name, text) text,
#include "reference/token/chat_format.def"
#undef FORMAT
    };
    const text t = {.bytes = jinja, .n = n};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(t, names[i]))
            return (int)i;
    if (is(t, "mistral-v7-tekken"))
        return OTHER;
    if (contains(t, "<|im_start|>"))
        return contains(t, "<|im_sep|>") || contains(t, "<end_of_utterance>") ? OTHER
                                                                              : REF_CHAT_CHATML;
    if ((n >= 7 && memcmp(jinja, "mistral", 7) == 0) || contains(t, "[INST]"))
        return detect_mistral(t);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (contains(t, marks[i].one) && contains(t, marks[i].two))
            return marks[i].format;
    return OTHER;
}
