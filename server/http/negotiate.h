/* What a client wants, by its Accept and similar headers (RFC 9110, sections 12.5 and 13.1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The offer with the highest q; of equals the first. A NULL or empty header accepts all.
 * -1: none is acceptable. */
int negotiate_type(const char *accept, const char *const *offers, size_t n_offers);

/* How welcome one media type is: 0 (not at all) to 1000. */
int negotiate_quality(const char *accept, const char *type);

bool negotiate_gzip(const char *accept_encoding);

/* True if If-None-Match names this entity tag, by the weak comparison, or is "*". */
bool negotiate_none_match(const char *if_none_match, const char *etag);
