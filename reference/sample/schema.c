#include "reference/sample/schema.h"

#include <stdio.h>
#include <string.h>

#include "reference/sample/schema_object.h"
#include "reference/sample/schema_pattern.h"
#include "reference/sample/schema_range.h"

/* ---- keywords ---- */

enum group { NO_EFFECT, STRUCTURE, OF_OBJECT, OF_ARRAY, OF_STRING, OF_NUMBER, UNKNOWN };

static const struct {
    const char *name;
    enum group group;
} keywords[] = {
    {"title", NO_EFFECT},
    {"description", NO_EFFECT},
    {"default", NO_EFFECT},
    {"examples", NO_EFFECT},
    {"$schema", NO_EFFECT},
    {"$id", NO_EFFECT},
    {"$comment", NO_EFFECT},
    {"deprecated", NO_EFFECT},
    {"readOnly", NO_EFFECT},
    {"writeOnly", NO_EFFECT},
    {"$defs", NO_EFFECT},
    {"definitions", NO_EFFECT},
    {"type", STRUCTURE},
    {"properties", OF_OBJECT},
    {"required", OF_OBJECT},
    {"additionalProperties", OF_OBJECT},
    {"patternProperties", OF_OBJECT},
    {"propertyNames", OF_OBJECT},
    {"minProperties", OF_OBJECT},
    {"maxProperties", OF_OBJECT},
    {"items", OF_ARRAY},
    {"prefixItems", OF_ARRAY},
    {"minItems", OF_ARRAY},
    {"maxItems", OF_ARRAY},
    {"uniqueItems", OF_ARRAY},
    {"contains", OF_ARRAY},
    {"minLength", OF_STRING},
    {"maxLength", OF_STRING},
    {"pattern", OF_STRING},
    {"format", OF_STRING},
    {"minimum", OF_NUMBER},
    {"maximum", OF_NUMBER},
    {"exclusiveMinimum", OF_NUMBER},
    {"exclusiveMaximum", OF_NUMBER},
    {"multipleOf", OF_NUMBER},
};

static bool key_is(const struct json_node *n, const char *text, const char *key)
{
    return n->key_len == strlen(key) && memcmp(text + n->key_off, key, n->key_len) == 0;
}

static enum group group_of(const struct json *j, uint32_t node)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (key_is(&j->node[node], j->text, keywords[i].name))
            return keywords[i].group;
    return UNKNOWN;
}

static void refuse(struct schema_out *o, uint32_t member)
{
    const struct json_node *n = &o->j.node[member];
    schema_fail(o, ERR_UNSUPPORTED, "keyword \"%.*s\" is not supported here",
                (int)(n->key_len < 64 ? n->key_len : 64), o->j.text + n->key_off);
}

/* Whether `names`, separated by spaces, hold the key. */
static bool listed(const struct schema_out *o, uint32_t member, const char *names)
{
    const struct json_node *n = &o->j.node[member];
    for (const char *at = names; *at != '\0';) {
        const size_t length = strcspn(at, " ");
        if (n->key_len == length && memcmp(o->j.text + n->key_off, at, length) == 0)
            return true;
        at += length + (at[length] == ' ');
    }
    return false;
}

/* Only these keywords, and those without effect. */
static void only(struct schema_out *o, uint32_t node, const char *names)
{
    for (uint32_t at = o->j.node[node].child; at != 0; at = o->j.node[at].next)
        if (group_of(&o->j, at) != NO_EFFECT && !listed(o, at, names))
            refuse(o, at);
}

/* Of this group only these; of other groups any where the type is given. */
static void only_of(struct schema_out *o, uint32_t node, enum group group, const char *names,
                    bool typed)
{
    for (uint32_t at = o->j.node[node].child; at != 0; at = o->j.node[at].next) {
        const enum group g = group_of(&o->j, at);
        if (g == UNKNOWN || (g == group ? !listed(o, at, names) : g > STRUCTURE && !typed))
            refuse(o, at);
    }
}

/* ---- schemas ---- */

static struct schema_str rule_name(struct schema_out *o, struct schema_str name)
{
    const struct schema_str nothing = {0};
    if (name.len == 0)
        return schema_name(o, nothing, "root", 4);
    return schema_is_builtin(o, name) ? schema_name(o, name, "", 0) : name;
}

/* A rule that is another one under this name. Only the root needs it. */
static struct schema_str alias(struct schema_out *o, struct schema_str name, struct schema_str rule)
{
    if (name.len > 0)
        return rule;
    const uint32_t from = o->n_work;
    schema_put_name(o, rule);
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str name_number(struct schema_out *o, struct schema_str name, const char *text,
                                     uint32_t number)
{
    char full[48];
    const int n = snprintf(full, sizeof full, "%s%u", text, number);
    return schema_name(o, name, full, (size_t)n);
}

static struct schema_str visit_union(struct schema_out *o, uint32_t list, struct schema_str name)
{
    const uint32_t from = o->n_work;
    uint32_t i = 0;
    if (o->j.node[list].type != JSON_ARRAY || o->j.node[list].n == 0)
        schema_fail(o, ERR_FORMAT, "oneOf and anyOf want schemas in an array");
    for (uint32_t at = o->j.node[list].child; at != 0 && o->rc == OK; at = o->j.node[at].next) {
        const struct schema_str rule =
            schema_visit(o, at, 0, name_number(o, name, name.len > 0 ? "" : "alternative-", i));
        schema_put(o, i++ > 0 ? " | " : "");
        schema_put_name(o, rule);
    }
    return schema_add_rule(o, rule_name(o, name), from);
}

/* The schema once for each type; they differ in that only. */
static struct schema_str visit_types(struct schema_out *o, uint32_t node, uint32_t types,
                                     struct schema_str name)
{
    const uint32_t from = o->n_work;
    uint32_t i = 0;
    if (o->j.node[types].n == 0)
        schema_fail(o, ERR_FORMAT, "type is an empty list");
    for (uint32_t at = o->j.node[types].child; at != 0 && o->rc == OK; at = o->j.node[at].next) {
        if (o->j.node[at].type != JSON_STRING)
            schema_fail(o, ERR_FORMAT, "a type that is no string");
        const struct schema_str rule =
            schema_visit(o, node, at, name_number(o, name, name.len > 0 ? "" : "alternative-", i));
        schema_put(o, i++ > 0 ? " | " : "");
        schema_put_name(o, rule);
    }
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_values(struct schema_out *o, uint32_t node, struct schema_str name)
{
    const uint32_t value = json_member(&o->j, node, "const"), from = o->n_work;
    const uint32_t list = value != 0 ? 0 : json_member(&o->j, node, "enum");
    schema_builtin(o, "space");
    if (value != 0) {
        schema_put_value(o, value);
    } else {
        if (o->j.node[list].type != JSON_ARRAY || o->j.node[list].n == 0)
            schema_fail(o, ERR_FORMAT, "enum wants values in an array");
        for (uint32_t at = o->j.node[list].child; at != 0; at = o->j.node[at].next) {
            schema_put(o, at == o->j.node[list].child ? "(" : " | ");
            schema_put_value(o, at);
        }
        schema_put(o, ")");
    }
    schema_put(o, " space");
    return schema_add_rule(o, rule_name(o, name), from);
}

/* ---- references ---- */

/* Whether a key, its escapes as they are, is the token with ~0 for ~ and ~1 for /. */
static bool is_token(const struct json_node *n, const char *text, const char *token, size_t length)
{
    size_t at = 0;
    for (size_t i = 0; i < length; i++, at++) {
        char c = token[i];
        if (c == '~' && i + 1 < length && (token[i + 1] == '0' || token[i + 1] == '1'))
            c = token[++i] == '0' ? '~' : '/';
        if (at == n->key_len || text[n->key_off + at] != c)
            return false;
    }
    return at == n->key_len;
}

static uint32_t element_number(const char *token, size_t length)
{
    uint32_t number = 0;
    if (length == 0 || length > 6)
        return UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        if (token[i] < '0' || token[i] > '9')
            return UINT32_MAX;
        number = number * 10 + (uint32_t)(token[i] - '0');
    }
    return number;
}

static uint32_t step_into(const struct json *j, uint32_t node, const char *token, size_t length)
{
    uint32_t at = j->node[node].child, i = 0;
    const bool array = j->node[node].type == JSON_ARRAY;
    const uint32_t number = array ? element_number(token, length) : 0;
    while (at != 0 && (array ? i++ != number : !is_token(&j->node[at], j->text, token, length)))
        at = j->node[at].next;
    return at;
}

/* The node of "#" or "#/a/b", 0 if there is none. */
static uint32_t resolve(const struct json *j, const char *ref, size_t n)
{
    uint32_t node = 1;
    if (n == 0 || ref[0] != '#' || (n > 1 && ref[1] != '/'))
        return 0;
    for (size_t at = 1; at < n && node != 0;) {
        const char *token = ref + at + 1, *end = memchr(token, '/', n - at - 1);
        const size_t length = end == NULL ? n - at - 1 : (size_t)(end - token);
        node = step_into(j, node, token, length);
        at += length + 1;
    }
    return node;
}

static struct schema_str visit_ref(struct schema_out *o, uint32_t ref, struct schema_str name)
{
    const struct json_node *n = &o->j.node[ref];
    const char *text = o->j.text + n->off;
    const struct schema_str parent = {0};
    const uint32_t target = n->type == JSON_STRING ? resolve(&o->j, text, n->len) : 0;
    if (target == 0)
        schema_fail(o, ERR_NOT_FOUND, "$ref \"%.*s\"", (int)(n->len < 64 ? n->len : 64), text);
    for (uint32_t i = 0; i < o->n_rules && o->rc == OK; i++)
        if (o->rule[i].target == target)
            return alias(o, name, o->rule[i].name);
    const struct schema_str ref_name =
        schema_name(o, schema_name(o, parent, "ref", 3), text, n->len);
    const uint32_t from = o->n_work, rule = schema_open_rule(o, ref_name, target);
    const struct schema_str body = schema_visit(o, target, 0, schema_name(o, ref_name, "is", 2));
    schema_put_name(o, body);
    schema_close_rule(o, rule, from);
    return o->rc == OK ? alias(o, name, o->rule[rule].name) : name;
}

/* ---- by type ---- */

static struct schema_str visit_pattern(struct schema_out *o, uint32_t pattern,
                                       struct schema_str name)
{
    const uint32_t from = o->n_work;
    schema_builtin(o, "space");
    schema_put(o, "\"\\\"\" ");
    schema_put_pattern(o, pattern);
    schema_put(o, " \"\\\"\" space");
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_string(struct schema_out *o, uint32_t node, struct schema_str name,
                                      bool typed)
{
    static const struct {
        const char *format, *rule;
    } formats[] = {
        {"date", "date-string"}, {"time", "time-string"}, {"date-time", "date-time-string"},
        {"uuid", "uuid"},        {"uuid1", "uuid"},       {"uuid2", "uuid"},
        {"uuid3", "uuid"},       {"uuid4", "uuid"},       {"uuid5", "uuid"}};
    const uint32_t format = json_member(&o->j, node, "format");
    const uint32_t pattern = json_member(&o->j, node, "pattern");
    if (pattern != 0) {
        only_of(o, node, OF_STRING, "pattern", typed);
        return visit_pattern(o, pattern, name);
    }
    const struct schema_counts n = schema_counts(o, node, "minLength", "maxLength");
    only_of(o, node, OF_STRING, "minLength maxLength format", typed);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (format != 0 && json_is(&o->j, format, formats[i].format)) {
            only_of(o, node, OF_STRING, "format", typed);
            return alias(o, name, schema_builtin(o, formats[i].rule));
        }
    if (n.least == 0 && n.most == SCHEMA_NO_MOST)
        return alias(o, name, schema_builtin(o, "string"));
    const uint32_t from = o->n_work;
    schema_builtin(o, "char");
    schema_builtin(o, "space");
    schema_put(o, "\"\\\"\" char");
    schema_put_counts(o, n);
    schema_put(o, " \"\\\"\" space");
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_integer(struct schema_out *o, uint32_t node, struct schema_str name)
{
    const uint32_t from = o->n_work;
    only_of(o, node, OF_NUMBER, "minimum maximum exclusiveMinimum exclusiveMaximum", true);
    if (!schema_has_range(o, node))
        return alias(o, name, schema_builtin(o, "integer"));
    schema_builtin(o, "space");
    schema_put(o, "(");
    schema_put_range(o, node);
    schema_put(o, ") space");
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_tuple(struct schema_out *o, uint32_t list, struct schema_str name)
{
    const uint32_t from = o->n_work;
    uint32_t i = 0;
    schema_builtin(o, "space");
    schema_put(o, "\"[\" space");
    for (uint32_t at = o->j.node[list].child; at != 0 && o->rc == OK; at = o->j.node[at].next) {
        const struct schema_str rule = schema_visit(o, at, 0, name_number(o, name, "tuple-", i));
        schema_put(o, i++ > 0 ? " \",\" space " : " ");
        schema_put_name(o, rule);
    }
    schema_put(o, " \"]\" space");
    return schema_add_rule(o, rule_name(o, name), from);
}

/* item ("," space item){m-1,n-1}, all of it optional if m is 0. */
static void put_items(struct schema_out *o, struct schema_str item, struct schema_counts n)
{
    if (n.most == 0)
        return;
    schema_put(o, n.least == 0 ? " (" : " ");
    schema_put_name(o, item);
    schema_put(o, " (\",\" space ");
    schema_put_name(o, item);
    schema_put(o, ")");
    schema_put_counts(
        o, (struct schema_counts){.least = n.least > 0 ? n.least - 1 : 0,
                                  .most = n.most == SCHEMA_NO_MOST ? n.most : n.most - 1});
    schema_put(o, n.least == 0 ? ")?" : "");
}

static struct schema_str visit_array(struct schema_out *o, uint32_t node, struct schema_str name,
                                     bool typed)
{
    uint32_t items = json_member(&o->j, node, "items");
    const uint32_t prefix = json_member(&o->j, node, "prefixItems");
    const bool tuple = prefix != 0 || (items != 0 && o->j.node[items].type == JSON_ARRAY);
    only_of(o, node, OF_ARRAY,
            tuple ? (prefix != 0 ? "prefixItems" : "items") : "items minItems maxItems", typed);
    if (prefix != 0 && o->j.node[prefix].type != JSON_ARRAY)
        schema_fail(o, ERR_FORMAT, "prefixItems is no array");
    if (tuple)
        return visit_tuple(o, prefix != 0 ? prefix : items, name);
    const struct schema_counts n = schema_counts(o, node, "minItems", "maxItems");
    if (items == 0 && n.least == 0 && n.most == SCHEMA_NO_MOST)
        return alias(o, name, schema_builtin(o, "array"));
    const uint32_t from = o->n_work;
    const struct schema_str item = items == 0
                                       ? schema_builtin(o, "value")
                                       : schema_visit(o, items, 0, schema_name(o, name, "item", 4));
    schema_builtin(o, "space");
    schema_put(o, "\"[\" space");
    put_items(o, item, n);
    schema_put(o, " \"]\" space");
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_object(struct schema_out *o, uint32_t node, struct schema_str name,
                                      bool typed)
{
    const uint32_t more = json_member(&o->j, node, "additionalProperties");
    const uint32_t from = o->n_work;
    only_of(o, node, OF_OBJECT, "properties required additionalProperties", typed);
    if (json_member(&o->j, node, "properties") == 0 && json_member(&o->j, node, "required") == 0 &&
        (more == 0 || o->j.node[more].type == JSON_TRUE))
        return alias(o, name, schema_builtin(o, "object"));
    const struct schema_parts alone = {.node = {node}, .n = 1};
    schema_put_object(o, &alone, more, name);
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_typed(struct schema_out *o, uint32_t node, uint32_t type,
                                     struct schema_str name)
{
    static const char *const primitives[] = {"boolean", "null", "number"};
    if (json_is(&o->j, type, "object"))
        return visit_object(o, node, name, true);
    if (json_is(&o->j, type, "array"))
        return visit_array(o, node, name, true);
    if (json_is(&o->j, type, "string"))
        return visit_string(o, node, name, true);
    if (json_is(&o->j, type, "integer"))
        return visit_integer(o, node, name);
    for (size_t i = 0; i < 3; i++)
        if (json_is(&o->j, type, primitives[i])) {
            only_of(o, node, OF_NUMBER, "", true);
            return alias(o, name, schema_builtin(o, primitives[i]));
        }
    schema_fail(o, ERR_FORMAT, "no such type: %.*s",
                (int)(o->j.node[type].len < 64 ? o->j.node[type].len : 64),
                o->j.text + o->j.node[type].off);
    return name;
}

/* The first keyword that belongs to a type tells it; a schema without one takes any value. */
static struct schema_str visit_untyped(struct schema_out *o, uint32_t node, struct schema_str name)
{
    for (uint32_t at = o->j.node[node].child; at != 0; at = o->j.node[at].next)
        switch (group_of(&o->j, at)) {
        case OF_OBJECT:
            return visit_object(o, node, name, false);
        case OF_ARRAY:
            return visit_array(o, node, name, false);
        case OF_STRING:
            return visit_string(o, node, name, false);
        case OF_NUMBER:
        case UNKNOWN:
            refuse(o, at);
            break;
        case NO_EFFECT:
        case STRUCTURE:
            break;
        }
    return alias(o, name, schema_builtin(o, "value"));
}

/* A part of allOf: an object's properties, or a $ref to them, and so on. */
static void add_part(struct schema_out *o, uint32_t node, struct schema_parts *parts)
{
    for (uint32_t ref, steps = 0; (ref = json_member(&o->j, node, "$ref")) != 0; steps++) {
        const struct json_node *n = &o->j.node[ref];
        only(o, node, "$ref");
        node = n->type == JSON_STRING ? resolve(&o->j, o->j.text + n->off, n->len) : 0;
        if (node == 0 || steps == JSON_MAX_DEPTH)
            schema_fail(o, ERR_NOT_FOUND, "$ref in allOf");
        if (o->rc != OK)
            return;
    }
    const uint32_t type = json_member(&o->j, node, "type");
    if (o->j.node[node].type != JSON_OBJECT || (type != 0 && !json_is(&o->j, type, "object")) ||
        (type == 0 && json_member(&o->j, node, "properties") == 0 &&
         json_member(&o->j, node, "required") == 0))
        schema_fail(o, ERR_UNSUPPORTED, "allOf of several schemas that are no objects");
    else if (parts->n == SCHEMA_MAX_PARTS)
        schema_fail(o, ERR_LIMIT, "allOf of over %d schemas", (int)SCHEMA_MAX_PARTS);
    else
        parts->node[parts->n++] = node;
    only(o, node, "type properties required");
}

/* One schema is that schema; several are an object that has the properties of all, and those that
 * stand beside allOf. */
static struct schema_str visit_all(struct schema_out *o, uint32_t node, uint32_t list,
                                   struct schema_str name)
{
    const uint32_t from = o->n_work;
    struct schema_parts parts = {.n = 0};
    if (o->j.node[list].type != JSON_ARRAY || o->j.node[list].n == 0)
        schema_fail(o, ERR_FORMAT, "allOf wants schemas in an array");
    if (o->rc == OK && o->j.node[list].n == 1 && json_member(&o->j, node, "properties") == 0) {
        only(o, node, "allOf");
        return o->rc == OK ? schema_visit(o, o->j.node[list].child, 0, name) : name;
    }
    only(o, node, "allOf type properties required");
    if (json_member(&o->j, node, "properties") != 0)
        parts.node[parts.n++] = node;
    for (uint32_t at = o->j.node[list].child; at != 0 && o->rc == OK; at = o->j.node[at].next)
        add_part(o, at, &parts);
    if (o->rc != OK)
        return name;
    schema_put_object(o, &parts, 0, name);
    return schema_add_rule(o, rule_name(o, name), from);
}

static struct schema_str visit_schema(struct schema_out *o, uint32_t node, uint32_t type,
                                      struct schema_str name)
{
    static const char *const unions[] = {"oneOf", "anyOf"};
    const uint32_t ref = json_member(&o->j, node, "$ref"), all = json_member(&o->j, node, "allOf");
    if (ref != 0) {
        only(o, node, "$ref");
        return visit_ref(o, ref, name);
    }
    for (size_t i = 0; i < 2; i++)
        if (json_member(&o->j, node, unions[i]) != 0) {
            only(o, node, unions[i]);
            return visit_union(o, json_member(&o->j, node, unions[i]), name);
        }
    if (all != 0)
        return visit_all(o, node, all, name);
    if (json_member(&o->j, node, "const") != 0 || json_member(&o->j, node, "enum") != 0) {
        only(o, node, json_member(&o->j, node, "const") != 0 ? "const type" : "enum type");
        return visit_values(o, node, name);
    }
    if (type == 0)
        type = json_member(&o->j, node, "type");
    if (type != 0 && o->j.node[type].type == JSON_ARRAY)
        return visit_types(o, node, type, name);
    return type != 0 ? visit_typed(o, node, type, name) : visit_untyped(o, node, name);
}

struct schema_str schema_visit(struct schema_out *o, uint32_t node, uint32_t type,
                               struct schema_str name)
{
    struct schema_str rule = name;
    if (o->depth == JSON_MAX_DEPTH)
        schema_fail(o, ERR_LIMIT, "over %d deep", (int)JSON_MAX_DEPTH);
    if (o->rc == OK && o->j.node[node].type == JSON_TRUE)
        return alias(o, name, schema_builtin(o, "value"));
    if (o->rc == OK && o->j.node[node].type != JSON_OBJECT)
        schema_fail(o, ERR_FORMAT, "a schema that is no object");
    o->depth++;
    if (o->rc == OK)
        rule = visit_schema(o, node, type, name);
    o->depth--;
    return rule;
}

/* ---- a whole schema ---- */

enum { ALIGNMENT = 8, RULE_BYTES = 512 }; /* text of a rule, with what it takes to write it */

static size_t nodes_in(size_t n)
{
    return n / 2 + 3; /* a value and a comma */
}

size_t ref_schema_bytes(size_t n, size_t rules)
{
    const size_t nodes = nodes_in(n) * (sizeof(struct json_node) + 2 * sizeof(uint32_t));
    rules = rules == 0 ? n / 16 + 64 : rules;
    rules = rules > SCHEMA_MAX_RULES ? SCHEMA_MAX_RULES : rules;
    return 2 * ALIGNMENT + nodes + rules * (sizeof(struct schema_rule) + RULE_BYTES) + 16 * n;
}

static void *take(uint8_t **mem, size_t n)
{
    void *p = *mem;
    *mem += (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return p;
}

/* Nodes by the length of the text; what is left is for rules and their text. */
static void lay_out(struct schema_out *o, size_t n, uint8_t *mem, size_t bytes,
                    struct json_node **ret_node)
{
    uint8_t *const begin = mem;
    const size_t nodes = nodes_in(n);
    mem += (ALIGNMENT - (uintptr_t)mem % ALIGNMENT) % ALIGNMENT;
    *ret_node = take(&mem, nodes * sizeof **ret_node);
    o->kv = take(&mem, nodes * sizeof *o->kv);
    o->list = take(&mem, nodes * sizeof *o->list);
    size_t left = bytes - (size_t)(mem - begin);
    const size_t rules = left / (sizeof *o->rule + RULE_BYTES);
    o->cap_rules = (uint32_t)(rules > SCHEMA_MAX_RULES ? SCHEMA_MAX_RULES : rules);
    o->rule = take(&mem, o->cap_rules * sizeof *o->rule);
    left = bytes - (size_t)(mem - begin);
    left = left > UINT32_MAX ? UINT32_MAX : left;
    o->cap_pool = (uint32_t)(left / 4 * 3);
    o->cap_work = (uint32_t)left - o->cap_pool;
    o->pool = (char *)mem;
    o->work = o->pool + o->cap_pool;
}

static void write_out(const struct schema_out *o, char *ret, size_t cap, size_t *ret_n)
{
    size_t n = 0;
    for (uint32_t i = 0; i < o->n_rules; i++) {
        const struct schema_str part[] = {o->rule[i].name, o->rule[i].body};
        for (int k = 0; k < 2; k++) {
            const char *after = k == 0 ? " ::= " : "\n";
            for (uint32_t at = 0; at < part[k].len; at++, n++)
                if (n < cap)
                    ret[n] = o->pool[part[k].off + at];
            for (; *after != '\0'; after++, n++)
                if (n < cap)
                    ret[n] = *after;
        }
    }
    *ret_n = n;
}

enum err_code ref_schema_to_gbnf(const char *text, size_t n, void *mem, size_t bytes, char *ret,
                                 size_t cap, size_t *ret_n, struct err *why)
{
    struct schema_out o = {.why = why};
    const struct schema_str root = {0};
    struct json_node *node;
    if (n > JSON_MAX_TEXT || bytes < ref_schema_bytes(n, 1))
        return err_set(why, ERR_LIMIT, "a schema of %zu bytes, %zu bytes of memory", n, bytes);
    lay_out(&o, n, mem, bytes, &node);
    const enum err_code rc = json_parse(&o.j, text, n, node, (uint32_t)nodes_in(n), why);
    if (rc != OK)
        return rc;
    schema_visit(&o, 1, 0, root);
    if (o.rc == OK)
        write_out(&o, ret, cap, ret_n);
    return o.rc;
}
