/* Chat templates: the text of a conversation as twelve families of models expect it, and which
 * bytes of it are control tokens. Only those segments may be tokenised with
 * REF_TOKENIZE_PARSE_SPECIAL: a user who types <|im_end|> gets text. BOS is the tokenizer's
 * business.
 *
 * R is a message's role, C its content, T its content without C-locale white space at the ends.
 *
 *     CHATML    <|im_start|>R\nC<|im_end|>\n
 *     LLAMA3    <|start_header_id|>R<|end_header_id|>\n\nT<|eot_id|>
 *     PHI3      <|R|>\nC<|end|>\n
 *     GEMMA     <start_of_turn>R\nT<end_of_turn>\n, assistant being model; system texts wait and
 *               stand, with \n\n behind, before the text of the next turn that is not the model's
 *     LLAMA2    [INST] C [/INST]C</s>; a system text is C\n, in the SYS kinds
 *               <<SYS>>\nC\n<</SYS>>\n\n
 *     MISTRAL   V1 " [INST] C [/INST] C</s>"       V3 "[INST] C[/INST] T</s>"
 *               V3_TEKKEN "[INST]C[/INST]C</s>"    V7 "[INST] C[/INST] C</s>"
 *               a system text is C\n\n, in V7 "[SYSTEM_PROMPT] C[/SYSTEM_PROMPT]"
 *
 * What asks for an answer: <|im_start|>assistant\n, the header of assistant, <|assistant|>\n,
 * <start_of_turn>model\n; LLAMA2 and MISTRAL have nothing there. Roles other than system
 * and user count as assistant in LLAMA2 and MISTRAL. Source: src/llama-chat.cpp of llama.cpp. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ref_chat_format {
#define FORMAT(name, text) REF_CHAT_##name,
#include "reference/token/chat_format.def"
#undef FORMAT
};

struct ref_chat_text {
    const char *bytes;
    size_t n;
};
struct ref_chat_message {
    struct ref_chat_text role, content;
};

/* Segments lie one behind the other, cover the text and alternate. */
struct ref_chat_segment {
    uint32_t off, len;
    bool special; /* control tokens that the template writes, never bytes of a message */
};

/* Where a rendering goes: the first cap bytes, the first cap_seg segments; n and n_seg count all.
 */
struct ref_chat_out {
    char *ret;
    size_t cap, n;
    struct ref_chat_segment *seg;
    uint32_t cap_seg, n_seg;
};

/* Renders m[0..n); with `answer` also what asks the model for one. ret, cap, seg and cap_seg are
 * the caller's, n and n_seg the result. ERR_TOO_LARGE: over 2^31 - 1 bytes. */
MUST_CHECK enum err_code ref_chat_render(enum ref_chat_format format,
                                         const struct ref_chat_message *m, size_t n, bool answer,
                                         struct ref_chat_out *out, struct err *why);

/* What m[n - 1] adds to the rendering of those before it, n >= 1, so that what a cache holds of
 * them stays valid: with `answer`, if they end in a newline, one newline and then the rest (as
 * llama.cpp's common_chat_format_single has it). No segments. */
MUST_CHECK enum err_code ref_chat_append(enum ref_chat_format format,
                                         const struct ref_chat_message *m, size_t n, bool answer,
                                         struct ref_chat_out *out, struct err *why);

/* The format that a template's name or its Jinja text means, -1 if none of these; by the tests of
 * llama.cpp's llm_chat_detect_template, in its order. */
int ref_chat_detect(const char *jinja, size_t n);
