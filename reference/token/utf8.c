#include "reference/token/utf8.h"

#include "reference/token/unicode.h"

unsigned ref_utf8_length(uint8_t lead)
{
    if (lead < 0xc0)
        return 1;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t ref_utf8_lenient(const uint8_t *p, size_t n, uint32_t *ret_cp)
{
    const unsigned length = ref_utf8_length(p[0]);
    *ret_cp = p[0];
    if (p[0] < 0x80)
        return 1;
    *ret_cp = REF_UTF8_REPLACEMENT;
    if (length == 1 || p[0] >= 0xf8 || length > n)
        return 1;
    uint32_t cp = p[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 1;
        cp = cp << 6 | (p[i] & 0x3f);
    }
    if (cp > REF_UNICODE_LAST)
        return 1;
    *ret_cp = cp;
    return length;
}

size_t ref_utf8_put(uint32_t cp, uint8_t ret[4])
{
    if (cp < 0x80) {
        ret[0] = (uint8_t)cp;
        return 1;
    }
    const size_t length = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, cp >>= 6)
        ret[i] = (uint8_t)(0x80 | (cp & 0x3f));
    ret[0] = (uint8_t)((0xf00u >> length & 0xffu) | cp);
    return length;
}

/* Table 3-7 of the Unicode standard: only the second byte of some leads is narrower than 80..BF. */
static enum ref_utf8_step begin(struct ref_utf8 *st, uint8_t lead)
{
    *st = (struct ref_utf8){.value = lead};
    if (lead < 0x80)
        return REF_UTF8_DONE;
    if (lead < 0xc2 || lead > 0xf4) {
        st->value = 0;
        return REF_UTF8_WRONG;
    }
    const unsigned length = ref_utf8_length(lead);
    st->value = lead & (0x7fu >> length);
    st->left = (uint8_t)(length - 1);
    st->low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    st->high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return REF_UTF8_MORE;
}

enum ref_utf8_step ref_utf8_push(struct ref_utf8 *st, uint8_t byte)
{
    if (st->left == 0)
        return begin(st, byte);
    if (byte < st->low || byte > st->high) {
        *st = (struct ref_utf8){0};
        return REF_UTF8_WRONG;
    }
    st->value = st->value << 6 | (byte & 0x3f);
    st->low = 0x80;
    st->high = 0xbf;
    st->left--;
    return st->left > 0 ? REF_UTF8_MORE : REF_UTF8_DONE;
}

void ref_utf8_range(const struct ref_utf8 *st, uint32_t *ret_first, uint32_t *ret_last)
{
    const unsigned rest = 6u * (st->left - 1u); /* bits after the next byte */
    *ret_first = (st->value << 6 | (st->low & 0x3fu)) << rest;
    *ret_last = ((st->value << 6 | (st->high & 0x3fu)) << rest) | ((1u << rest) - 1);
}
