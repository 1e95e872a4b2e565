#include "reference/sample/schema_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reference/token/utf8.h"

void schema_fail(struct schema_out *o, enum err_code code, const char *format, ...)
{
    char text[256];
    va_list args;
    if (o->rc != OK)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    o->rc = err_set(o->why, code, "schema: %s", text);
}

/* ---- text ---- */

void schema_put_n(struct schema_out *o, const char *text, size_t n)
{
    if (o->rc == OK && n > o->cap_work - o->n_work)
        schema_fail(o, ERR_LIMIT, "rules of over %u bytes", o->cap_work);
    if (o->rc != OK)
        return;
    memcpy(o->work + o->n_work, text, n);
    o->n_work += (uint32_t)n;
}

void schema_put(struct schema_out *o, const char *text)
{
    schema_put_n(o, text, strlen(text));
}

void schema_put_name(struct schema_out *o, struct schema_str name)
{
    schema_put_n(o, o->pool + name.off, name.len);
}

void schema_put_number(struct schema_out *o, uint64_t number)
{
    char text[24];
    schema_put_n(o, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)number));
}

void schema_put_digits(struct schema_out *o, char first, char last)
{
    const char range[] = {'[', first, '-', last, ']'}, one[] = {'[', first, ']'};
    if (first == last)
        schema_put_n(o, one, sizeof one);
    else
        schema_put_n(o, range, sizeof range);
}

/* ---- values ---- */

void schema_put_char(struct schema_out *o, uint32_t cp)
{
    static const char special[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    uint8_t bytes[4];
    char text[16];
    const char *at = cp == 0 || cp > 0x7f ? NULL : strchr(special, (int)cp);
    if (at != NULL && (cp == '"' || cp == '\\'))
        snprintf(text, sizeof text, "\\\\\\%c", names[at - special]);
    else if (at != NULL)
        snprintf(text, sizeof text, "\\\\%c", names[at - special]);
    else if (cp < 0x20)
        snprintf(text, sizeof text, "\\\\u%04x", cp);
    else {
        schema_put_n(o, (const char *)bytes, ref_utf8_put(cp, bytes));
        return;
    }
    schema_put(o, text);
}

static void put_string(struct schema_out *o, uint32_t off, uint32_t len)
{
    struct json_chars c = {.at = o->j.text + off, .end = o->j.text + off + len};
    schema_put(o, "\\\"");
    for (uint32_t cp; json_next_char(&c, &cp);)
        schema_put_char(o, cp);
    schema_put(o, "\\\"");
}

static void put_json(struct schema_out *o, uint32_t node)
{
    const struct json_node *n = &o->j.node[node];
    const bool object = n->type == JSON_OBJECT;
    if (n->type == JSON_STRING) {
        put_string(o, n->off, n->len);
    } else if (n->type != JSON_ARRAY && !object) {
        schema_put_n(o, o->j.text + n->off, n->len);
    } else {
        schema_put(o, object ? "{" : "[");
        for (uint32_t at = n->child; at != 0; at = o->j.node[at].next) {
            if (at != n->child)
                schema_put(o, ",");
            if (object) {
                put_string(o, o->j.node[at].key_off, o->j.node[at].key_len);
                schema_put(o, ":");
            }
            put_json(o, at); /* as deep as the JSON, JSON_MAX_DEPTH */
        }
        schema_put(o, object ? "}" : "]");
    }
}

void schema_put_value(struct schema_out *o, uint32_t node)
{
    schema_put(o, "\"");
    put_json(o, node);
    schema_put(o, "\"");
}

void schema_put_key(struct schema_out *o, uint32_t off, uint32_t len)
{
    schema_put(o, "\"");
    put_string(o, off, len);
    schema_put(o, "\"");
}

/* ---- rules ---- */

static char *pool_room(struct schema_out *o, size_t n)
{
    if (o->rc == OK && n > o->cap_pool - o->n_pool)
        schema_fail(o, ERR_LIMIT, "a grammar of over %u bytes", o->cap_pool);
    return o->rc == OK ? o->pool + o->n_pool : NULL;
}

static bool is_name(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

struct schema_str schema_name(struct schema_out *o, struct schema_str parent, const char *text,
                              size_t n)
{
    char *to = pool_room(o, parent.len + 1 + n);
    struct schema_str name = {.off = o->n_pool};
    if (to == NULL)
        return name;
    memcpy(to, o->pool + parent.off, parent.len);
    name.len = parent.len;
    if (parent.len > 0)
        to[name.len++] = '-';
    for (size_t i = 0; i < n; i++) {
        if (is_name(text[i]))
            to[name.len++] = text[i];
        else if (i == 0 || is_name(text[i - 1]))
            to[name.len++] = '-';
    }
    o->n_pool += name.len;
    return name;
}

static bool same(const struct schema_out *o, struct schema_str a, const char *text, size_t n)
{
    return a.len == n && memcmp(o->pool + a.off, text, n) == 0;
}

/* SCHEMA_MAX_RULES if there is none. */
static uint32_t find(const struct schema_out *o, const char *name, size_t n)
{
    for (uint32_t i = 0; i < o->n_rules; i++)
        if (same(o, o->rule[i].name, name, n))
            return i;
    return SCHEMA_MAX_RULES;
}

/* This name, or with a number if it is taken. */
static struct schema_str free_name(struct schema_out *o, struct schema_str name)
{
    char number[16];
    struct schema_str other = name;
    for (uint32_t i = o->n_rules;
         o->rc == OK && find(o, o->pool + other.off, other.len) < SCHEMA_MAX_RULES; i++) {
        const int n = snprintf(number, sizeof number, "%u", i);
        other = schema_name(o, name, number, (size_t)n);
    }
    return other;
}

uint32_t schema_open_rule(struct schema_out *o, struct schema_str name, uint32_t target)
{
    if (o->rc == OK && o->n_rules == o->cap_rules)
        schema_fail(o, ERR_LIMIT, "over %u rules", o->cap_rules);
    name = free_name(o, name);
    if (o->rc != OK)
        return 0;
    o->rule[o->n_rules] = (struct schema_rule){.name = name, .target = target};
    return o->n_rules++;
}

void schema_close_rule(struct schema_out *o, uint32_t rule, uint32_t from)
{
    const uint32_t n = o->rc == OK ? o->n_work - from : 0;
    char *to = pool_room(o, n);
    if (to == NULL)
        return;
    memcpy(to, o->work + from, n);
    o->rule[rule].body = (struct schema_str){.off = o->n_pool, .len = n};
    o->n_pool += n;
    o->n_work = from;
}

struct schema_str schema_add_rule(struct schema_out *o, struct schema_str name, uint32_t from)
{
    const uint32_t known = o->rc == OK ? find(o, o->pool + name.off, name.len) : 0;
    if (o->rc == OK && known < SCHEMA_MAX_RULES &&
        same(o, o->rule[known].body, o->work + from, o->n_work - from)) {
        o->n_work = from;
        return o->rule[known].name;
    }
    const uint32_t rule = schema_open_rule(o, name, 0);
    schema_close_rule(o, rule, from);
    return o->rc == OK ? o->rule[rule].name : name;
}

/* ---- rules that every grammar has ---- */

#define STRING(body) "\"\\\"\" " body " \"\\\"\" space"
#define HEX(n)       "[0-9a-fA-F]{" #n "}"
static const struct builtin {
    const char *name, *body, *uses;
} builtins[] = {
    {"space", "| \" \" | \"\\n\"{1,2} [ \\t]{0,20}", ""},
    {"boolean", "(\"true\" | \"false\") space", "space"},
    {"null", "\"null\" space", "space"},
    {"decimal-part", "[0-9]{1,16}", ""},
    {"integral-part", "[0] | [1-9] [0-9]{0,15}", ""},
    {"number", "(\"-\"? integral-part) (\".\" decimal-part)? ([eE] [-+]? integral-part)? space",
     "integral-part decimal-part space"},
    {"integer", "(\"-\"? integral-part) space", "integral-part space"},
    {"value", "object | array | string | number | boolean | null",
     "object array string number boolean null"},
    {"object",
     "\"{\" space ( string \":\" space value (\",\" space string \":\" space value)* )? \"}\" "
     "space",
     "string value space"},
    {"array", "\"[\" space ( value (\",\" space value)* )? \"]\" space", "value space"},
    {"char", "[^\"\\\\\\x7F\\x00-\\x1F] | [\\\\] ([\"\\\\bfnrt] | \"u\" " HEX(4) ")", ""},
    {"string", STRING("char*"), "char space"},
    {"uuid", STRING(HEX(8) " \"-\" " HEX(4) " \"-\" " HEX(4) " \"-\" " HEX(4) " \"-\" " HEX(12)),
     "space"},
    {"date",
     "[0-9]{4} \"-\" ( \"0\" [1-9] | \"1\" [0-2] ) \"-\" ( \"0\" [1-9] | [1-2] [0-9] | "
     "\"3\" [0-1] )",
     ""},
    {"time",
     "([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9] \":\" [0-5] [0-9] ( \".\" [0-9]{3} )? "
     "( \"Z\" | ( \"+\" | \"-\" ) ( [01] [0-9] | \"2\" [0-3] ) \":\" [0-5] [0-9] )",
     ""},
    {"date-string", STRING("date"), "date space"},
    {"time-string", STRING("time"), "time space"},
    {"date-time-string", STRING("date \"T\" time"), "date time space"},
};

static const struct builtin *find_builtin(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (strlen(builtins[i].name) == n && memcmp(builtins[i].name, name, n) == 0)
            return &builtins[i];
    return NULL;
}

bool schema_is_builtin(const struct schema_out *o, struct schema_str name)
{
    return find_builtin(o->pool + name.off, name.len) != NULL;
}

static struct schema_str add_builtin(struct schema_out *o, const char *name, size_t n)
{
    const struct builtin *b = find_builtin(name, n);
    const uint32_t known = find(o, name, n);
    if (known < SCHEMA_MAX_RULES)
        return o->rule[known].name;
    const struct schema_str nothing = {0};
    const uint32_t from = o->n_work,
                   rule = schema_open_rule(o, schema_name(o, nothing, name, n), 0);
    schema_put(o, b->body);
    schema_close_rule(o, rule, from);
    for (const char *use = b->uses; *use != '\0' && o->rc == OK;) {
        const size_t length = strcspn(use, " ");
        add_builtin(o, use, length); /* `value` goes deepest, to the primitives and no further */
        use += length + (use[length] == ' ');
    }
    return o->rc == OK ? o->rule[rule].name : nothing;
}

struct schema_str schema_builtin(struct schema_out *o, const char *name)
{
    return add_builtin(o, name, strlen(name));
}
