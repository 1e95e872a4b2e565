#include "reference/sample/schema_object.h"

#include <string.h>

#include "reference/token/utf8.h"

enum { MAX_MEMBERS = 512 };

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
static struct schema_str other_key(struct schema_out *o, uint32_t properties,
                                   struct schema_str name)
{
    const uint32_t from = o->n_work;
    uint32_t n = 0;
    for (uint32_t at = o->j.node[properties].child; at != 0; at = o->j.node[at].next) {
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
static void make_members(struct schema_out *o, uint32_t properties, struct schema_str name)
{
    for (uint32_t at = o->j.node[properties].child; at != 0 && o->rc == OK;
         at = o->j.node[at].next) {
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

static uint32_t make_additional(struct schema_out *o, uint32_t more, uint32_t properties,
                                struct schema_str name)
{
    const struct schema_str own = schema_name(o, name, "additional", 10);
    const struct schema_str value = schema_visit(o, more, 0, schema_name(o, own, "value", 5));
    const struct schema_str key = properties == 0 || o->j.node[properties].n == 0
                                      ? schema_builtin(o, "string")
                                      : other_key(o, properties, schema_name(o, own, "k", 1));
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

static bool is_required(const struct schema_out *o, uint32_t required, uint32_t property)
{
    for (uint32_t at = o->j.node[required].child; required != 0 && at != 0; at = o->j.node[at].next)
        if (same_key(o, &o->j.node[property], &o->j.node[at]))
            return true;
    return false;
}

static void check_required(struct schema_out *o, uint32_t required, uint32_t properties)
{
    if (required != 0 && o->j.node[required].type != JSON_ARRAY)
        schema_fail(o, ERR_FORMAT, "required is no array");
    if (o->j.node[required].n > MAX_MEMBERS || o->j.node[properties].n > MAX_MEMBERS)
        schema_fail(o, ERR_LIMIT, "an object of over %d members", (int)MAX_MEMBERS);
    for (uint32_t at = o->j.node[required].child; required != 0 && at != 0 && o->rc == OK;
         at = o->j.node[at].next) {
        uint32_t p = properties == 0 ? 0 : o->j.node[properties].child;
        while (p != 0 && !same_key(o, &o->j.node[p], &o->j.node[at]))
            p = o->j.node[p].next;
        if (p == 0 || o->j.node[at].type != JSON_STRING)
            schema_fail(o, ERR_UNSUPPORTED, "required names what is no property");
    }
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
static uint32_t put_required(struct schema_out *o, uint32_t required, uint32_t properties,
                             bool *ret_any)
{
    uint32_t n = 0;
    *ret_any = false;
    for (uint32_t at = properties == 0 ? 0 : o->j.node[properties].child; at != 0;
         at = o->j.node[at].next) {
        if (!is_required(o, required, at)) {
            o->list[n++] = o->kv[at];
            continue;
        }
        schema_put(o, *ret_any ? " " COMMA : " ");
        schema_put_name(o, o->rule[o->kv[at]].name);
        *ret_any = true;
    }
    return n;
}

void schema_put_object(struct schema_out *o, uint32_t node, struct schema_str name)
{
    const uint32_t properties = json_member(&o->j, node, "properties");
    const uint32_t required = json_member(&o->j, node, "required");
    const uint32_t more = json_member(&o->j, node, "additionalProperties");
    const bool star = more != 0 && o->j.node[more].type != JSON_FALSE;
    bool any = false;
    if (properties != 0 && o->j.node[properties].type != JSON_OBJECT)
        schema_fail(o, ERR_FORMAT, "properties is no object");
    check_required(o, required, properties);
    schema_builtin(o, "space");
    if (properties != 0)
        make_members(o, properties, name);
    const uint32_t other = star && o->rc == OK ? make_additional(o, more, properties, name) : 0;
    if (o->rc != OK)
        return;
    schema_put(o, "\"{\" space");
    uint32_t n = put_required(o, required, properties, &any);
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
