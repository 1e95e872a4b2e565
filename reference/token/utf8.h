/* UTF-8 as tokenizers meet it. Strict is RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF. Lenient is llama.cpp's src/unicode.cpp (unicode_cpt_from_utf8): only the shape of the
 * bytes counts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { REF_UTF8_REPLACEMENT = 0xfffd };

/* Bytes that a character takes by the high half of its first byte: 1, C or D 2, E 3, F 4. A lone
 * continuation counts as 1. This is how SPM cuts its text, valid or not. */
unsigned ref_utf8_length(uint8_t lead);

/* One code point of p[0..n), n >= 1. Returns its bytes. Where there is none, or one above 10FFFF,
 * *ret_cp is U+FFFD and one byte is used up. */
size_t ref_utf8_lenient(const uint8_t *p, size_t n, uint32_t *ret_cp);

/* Writes 1 to 4 bytes, cp <= 10FFFF. */
size_t ref_utf8_put(uint32_t cp, uint8_t ret[4]);

/* A strict decoder that takes a byte at a time. Zeroed is between characters. */
struct ref_utf8 {
    uint32_t value;    /* of the bits so far */
    uint8_t left;      /* bytes that the character still lacks */
    uint8_t low, high; /* what the next byte may be, while left > 0 */
};
enum ref_utf8_step {
    REF_UTF8_MORE,  /* the byte belongs to a character that is not complete */
    REF_UTF8_DONE,  /* st->value is a code point */
    REF_UTF8_WRONG, /* no character begins so; st is zeroed. After MORE the byte may begin another
                     */
};
enum ref_utf8_step ref_utf8_push(struct ref_utf8 *st, uint8_t byte);

/* The first and last code point that the bytes so far can become, left > 0. Surrogates may lie
 * between them; they are no code points of UTF-8. */
void ref_utf8_range(const struct ref_utf8 *st, uint32_t *ret_first, uint32_t *ret_last);
