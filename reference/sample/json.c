#include "reference/sample/json.h"

#include <string.h>

#include "reference/token/utf8.h"

struct parser {
    struct json *j;
    size_t n, pos;
    int depth;
    struct err *why;
};

static enum err_code parse_value(struct parser *p, uint32_t *ret);

static int peek(const struct parser *p)
{
    return p->pos < p->n ? (uint8_t)p->j->text[p->pos] : -1;
}

static enum err_code wrong(struct parser *p, const char *expected)
{
    return err_set(p->why, ERR_FORMAT, "JSON, byte %zu: expected %s", p->pos, expected);
}

static void skip_space(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->pos++;
}

static enum err_code add_node(struct parser *p, enum json_type type, uint32_t *ret)
{
    *ret = 0;
    if (p->j->n == p->j->cap)
        return err_set(p->why, ERR_LIMIT, "JSON of over %u values", p->j->cap - 1);
    *ret = p->j->n++;
    p->j->node[*ret] = (struct json_node){.type = type, .off = (uint32_t)p->pos};
    return OK;
}

static int hex(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the backslash. */
static enum err_code skip_escape(struct parser *p)
{
    const int c = peek(p);
    if (c <= 0 || strchr("\"\\/bfnrtu", c) == NULL)
        return wrong(p, "an escape");
    p->pos++;
    for (int i = 0; i < 4 && c == 'u'; i++, p->pos++)
        if (hex(peek(p)) < 0)
            return wrong(p, "a hexadecimal digit");
    return OK;
}

/* The escapes of surrogates must come in pairs, which only a second look tells. */
static enum err_code check_chars(struct parser *p, uint32_t off, uint32_t len)
{
    struct json_chars c = {.at = p->j->text + off, .end = p->j->text + off + len};
    for (uint32_t cp; json_next_char(&c, &cp);)
        if (cp >= 0xd800 && cp <= 0xdfff)
            return wrong(p, "surrogates in pairs");
    return OK;
}

/* At the opening quote. */
static enum err_code take_string(struct parser *p, uint32_t *ret_off, uint32_t *ret_len)
{
    struct ref_utf8 utf8 = {0};
    enum err_code rc = OK;
    if (peek(p) != '"')
        return wrong(p, "\"");
    const size_t from = ++p->pos;
    while (rc == OK && (utf8.left > 0 || peek(p) != '"')) {
        if (peek(p) < 0x20)
            return wrong(p, "a character");
        if (ref_utf8_push(&utf8, (uint8_t)peek(p)) == REF_UTF8_WRONG)
            return wrong(p, "UTF-8");
        if (p->j->text[p->pos++] == '\\')
            rc = skip_escape(p);
    }
    if (rc != OK)
        return rc;
    *ret_off = (uint32_t)from;
    *ret_len = (uint32_t)(p->pos++ - from);
    return check_chars(p, *ret_off, *ret_len);
}

static enum err_code skip_digits(struct parser *p)
{
    if (peek(p) < '0' || peek(p) > '9')
        return wrong(p, "a digit");
    while (peek(p) >= '0' && peek(p) <= '9')
        p->pos++;
    return OK;
}

static enum err_code skip_number(struct parser *p)
{
    p->pos += peek(p) == '-';
    const bool zero = peek(p) == '0';
    enum err_code rc = OK;
    if (zero)
        p->pos++;
    else
        rc = skip_digits(p);
    if (rc == OK && peek(p) == '.') {
        p->pos++;
        rc = skip_digits(p);
    }
    if (rc == OK && (peek(p) == 'e' || peek(p) == 'E')) {
        p->pos++;
        p->pos += peek(p) == '+' || peek(p) == '-';
        rc = skip_digits(p);
    }
    return rc;
}

static enum err_code take_scalar(struct parser *p, uint32_t *ret)
{
    static const struct {
        const char *text;
        enum json_type type;
    } words[] = {{"null", JSON_NULL}, {"false", JSON_FALSE}, {"true", JSON_TRUE}};
    enum err_code rc = add_node(p, JSON_NUMBER, ret);
    if (rc != OK)
        return rc;
    struct json_node *node = &p->j->node[*ret];
    if (peek(p) == '"') {
        node->type = JSON_STRING;
        return take_string(p, &node->off, &node->len);
    }
    for (size_t i = 0; i < 3; i++) {
        const size_t n = strlen(words[i].text);
        if (p->n - p->pos >= n && memcmp(p->j->text + p->pos, words[i].text, n) == 0) {
            node->type = words[i].type;
            node->len = (uint32_t)n;
            p->pos += n;
            return OK;
        }
    }
    rc = skip_number(p);
    node->len = (uint32_t)p->pos - node->off;
    return rc;
}

static enum err_code take_key(struct parser *p, uint32_t *ret_off, uint32_t *ret_len)
{
    const enum err_code rc = take_string(p, ret_off, ret_len);
    skip_space(p);
    if (rc == OK && peek(p) != ':')
        return wrong(p, ":");
    p->pos += rc == OK;
    skip_space(p);
    return rc;
}

static enum err_code take_element(struct parser *p, uint32_t parent, uint32_t *last)
{
    uint32_t key_off = 0, key_len = 0, at = 0;
    const bool object = p->j->node[parent].type == JSON_OBJECT;
    enum err_code rc = object ? take_key(p, &key_off, &key_len) : OK;
    if (rc == OK)
        rc = parse_value(p, &at);
    if (rc != OK)
        return rc;
    struct json_node *node = p->j->node;
    node[at].key_off = key_off;
    node[at].key_len = key_len;
    *(*last == 0 ? &node[parent].child : &node[*last].next) = at;
    node[parent].n++;
    *last = at;
    skip_space(p);
    return OK;
}

static enum err_code take_container(struct parser *p, uint32_t *ret)
{
    const bool object = peek(p) == '{';
    const int end = object ? '}' : ']';
    uint32_t last = 0;
    enum err_code rc = add_node(p, object ? JSON_OBJECT : JSON_ARRAY, ret);
    p->pos++;
    skip_space(p);
    for (bool more = peek(p) != end; more && rc == OK;) {
        rc = take_element(p, *ret, &last);
        more = rc == OK && peek(p) == ',';
        p->pos += more;
        skip_space(p);
    }
    if (rc == OK && peek(p) != end)
        return wrong(p, object ? "}" : "]");
    p->pos += rc == OK;
    return rc;
}

static enum err_code parse_value(struct parser *p, uint32_t *ret)
{
    *ret = 0;
    if (peek(p) != '{' && peek(p) != '[')
        return take_scalar(p, ret);
    if (p->depth == JSON_MAX_DEPTH)
        return err_set(p->why, ERR_LIMIT, "JSON, byte %zu: over %d deep", p->pos,
                       (int)JSON_MAX_DEPTH);
    p->depth++;
    const enum err_code rc = take_container(p, ret);
    p->depth--;
    return rc;
}

enum err_code json_parse(struct json *ret, const char *text, size_t n, struct json_node *node,
                         uint32_t cap, struct err *why)
{
    struct json j = {.text = text, .node = node, .n = 1, .cap = cap};
    struct parser p = {.j = &j, .n = n, .why = why};
    uint32_t root = 0;
    if (n > JSON_MAX_TEXT || cap < 2)
        return err_set(why, ERR_LIMIT, "JSON of %zu bytes, at most %d are allowed", n,
                       (int)JSON_MAX_TEXT);
    node[0] = (struct json_node){.type = JSON_NULL}; /* none: without members, of no length */
    skip_space(&p);
    enum err_code rc = parse_value(&p, &root);
    skip_space(&p);
    if (rc == OK && p.pos < n)
        rc = wrong(&p, "the end");
    if (rc == OK)
        *ret = j;
    return rc;
}

uint32_t json_member(const struct json *j, uint32_t object, const char *key)
{
    uint32_t at = j->node[object].type == JSON_OBJECT ? j->node[object].child : 0;
    const size_t n = strlen(key);
    while (at != 0 &&
           (j->node[at].key_len != n || memcmp(j->text + j->node[at].key_off, key, n) != 0))
        at = j->node[at].next;
    return at;
}

bool json_is(const struct json *j, uint32_t node, const char *text)
{
    const struct json_node *n = &j->node[node];
    return n->type == JSON_STRING && n->len == strlen(text) &&
           memcmp(j->text + n->off, text, n->len) == 0;
}

static uint32_t hex4(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)hex(p[i]);
    return value;
}

static uint32_t escaped(struct json_chars *c)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char name = *c->at++;
    const char *at = strchr(names, name);
    if (at != NULL)
        return (uint8_t)values[at - names];
    if (name != 'u')
        return (uint8_t)name;
    const uint32_t high = hex4(c->at);
    c->at += 4;
    if (high < 0xd800 || high > 0xdbff || c->end - c->at < 6 || c->at[0] != '\\' || c->at[1] != 'u')
        return high;
    const uint32_t low = hex4(c->at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return high;
    c->at += 6;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

bool json_next_char(struct json_chars *c, uint32_t *ret_cp)
{
    if (c->at == c->end)
        return false;
    if (*c->at == '\\') {
        c->at++;
        *ret_cp = escaped(c);
        return true;
    }
    c->at += ref_utf8_lenient((const uint8_t *)c->at, (size_t)(c->end - c->at), ret_cp);
    return true;
}
