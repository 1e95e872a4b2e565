#include "reference/token/charsmap.h"

#include <string.h>

#include "base/bytes.h"

/* ---- the table ---- */

/* Bytes of the longest replacement, spaces counted as U+2581. */
static uint32_t longest(const char *text, uint32_t n)
{
    uint32_t most = 0, bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        bytes = text[i] == '\0' ? 0 : bytes + (text[i] == ' ' ? 3 : 1);
        most = bytes > most ? bytes : most;
    }
    return most;
}

enum err_code ref_charsmap_open(const uint8_t *blob, size_t n, struct ref_charsmap *ret,
                                struct err *why)
{
    struct ref_charsmap m = {.growth = REF_CHARSMAP_LEAST_GROWTH};
    *ret = m;
    if (n == 0)
        return OK;
    if (n > REF_CHARSMAP_MAX)
        return err_set(why, ERR_TOO_LARGE, "a character map of %zu bytes: expected at most %d", n,
                       (int)REF_CHARSMAP_MAX);
    const uint32_t table = n < 4 ? UINT32_MAX : rd_u32le(blob);
    if (table % 4 != 0 || table < 4 || table >= n - 4)
        return err_set(why, ERR_INVALID, "a character map of %zu bytes with a table of %u", n,
                       table);
    m.unit = blob + 4;
    m.n_units = table / 4;
    m.text = (const char *)m.unit + table;
    m.n_text = (uint32_t)n - 4 - table;
    if (m.text[m.n_text - 1] != '\0')
        return err_set(why, ERR_INVALID, "the last replacement of the character map has no NUL");
    const uint32_t most = longest(m.text, m.n_text);
    if (most > REF_CHARSMAP_LONGEST)
        return err_set(why, ERR_TOO_LARGE, "a replacement of %u bytes: expected at most %d", most,
                       (int)REF_CHARSMAP_LONGEST);
    m.growth = most > m.growth ? most : m.growth;
    *ret = m;
    return OK;
}

/* ---- walking ---- */

static uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

size_t ref_charsmap_match(const struct ref_charsmap *m, const uint8_t *text, size_t n,
                          const char **ret)
{
    size_t found = 0;
    if (m->n_units == 0)
        return 0;
    uint32_t at = offset_of(rd_u32le(m->unit));
    for (size_t i = 0; i < n && text[i] != 0; i++) {
        at ^= text[i];
        if (at >= m->n_units)
            break;
        const uint32_t unit = rd_u32le(m->unit + 4 * (size_t)at);
        if ((unit & (1u << 31 | 0xff)) != text[i])
            break;
        at ^= offset_of(unit);
        if ((unit >> 8 & 1) == 0 || at >= m->n_units)
            continue; /* the next byte may lead back into the table */
        const uint32_t value = rd_u32le(m->unit + 4 * (size_t)at) & ~(1u << 31);
        if (value < m->n_text) {
            *ret = m->text + value;
            found = i + 1;
        }
    }
    return found;
}
