#include "reference/sample/schema_object.h"

#include <string.h>

#include "reference/token/utf8.h"

enum { MAX_MEMBERS = 512 };

/* ---- members of all parts in turn ---- */

struct cursor {
    const struct schema_parts *parts;
    const char *key; /* "properties" or "required" */
    uint32_t part, at;
};

static struct cursor all(const struct schema_parts *parts, const char *key)
{
    return (struct cursor){.parts = parts, .key = key};
}

/* 0: there are no more. */
static uint32_t next(const struct schema_out *o, struct cursor *c)
{
    c->at = c->at != 0 ? o->j.node[c->at].next : 0;
    while (c->at == 0 && c->part < c->parts->n) {
        const uint32_t list = json_member(&o->j, c->parts->node[c->part++], c->key);
        c->at = list != 0 ? o->j.node[list].child : 0;
    }
    return c->at;
}

/* ---- keys that are none of the properties ---- */

static const struct json_node *member(const struct schema_out *o, uint32_t i)
{
    return &o->j.node[o->list[i]];
}

/* Keys in the order of their bytes. */
static int compare(const struct schema_out *o, const struct json_node *a, const struct json_node *b)
{
    const uint32_t n = a->key_len < b->key_len ? a->key_len : b->key_len;
    const int order = memcmp(o->j.text + a->key_off, o->j.text + b->key_off, n);
    return order != 0 ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static void sort_list(struct schema_out *o, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        const uint32_t x = o->list[i];
        uint32_t at = i;
        for (; at > 0 && compare(o, &o->j.node[x], member(o, at - 1)) < 0; at--)
            o->list[at] = o->list[at - 1];
        o->list[at] = x;
    }
}

/* A character in a class of a grammar. Returns its bytes in the key. */
static size_t put_in_class(struct schema_out *o, const char *key)
{
    const size_t n = ref_utf8_length((uint8_t)*key);
    if (*key == ']' || *key == '[' || *key == '-')
        schema_put(o, "\\");
    if (*key == '^')
        schema_put(o, "\\x5E");
    else
        schema_put_n(o, key, n);
    return n;
}

/* The keys of list[first..last) agree in their first `at` bytes. Writes what may follow so that the
 * whole is none of them: an alternative for each next character, and one for all others. */
static void put_others(struct schema_out *o, uint32_t first, uint32_t last, uint32_t at)
{
    const bool is_key = member(o, first)->key_len == at; /* then the key must not end here */
    uint32_t begin = first;
    while (begin < last && member(o, begin)->key_len == at)
        begin++;
    schema_put(o, "(");
    for (uint32_t i = begin, end; i < last && o->rc == OK; i = end) {
        const char *c = o->j.text + member(o, i)->key_off + at;
        const size_t n = ref_utf8_length((uint8_t)*c);
        for (end = i; end < last && memcmp(o->j.text + member(o, end)->key_off + at, c, n) == 0;)
            end++;
        schema_put(o, "[");
        put_in_class(o, c);
        schema_put(o, "] ");
        if (o->depth < JSON_MAX_DEPTH + 200) {
            o->depth++;
            put_others(o, i, end, at + (uint32_t)n);
            o->depth--;
        } else
            schema_fail(o, ERR_LIMIT, "property names that agree in over 200 characters");
        schema_put(o, " | ");
    }
    schema_put(o, "[^\"\\\\\\x7F\\x00-\\x1F");
    for (uint32_t i = begin; i < last; i++)
        put_in_class(o, o->j.text + member(o, i)->key_off + at);
    schema_put(o, is_key ? "] char*)" : "] char*)?");
}

static void check_plain(struct schema_out *o, const struct json_node *n)
{
    if (memchr(o->j.text + n->key_off, '\\', n->key_len) != NULL)
        schema_fail(o, ERR_UNSUPPORTED,
                    "additionalProperties beside a property whose name has escapes");
}

/* A rule for a JSON string that is none of the properties' names. */
static struct schema_str other_key(struct schema_out *o, const struct schema_parts *parts,
                                   struct schema_str name)
{
    const uint32_t from = o->n_work;
    struct cursor c = all(parts, "properties");
    uint32_t n = 0;
    for (uint32_t at; (at = next(o, &c)) != 0;) {
        check_plain(o, &o->j.node[at]);
        o->list[n++] = at;
    }
    if (o->rc != OK)
        return name;
    sort_list(o, n);
    schema_builtin(o, "char");
    schema_put(o, "\"\\\"\" ");
    put_others(o, 0, n, 0);
    schema_put(o, " \"\\\"\" space");
    return schema_add_rule(o, name, from);
}

/* ---- members ---- */

static uint32_t rule_index(const struct schema_out *o, struct schema_str name)
{
    uint32_t i = 0;
    while (i < o->n_rules && o->rule[i].name.off != name.off)
        i++;
    return i;
}

/* "key" space ":" space value, for each property; kv[] says which rule. */
static void make_members(struct schema_out *o, const struct schema_parts *parts,
                         struct schema_str name)
{
    struct cursor c = all(parts, "properties");
    for (uint32_t at; o->rc == OK && (at = next(o, &c)) != 0;) {
        const struct json_node *n = &o->j.node[at];
        const struct schema_str own = schema_name(o, name, o->j.text + n->key_off, n->key_len);
        const struct schema_str value = schema_visit(o, at, 0, own);
        const uint32_t from = o->n_work;
        schema_put_key(o, n->key_off, n->key_len);
        schema_put(o, " space \":\" space ");
        schema_put_name(o, value);
        o->kv[at] = rule_index(o, schema_add_rule(o, schema_name(o, own, "kv", 2), from));
    }
}

static uint32_t make_additional(struct schema_out *o, uint32_t more,
                                const struct schema_parts *parts, struct schema_str name)
{
    struct cursor c = all(parts, "properties");
    const struct schema_str own = schema_name(o, name, "additional", 10);
    const struct schema_str value = schema_visit(o, more, 0, schema_name(o, own, "value", 5));
    const struct schema_str key = next(o, &c) == 0
                                      ? schema_builtin(o, "string")
                                      : other_key(o, parts, schema_name(o, own, "k", 1));
    const uint32_t from = o->n_work;
    schema_put_name(o, key);
    schema_put(o, " \":\" space ");
    schema_put_name(o, value);
    return rule_index(o, schema_add_rule(o, schema_name(o, own, "kv", 2), from));
}

static bool same_key(const struct schema_out *o, const struct json_node *property,
                     const struct json_node *string)
{
    return property->key_len == string->len &&
           memcmp(o->j.text + property->key_off, o->j.text + string->off, string->len) == 0;
}

static bool is_required(const struct schema_out *o, const struct schema_parts *parts,
                        uint32_t property)
{
    struct cursor c = all(parts, "required");
    for (uint32_t at; (at = next(o, &c)) != 0;)
        if (same_key(o, &o->j.node[property], &o->j.node[at]))
            return true;
    return false;
}

static bool is_property(const struct schema_out *o, const struct schema_parts *parts,
                        uint32_t string)
{
    struct cursor c = all(parts, "properties");
    for (uint32_t at; (at = next(o, &c)) != 0;)
        if (same_key(o, &o->j.node[at], &o->j.node[string]))
            return true;
    return false;
}

/* A property that two parts have would have to be valid under both. */
static void check_apart(struct schema_out *o, const struct schema_parts *parts)
{
    struct cursor c = all(parts, "properties");
    for (uint32_t at; o->rc == OK && parts->n > 1 && (at = next(o, &c)) != 0;)
        for (struct cursor later = c; o->rc == OK && next(o, &later) != 0;)
            if (compare(o, &o->j.node[at], &o->j.node[later.at]) == 0)
                schema_fail(o, ERR_UNSUPPORTED, "allOf with two schemas for one property");
}

static void check_parts(struct schema_out *o, const struct schema_parts *parts)
{
    struct cursor required = all(parts, "required");
    uint32_t n = 0, m = 0;
    for (uint32_t i = 0; i < parts->n; i++) {
        const uint32_t r = json_member(&o->j, parts->node[i], "required");
        const uint32_t p = json_member(&o->j, parts->node[i], "properties");
        if (r != 0 && o->j.node[r].type != JSON_ARRAY)
            schema_fail(o, ERR_FORMAT, "required is no array");
        if (p != 0 && o->j.node[p].type != JSON_OBJECT)
            schema_fail(o, ERR_FORMAT, "properties is no object");
        n += o->j.node[r].n;
        m += o->j.node[p].n;
    }
    if (n > MAX_MEMBERS || m > MAX_MEMBERS)
        schema_fail(o, ERR_LIMIT, "an object of over %d members", (int)MAX_MEMBERS);
    for (uint32_t at; o->rc == OK && (at = next(o, &required)) != 0;)
        if (o->j.node[at].type != JSON_STRING || !is_property(o, parts, at))
            schema_fail(o, ERR_UNSUPPORTED, "required names what is no property");
    check_apart(o, parts);
}

/* ---- the body ---- */

#define COMMA "\",\" space "

/* Optional members come in their order, each or not. list[0..n) are their rules; what may follow
 * member i, ("," next)? and so on, gets a rule of its own, list[n + i]. The last member may come
 * again and again if `star`. */
static void make_rests(struct schema_out *o, uint32_t n, bool star, struct schema_str name)
{
    for (uint32_t i = n; i-- > 1 && o->rc == OK;) {
        const uint32_t from = o->n_work;
        schema_put(o, "( " COMMA);
        schema_put_name(o, o->rule[o->list[i]].name);
        schema_put(o, star && i + 1 == n ? " )*" : " )?");
        if (i + 1 < n) {
            schema_put(o, " ");
            schema_put_name(o, o->rule[o->list[n + i]].name);
        }
        const struct schema_str rest = schema_add_rule(o, schema_name(o, name, "rest", 4), from);
        o->list[n + i - 1] = rule_index(o, rest);
    }
}

static void put_optional(struct schema_out *o, uint32_t n, bool star)
{
    for (uint32_t i = 0; i < n && o->rc == OK; i++) {
        schema_put(o, i > 0 ? " | " : "");
        schema_put_name(o, o->rule[o->list[i]].name);
        if (star && i + 1 == n) {
            schema_put(o, " ( " COMMA);
            schema_put_name(o, o->rule[o->list[i]].name);
            schema_put(o, " )*");
        }
        if (i + 1 < n) {
            schema_put(o, " ");
            schema_put_name(o, o->rule[o->list[n + i]].name);
        }
    }
}

/* Writes the required members; lists the rules of the optional ones. Returns how many those are. */
static uint32_t put_required(struct schema_out *o, const struct schema_parts *parts, bool *ret_any)
{
    struct cursor c = all(parts, "properties");
    uint32_t n = 0;
    *ret_any = false;
    for (uint32_t at; (at = next(o, &c)) != 0;) {
        if (!is_required(o, parts, at)) {
            o->list[n++] = o->kv[at];
            continue;
        }
        schema_put(o, *ret_any ? " " COMMA : " ");
        schema_put_name(o, o->rule[o->kv[at]].name);
        *ret_any = true;
    }
    return n;
}

void schema_put_object(struct schema_out *o, const struct schema_parts *parts, uint32_t more,
                       struct schema_str name)
{
    const bool star = more != 0 && o->j.node[more].type != JSON_FALSE;
    bool any = false;
    check_parts(o, parts);
    schema_builtin(o, "space");
    make_members(o, parts, name);
    const uint32_t other = star && o->rc == OK ? make_additional(o, more, parts, name) : 0;
    if (o->rc != OK)
        return;
    schema_put(o, "\"{\" space");
    uint32_t n = put_required(o, parts, &any);
    if (star)
        o->list[n++] = other;
    make_rests(o, n, star, name);
    if (n > 0) {
        schema_put(o, any ? " ( " COMMA "( " : " ( ");
        put_optional(o, n, star);
        schema_put(o, any ? " ) )?" : " )?");
    }
    schema_put(o, " \"}\" space");
}
