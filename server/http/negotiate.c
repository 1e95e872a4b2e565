#include "server/http/negotiate.h"

#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* "0.85" in thousandths, 1000 for what is no q-value: a sloppy client is better served than
 * refused.
 */
static int read_quality(const char *p)
{
    int value = *p == '1' ? 1000 : 0;
    if (*p != '0' && *p != '1')
        return 1000;
    if (p[1] != '.' || value == 1000)
        return value;
    for (int i = 2, weight = 100; weight > 0 && p[i] >= '0' && p[i] <= '9'; i++, weight /= 10)
        value += (p[i] - '0') * weight;
    return value;
}

/* One element of a list header: its name, and the q among its parameters. */
struct element {
    const char *name;
    size_t length;
    int quality;
};

/* Reads the element at p; returns the start of the next, or NULL at the end. */
static const char *read_element(const char *p, struct element *ret)
{
    p = skip_blanks(p);
    const size_t whole = strcspn(p, ",");
    *ret = (struct element){.name = p, .length = strcspn(p, ",; \t"), .quality = 1000};
    for (const char *q = p + ret->length; q < p + whole; q++) {
        if (*q != ';')
            continue;
        q = skip_blanks(q + 1);
        if ((q[0] == 'q' || q[0] == 'Q') && q[1] == '=')
            ret->quality = read_quality(q + 2);
        q--;
    }
    return p[whole] == ',' ? p + whole + 1 : NULL;
}

/* How closely a media range fits a type: 3 exact, 2 "type/ *", 1 "* / *", 0 not. */
static int range_fit(const struct element *e, const char *type)
{
    const char *slash = strchr(type, '/');
    const size_t major = (size_t)(slash - type) + 1;
    if (e->length == strlen(type) && strncasecmp(e->name, type, e->length) == 0)
        return 3;
    if (e->length == major + 1 && e->name[major] == '*' && strncasecmp(e->name, type, major) == 0)
        return 2;
    return e->length == 3 && memcmp(e->name, "*/*", 3) == 0;
}

int negotiate_quality(const char *accept, const char *type)
{
    if (accept == NULL || *skip_blanks(accept) == '\0')
        return 1000;
    int quality = 0, best_fit = 0;
    for (const char *p = accept; p != NULL;) {
        struct element e;
        p = read_element(p, &e);
        const int fit = range_fit(&e, type);
        if (fit > best_fit) {
            best_fit = fit;
            quality = e.quality;
        }
    }
    return quality;
}

int negotiate_type(const char *accept, const char *const *offers, size_t n_offers)
{
    int best = -1, best_quality = 0;
    for (size_t i = 0; i < n_offers; i++) {
        const int quality = negotiate_quality(accept, offers[i]);
        if (quality > best_quality) {
            best_quality = quality;
            best = (int)i;
        }
    }
    return best;
}

bool negotiate_gzip(const char *accept_encoding)
{
    int gzip = -1, any = 0;
    for (const char *p = accept_encoding; p != NULL;) {
        struct element e;
        p = read_element(p, &e);
        if (e.length == 4 && strncasecmp(e.name, "gzip", 4) == 0)
            gzip = e.quality;
        else if (e.length == 1 && e.name[0] == '*')
            any = e.quality;
    }
    return gzip >= 0 ? gzip > 0 : any > 0;
}

static const char *opaque_tag(const char *etag)
{
    return etag[0] == 'W' && etag[1] == '/' ? etag + 2 : etag;
}

bool negotiate_none_match(const char *if_none_match, const char *etag)
{
    const char *want = opaque_tag(etag);
    for (const char *p = if_none_match; p != NULL;) {
        struct element e;
        p = read_element(p, &e);
        if (e.length == 1 && e.name[0] == '*')
            return true;
        const char *tag = e.length > 2 ? opaque_tag(e.name) : e.name;
        const size_t length = e.length - (size_t)(tag - e.name);
        if (length == strlen(want) && memcmp(tag, want, length) == 0)
            return true;
    }
    return false;
}
