/* check_log() of grader/sdk/check.h: what callbacks were told, against what they should have been.
 */
#include <string.h>

#include "grader/grade/check.h"

enum { SHOWN_BYTES = 24 };

/* "entry 2: token, 5 bytes: 68 65 6c 6c 6f". NULL: there is none. */
static char *show_entry(struct check *k, const char *const *kinds, size_t i,
                        const struct log_entry *e)
{
    if (e == NULL)
        return check_printf(k, "no entry %zu", i);
    struct str s;
    str_init(&s, 512);
    str_printf(&s, "entry %zu: %s, %zu byte%s%s", i, kinds[e->kind], e->size,
               e->size == 1 ? "" : "s", e->size > 0 ? ":" : "");
    for (size_t b = 0; b < e->size && b < SHOWN_BYTES; b++)
        str_printf(&s, " %02x", ((const uint8_t *)e->bytes)[b]);
    if (e->size > SHOWN_BYTES)
        str_add(&s, " ..");
    char *text = check_printf(k, "%s", s.text);
    str_done(&s);
    return text;
}

static bool same(const struct log_entry *a, const struct log_entry *b)
{
    return a->kind == b->kind && a->size == b->size &&
           (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* A kind that no expected entry has may be any number: it has no name. */
static bool is_named(const struct log_entry *expected, size_t n, uint32_t kind)
{
    for (size_t i = 0; i < n; i++)
        if (expected[i].kind == kind)
            return true;
    return false;
}

/* Entry i as it should be, or that there should be none. */
static const char *show_wanted(struct check *k, const char *const *kinds,
                               const struct log_entry *expected, size_t n, size_t i)
{
    return show_entry(k, kinds, i, i < n ? &expected[i] : NULL);
}

static const char *show_got(struct check *k, const char *const *kinds,
                            const struct log_entry *expected, size_t n, size_t i,
                            const struct log_entry *got)
{
    if (got != NULL && !is_named(expected, n, got->kind))
        return check_printf(k, "entry %zu, which should not be there", i);
    return show_entry(k, kinds, i, got);
}

bool check_log(struct check *k, const char *const *kinds, const struct log_entry *expected,
               size_t n, const struct call *c, unsigned argument)
{
    struct log_reader r = log_open(call_bytes(c, argument), c->args[argument].size);
    struct log_entry got;
    size_t i = 0;
    bool there = log_next(&r, &got);
    while (there && i < n && same(&expected[i], &got)) {
        there = log_next(&r, &got);
        i++;
    }
    const bool cut = r.broken || (!there && r.lost > 0);
    if (!cut && !there && i == n)
        return true;
    check_fail(k, show_wanted(k, kinds, expected, n, i),
               cut ? "more than the log has room for"
                   : show_got(k, kinds, expected, n, i, there ? &got : NULL));
    return false;
}
