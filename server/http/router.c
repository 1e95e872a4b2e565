#include "server/http/router.h"

#include <string.h>

static const char rest_mark[] = "...";

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One byte behind a '%'; -1: none, or a NUL, which no name of ours holds. */
static int decode_percent(const char *text, size_t left)
{
    if (left < 3)
        return -1;
    const int high = hex_value(text[1]), low = hex_value(text[2]);
    if (high < 0 || low < 0 || high + low == 0)
        return -1;
    return high * 16 + low;
}

char *route_decode(const char *text, size_t length, bool plus_is_blank, struct arena *a)
{
    char *out = arena_alloc(a, length + 1);
    if (out == NULL)
        return NULL;
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%') {
            const int byte = decode_percent(text + i, length - i);
            if (byte < 0)
                return NULL;
            out[n++] = (char)byte;
            i += 2;
        } else {
            out[n++] = plus_is_blank && text[i] == '+' ? ' ' : text[i];
        }
    }
    out[n] = '\0';
    return out;
}

enum err_code route_split(const char *path, size_t length, struct arena *a, struct route_path *ret,
                          struct err *why)
{
    struct route_path split = {0};
    if (length == 0 || path[0] != '/')
        return err_set(why, ERR_FORMAT, "the path does not start with a slash");
    for (size_t start = 1; start <= length;) {
        const char *slash = memchr(path + start, '/', length - start);
        const size_t end = slash != NULL ? (size_t)(slash - path) : length;
        if (split.count == ROUTE_SEGMENTS_MAX)
            return err_set(why, ERR_LIMIT, "the path has more than %d segments",
                           ROUTE_SEGMENTS_MAX);
        const char *segment = route_decode(path + start, end - start, false, a);
        if (segment == NULL)
            return err_set(why, ERR_FORMAT, "the path has a malformed %%XX or a NUL");
        split.segment[split.count++] = segment;
        start = end + 1;
    }
    *ret = split;
    return OK;
}

/* Segments from `first` on, joined by slashes again. */
static const char *join_rest(const struct route_path *path, size_t first, struct arena *a)
{
    const char *rest = path->segment[first];
    for (size_t i = first + 1; i < path->count && rest != NULL; i++)
        rest = arena_printf(a, "%s/%s", rest, path->segment[i]);
    return rest;
}

static bool add_param(struct route_params *params, const char *name, size_t length,
                      const char *value)
{
    if (params->count == ROUTE_PARAMS_MAX || value == NULL || value[0] == '\0')
        return false;
    params->param[params->count].name = name;
    params->param[params->count].name_length = length;
    params->param[params->count++].value = value;
    return true;
}

/* "{path...}" takes all that is left. */
static bool is_rest(const char *part, size_t length)
{
    return length > sizeof rest_mark + 1 &&
           memcmp(part + length - sizeof rest_mark, rest_mark, sizeof rest_mark - 1) == 0;
}

/* One part of a pattern against the segment at `i`. */
static bool match_part(const char *part, size_t length, const char *segment,
                       struct route_params *params)
{
    if (part[0] == '{')
        return add_param(params, part + 1, length - 2, segment);
    return strlen(segment) == length && memcmp(segment, part, length) == 0;
}

bool route_match(const char *pattern, const struct route_path *path, struct arena *a,
                 struct route_params *ret)
{
    struct route_params params = {0};
    size_t i = 0;
    for (const char *p = pattern; *p == '/'; i++) {
        const char *part = p + 1;
        const size_t length = strcspn(part, "/");
        p = part + length;
        if (i >= path->count)
            return false;
        if (is_rest(part, length)) {
            if (!add_param(&params, part + 1, length - 1 - sizeof rest_mark, join_rest(path, i, a)))
                return false;
            i = path->count - 1; /* the last part of a pattern */
        } else if (!match_part(part, length, path->segment[i], &params)) {
            return false;
        }
    }
    if (i != path->count)
        return false;
    *ret = params;
    return true;
}

const struct http_route *route_find(const struct http_route *routes, size_t n_routes,
                                    enum http_method method, const struct route_path *path,
                                    struct arena *a, struct route_params *ret_params,
                                    unsigned *ret_methods)
{
    unsigned methods = 0;
    for (size_t i = 0; i < n_routes; i++) {
        struct route_params params;
        if (!route_match(routes[i].pattern, path, a, &params))
            continue;
        if (routes[i].method == method) {
            *ret_params = params;
            return &routes[i];
        }
        methods |= 1u << routes[i].method;
    }
    *ret_methods = methods;
    return NULL;
}
