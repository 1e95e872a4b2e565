/* Which route a path means. Patterns are matched by decoded segments, so an encoded slash never
 * makes a segment of its own. Of several patterns the first listed that fits is taken. */
#pragma once

#include "server/http/http.h"

enum { ROUTE_SEGMENTS_MAX = 16, ROUTE_PARAMS_MAX = 4 };

struct route_path {
    const char *segment[ROUTE_SEGMENTS_MAX]; /* decoded */
    size_t count;
};

struct route_params {
    struct {
        const char *name; /* inside the pattern, `name_length` bytes */
        size_t name_length;
        const char *value;
    } param[ROUTE_PARAMS_MAX];
    size_t count;
};

/* Splits and decodes the path part of a request target into the arena's memory.
 * ERR_FORMAT: a bad %XX, an encoded NUL, no leading slash. ERR_LIMIT: too many segments. */
MUST_CHECK enum err_code route_split(const char *path, size_t length, struct arena *a,
                                     struct route_path *ret, struct err *why);
/* %XX (and + as a blank where asked) decoded; NULL: malformed, or it holds a NUL. */
char *route_decode(const char *text, size_t length, bool plus_is_blank, struct arena *a);

/* True if the pattern fits; `ret` is written only then. `a` holds a rest parameter. */
bool route_match(const char *pattern, const struct route_path *path, struct arena *a,
                 struct route_params *ret);

/* The route for method and path. NULL: none; then `ret_methods` has a bit (1 << method) for each
 * method that the path does know. */
const struct http_route *route_find(const struct http_route *routes, size_t n_routes,
                                    enum http_method method, const struct route_path *path,
                                    struct arena *a, struct route_params *ret_params,
                                    unsigned *ret_methods);
