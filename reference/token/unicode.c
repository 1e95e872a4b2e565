#include "reference/token/unicode.h"

#include <stddef.h>

#include "reference/token/unicode_table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The last run that starts at or before cp. The first one starts at 0. */
static uint32_t class_start(uint32_t cp)
{
    size_t low = 0, high = COUNT(class_starts);
    while (high - low > 1) {
        const size_t mid = low + (high - low) / 2;
        if (class_starts[mid] >> 4 <= cp)
            low = mid;
        else
            high = mid;
    }
    return class_starts[low];
}

enum ref_unicode_class ref_unicode_class(uint32_t cp)
{
    if (cp > REF_UNICODE_LAST)
        return REF_UNICODE_UNASSIGNED;
    return (enum ref_unicode_class)(class_start(cp) & 15);
}

bool ref_unicode_is_space(uint32_t cp)
{
    if (cp < 0x80)
        return cp == 0x20 || (cp >= 0x09 && cp <= 0x0d);
    return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
           cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Runs follow one another without overlap, so only the last one that starts at or before cp counts.
 */
static uint32_t map(const struct unicode_run *runs, size_t n, uint32_t cp)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (runs[mid].first <= cp)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0 || cp > runs[low - 1].last)
        return cp;
    const struct unicode_run *r = &runs[low - 1];
    const uint32_t offset = cp - r->first;
    return offset % r->stride != 0 ? cp : r->target + offset / r->stride * r->step;
}

uint32_t ref_unicode_lower(uint32_t cp)
{
    return map(lower_runs, COUNT(lower_runs), cp);
}

uint32_t ref_unicode_nfd_first(uint32_t cp)
{
    return map(nfd_runs, COUNT(nfd_runs), cp);
}
