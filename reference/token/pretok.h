/* Pre-tokenisers: where byte-level BPE cuts a text into words, before any merge.
 *
 *     GPT-2    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *     Llama 3  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
 *              | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *     Qwen 2   as Llama 3, but \p{N}
 *
 * The alternatives are tried in this order and each takes all it can, as a backtracking matcher
 * would; the functions here look ahead instead. A byte that is no UTF-8 counts as U+FFFD, a symbol.
 * (?i:'s) means ASCII: llama.cpp does not fold U+017F to s, though other libraries do.
 * Source: src/unicode.cpp (unicode_regex_split_custom_*) and src/llama-vocab.cpp of llama.cpp. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum ref_pretok { REF_PRETOK_GPT2, REF_PRETOK_LLAMA3, REF_PRETOK_QWEN2 };

/* The end of the word of text[0..n) that begins at `at`, at < n. Words leave no gap. Takes time in
 * proportion to the word and the blanks behind it. */
size_t ref_pretok_next(enum ref_pretok kind, const uint8_t *text, size_t n, size_t at);
