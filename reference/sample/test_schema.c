#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/sample/gbnf.h"
#include "reference/sample/schema.h"

enum { OUT = 1 << 16, ELEMENTS = 60000, CAP = 4096 };

static enum err_code convert(const char *schema, char *ret, size_t *n, struct err *why)
{
    const size_t bytes = ref_schema_bytes(strlen(schema), 0);
    void *mem = malloc(bytes);
    assert_non_null(mem);
    const enum err_code rc =
        ref_schema_to_gbnf(schema, strlen(schema), mem, bytes, ret, OUT - 1, n, why);
    free(mem);
    if (rc == OK) {
        assert_true(*n < OUT);
        ret[*n] = '\0';
    }
    return rc;
}

struct checker {
    char grammar[OUT];
    void *mem, *state;
    size_t state_bytes;
    struct ref_gbnf g;
};

static void open_schema(struct checker *c, const char *schema)
{
    struct err why = {.text = ""};
    const size_t bytes = ref_gbnf_bytes(ELEMENTS);
    size_t n;
    if (convert(schema, c->grammar, &n, &why) != OK)
        fail_msg("%s\n%s", schema, why.text);
    c->mem = malloc(bytes);
    assert_non_null(c->mem);
    if (ref_gbnf_parse(&c->g, c->grammar, n, "root", c->mem, bytes, NULL, &why) != REF_GBNF_OK)
        fail_msg("%s\n%s\n%s", schema, c->grammar, why.text);
    c->state_bytes = ref_gbnf_state_bytes(&c->g, CAP);
    c->state = malloc(c->state_bytes);
    assert_non_null(c->state);
}

static bool takes(struct checker *c, const char *text)
{
    struct ref_gbnf_state s;
    bool ok = false;
    assert_int_equal(ref_gbnf_open(&s, &c->g, CAP, c->state, c->state_bytes), REF_GBNF_OK);
    assert_int_equal(ref_gbnf_accept(&s, (const uint8_t *)text, strlen(text), &ok), REF_GBNF_OK);
    return ok && ref_gbnf_can_end(&s);
}

static void close_schema(struct checker *c)
{
    free(c->mem);
    free(c->state);
}

static void schemas_take_what_is_valid(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *good[8], *bad[8];
    } cases[] = {
        {"{}", {"1", "[true, null]", "{\"a\":\"b\"}"}, {"", "[1,]"}},
        {"true", {"1"}, {""}},
        {"{\"type\":\"boolean\"}", {"true", "false "}, {"null", "1"}},
        {"{\"type\":\"integer\"}", {"0", "-12"}, {"01", "1.5", "\"1\""}},
        {"{\"type\":\"number\"}", {"0", "-12.5e+3"}, {".5", "x"}},
        {"{\"type\":[\"string\",\"null\"]}", {"\"a\"", "null"}, {"1"}},
        {"{\"const\":{\"a\":[1,\"x\\\"\\n\\u00e9\"]}}",
         {"{\"a\":[1,\"x\\\"\\n\xc3\xa9\"]}"},
         {"{\"a\":[1]}"}},
        {"{\"enum\":[\"red\",2,null]}", {"\"red\"", "2", "null"}, {"\"green\"", "3"}},
        {"{\"type\":\"string\",\"minLength\":1,\"maxLength\":2}",
         {"\"a\"", "\"\xc3\xa9\\n\""},
         {"\"\"", "\"abc\""}},
        {"{\"type\":\"string\",\"format\":\"date\"}",
         {"\"2024-02-29\""},
         {"\"2024-13-01\"", "\"today\""}},
        {"{\"type\":\"string\",\"format\":\"date-time\"}",
         {"\"2024-02-29T23:59:59.123Z\""},
         {"\"2024-02-29\""}},
        {"{\"type\":\"string\",\"format\":\"uuid\"}",
         {"\"01234567-89ab-cdef-0123-456789abcdef\""},
         {"\"0\""}},
        {"{\"type\":\"string\",\"format\":\"email\"}", {"\"a@b\""}, {"1"}},
        {"{\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":3}",
         {"[1]", "[1, 2,3]"},
         {"[]", "[1,2,3,4]", "[true]"}},
        {"{\"type\":\"array\",\"maxItems\":0}", {"[]"}, {"[1]"}},
        {"{\"type\":\"array\",\"minItems\":2}", {"[1,\"a\"]", "[1,2,3]"}, {"[1]"}},
        {"{\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}",
         {"[1,null]"},
         {"[1]", "[1,null,2]"}},
        {"{\"type\":\"object\"}", {"{}", "{\"x\":1}"}, {"[]"}},
        {"{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"null\"},\"c\":{}},"
         "\"required\":[\"b\"]}",
         {"{\"b\":null}", "{\"b\":null,\"a\":1}", "{\"b\":null, \"c\":2}",
          "{\"b\":null,\"a\":1,\"c\":\"x\"}"},
         {"{}", "{\"a\":1}", "{\"b\":null,\"c\":1,\"a\":1}", "{\"b\":null,\"d\":1}"}},
        {"{\"properties\":{\"a\":{},\"b\":{}},\"additionalProperties\":{\"type\":\"integer\"}}",
         {"{}", "{\"a\":null}", "{\"a\":1,\"x\":2,\"ab\":3}", "{\"b\":true,\"\":1}", "{\"aa\":1}"},
         {"{\"x\":null}", "{\"x\":1,\"a\":2}", "{\"a\":1,\"a\":2}"}},
        {"{\"type\":\"object\",\"additionalProperties\":false}", {"{}"}, {"{\"a\":1}"}},
        {"{\"properties\":{\"and\":{},\"also\":{},\"an\":{}},\"additionalProperties\":true}",
         {"{\"a\":1}", "{\"al\":1,\"andy\":2,\"\xc3\xa9\":3}", "{\"and\":1,\"an\":2,\"z\":3}"},
         {"{\"x\":1,\"an\":2}", "{\"z\":1,\"also\":2}"}},
        {"{\"anyOf\":[{\"type\":\"integer\"},{\"const\":\"x\"}]}", {"3", "\"x\""}, {"\"y\""}},
        {"{\"allOf\":[{\"$ref\":\"#/$defs/n\"}],\"$defs\":{\"n\":{\"type\":\"null\"}}}",
         {"null"},
         {"1"}},
        {"{\"allOf\":[{\"$ref\":\"#/$defs/n\"},{\"properties\":{\"b\":{\"type\":\"integer\"}},"
         "\"required\":[\"b\"]}],\"type\":\"object\",\"$defs\":{\"n\":{\"properties\":{\"a\":{"
         "\"type\":\"null\"}},\"required\":[\"a\"]}}}",
         {"{\"a\":null,\"b\":1}"},
         {"{\"b\":1}", "{\"a\":null}", "{\"b\":1,\"a\":null}"}},
        {"{\"properties\":{\"x\":{\"type\":\"null\"}},\"allOf\":[{\"properties\":{\"y\":{"
         "\"type\":\"null\"}},\"required\":[\"x\"]}]}",
         {"{\"x\":null}", "{\"x\":null,\"y\":null}"},
         {"{}", "{\"y\":null}"}},
        {"{\"$ref\":\"#/definitions/a~1b\",\"definitions\":{\"a/b\":{\"type\":\"integer\"}}}",
         {"7"},
         {"null"}},
        {"{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"integer\"},\"next\":{\"anyOf\":["
         "{\"$ref\":\"#\"},{\"type\":\"null\"}]}},\"required\":[\"v\"]}",
         {"{\"v\":1}", "{\"v\":1,\"next\":{\"v\":2,\"next\":null}}"},
         {"{\"v\":1,\"next\":3}"}},
        {"{\"properties\":{\"a b\":{\"type\":\"integer\"},\"a-b\":{\"type\":\"null\"}}}",
         {"{\"a b\":1,\"a-b\":null}"},
         {"{\"a b\":null}"}},
        {"{\"type\":\"string\",\"minimum\":3}", {"\"x\""}, {"3"}}, /* minimum says nothing here */
    };
    static struct checker c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_schema(&c, cases[i].schema);
        for (int k = 0; k < 8 && cases[i].good[k] != NULL; k++)
            if (!takes(&c, cases[i].good[k]))
                fail_msg("%s refuses %s\n%s", cases[i].schema, cases[i].good[k], c.grammar);
        for (int k = 0; k < 8 && cases[i].bad[k] != NULL; k++)
            if (takes(&c, cases[i].bad[k]))
                fail_msg("%s takes %s\n%s", cases[i].schema, cases[i].bad[k], c.grammar);
        close_schema(&c);
    }
}

static void integers_lie_between_their_bounds(void **state)
{
    (void)state;
    static const struct {
        int low, high;
    } ranges[] = {{0, 0},    {0, 9},  {3, 7},     {5, 12}, {99, 100}, {123, 456},
                  {0, 1000}, {-5, 5}, {-120, -7}, {-1, 0}, {1, 999},  {190, 210}};
    static struct checker c;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        char schema[128], text[16];
        snprintf(schema, sizeof schema,
                 "{\"type\":\"integer\",\"minimum\":%d,\"exclusiveMaximum\":%d}", ranges[i].low,
                 ranges[i].high + 1);
        open_schema(&c, schema);
        for (int x = -1100; x <= 1100; x++) {
            snprintf(text, sizeof text, "%d", x);
            if (takes(&c, text) != (x >= ranges[i].low && x <= ranges[i].high))
                fail_msg("%s and %s\n%s", schema, text, c.grammar);
        }
        assert_false(takes(&c, "00") || takes(&c, "-0") || takes(&c, "05"));
        close_schema(&c);
    }
    open_schema(&c, "{\"type\":\"integer\",\"minimum\":17}");
    assert_true(takes(&c, "17") && takes(&c, "9999999999999999") && !takes(&c, "16"));
    close_schema(&c);
}

/* Both as they stand in a JSON text. */
static void strings_match_their_pattern(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *good[6], *bad[6];
    } cases[] = {
        {"^$", {""}, {"a"}},
        {"^abc$", {"abc"}, {"ab", "abcd"}},
        {"^ab+c?$", {"ab", "abbbc"}, {"a", "abab", "abcc"}},
        {"^a|b$", {"a", "b"}, {"ab"}},
        {"^(ab|c){2,3}$", {"abc", "ccc", "abab"}, {"ab", "cccc"}},
        {"^(?:x*?)y{2}$", {"yy", "xxyy"}, {"y", "xyyy"}},
        {"^a{1,}$", {"a", "aaaa"}, {""}},
        {"^(|a)b$", {"b", "ab"}, {"aab"}},
        {"^[a-c]$", {"a", "c"}, {"d", "-"}},
        {"^[a-]$", {"a", "-"}, {"b"}},
        {"^[^a-c]$", {"d", "\xc3\xa9", "\\n", "\\\""}, {"a", "\"", "\\", "\\x"}},
        {"^[\\\\]\\\\\\\\\\\"^-]$", {"]", "^", "-", "\\\\", "\\\""}, {"[", "\"", "\\"}},
        {"^\\\\d\\\\D$", {"1a", "9\\n"}, {"11", "aa"}},
        {"^\\\\w+\\\\W$", {"aZ_9 "}, {"a", " "}},
        {"^[\\\\w.]+@\\\\S$", {"a.b@c", "_@\\\\"}, {"a@ ", "@c"}},
        {"^\\\\s$", {" ", "\\t", "\xc2\xa0"}, {"a", "\x09"}},
        {"^.$", {"a", "\xe2\x82\xac", "\\\"", "\\\\", "\\t"}, {"", "\"", "\\", "\\n", "aa"}},
        {"^\\\\(\\\\d{3}\\\\)\\\\$$", {"(123)$"}, {"123", "(12)$"}},
        {"^\\\\u00e9\\\\x41\\\\t\\\\/$",
         {"\xc3\xa9"
          "A\\t/"},
         {"e"}},
        {"^\\\\\\\\$", {"\\\\"}, {"\\", ""}},
        {"^\\\"A$", {"\\\"A"}, {"\"A"}},
        {"^\\\\x01[\\\\x00-\\\\x02]$", {"\\u0001\\u0002"}, {"\x01\x02"}},
    };
    static struct checker c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char schema[128], text[64];
        snprintf(schema, sizeof schema, "{\"type\":\"string\",\"pattern\":\"%s\"}",
                 cases[i].pattern);
        open_schema(&c, schema);
        for (int k = 0; k < 12; k++) {
            const char *value = k < 6 ? cases[i].good[k] : cases[i].bad[k - 6];
            if (value == NULL)
                continue;
            snprintf(text, sizeof text, "\"%s\"", value);
            if (takes(&c, text) != (k < 6))
                fail_msg("%s and %s\n%s", schema, text, c.grammar);
        }
        close_schema(&c);
    }
}

static void what_is_not_supported_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        enum err_code code;
        const char *part;
    } cases[] = {
        {"{\"patternProperties\":{}}", ERR_UNSUPPORTED, "\"patternProperties\""},
        {"{\"pattern\":\"a$\"}", ERR_UNSUPPORTED, "begin with ^"},
        {"{\"pattern\":\"^a\\\\$\"}", ERR_UNSUPPORTED, "end with $"},
        {"{\"pattern\":\"^a(?=b)$\"}", ERR_UNSUPPORTED, "(?"},
        {"{\"pattern\":\"^a$b$\"}", ERR_UNSUPPORTED, "at its ends"},
        {"{\"pattern\":\"^(a)\\\\1$\"}", ERR_UNSUPPORTED, "an escape of this kind"},
        {"{\"pattern\":\"^\\\\bx$\"}", ERR_UNSUPPORTED, "an escape of this kind"},
        {"{\"pattern\":\"^\\\\p{L}$\"}", ERR_UNSUPPORTED, "an escape of this kind"},
        {"{\"pattern\":\"^[]$\"}", ERR_UNSUPPORTED, "no characters"},
        {"{\"pattern\":\"^(a$\"}", ERR_FORMAT, "( without )"},
        {"{\"pattern\":\"^a)$\"}", ERR_FORMAT, ") without ("},
        {"{\"pattern\":\"^[a$\"}", ERR_FORMAT, "[ without ]"},
        {"{\"pattern\":\"^[b-a]$\"}", ERR_FORMAT, "ends before"},
        {"{\"pattern\":\"^*$\"}", ERR_FORMAT, "a character is wanted"},
        {"{\"pattern\":\"^a**$\"}", ERR_FORMAT, "of a repetition"},
        {"{\"pattern\":\"^a{2001}$\"}", ERR_RANGE, "2000"},
        {"{\"pattern\":\"^a{3,2}$\"}", ERR_FORMAT, "counts"},
        {"{\"pattern\":\"^\\\\x4$\"}", ERR_UNSUPPORTED, "digits"},
        {"{\"pattern\":7}", ERR_FORMAT, "no string"},
        {"{\"pattern\":\"^a$\",\"minLength\":2}", ERR_UNSUPPORTED, "\"minLength\""},
        {"{\"not\":{}}", ERR_UNSUPPORTED, "\"not\""},
        {"{\"type\":\"string\",\"minLenght\":3}", ERR_UNSUPPORTED, "\"minLenght\""},
        {"{\"type\":\"number\",\"minimum\":3}", ERR_UNSUPPORTED, "\"minimum\""},
        {"{\"type\":\"integer\",\"multipleOf\":3}", ERR_UNSUPPORTED, "\"multipleOf\""},
        {"{\"anyOf\":[{}],\"properties\":{}}", ERR_UNSUPPORTED, "\"properties\""},
        {"{\"$ref\":\"#\",\"type\":\"null\"}", ERR_UNSUPPORTED, "\"type\""},
        {"{\"allOf\":[{},{}]}", ERR_UNSUPPORTED, "no objects"},
        {"{\"allOf\":[]}", ERR_FORMAT, "allOf"},
        {"{\"allOf\":[{\"type\":\"string\"},{\"properties\":{}}]}", ERR_UNSUPPORTED, "no objects"},
        {"{\"allOf\":[{\"properties\":{\"a\":{}}},{\"properties\":{\"a\":{}}}]}", ERR_UNSUPPORTED,
         "two schemas for one property"},
        {"{\"allOf\":[{\"properties\":{}},{\"properties\":{},\"additionalProperties\":false}]}",
         ERR_UNSUPPORTED, "\"additionalProperties\""},
        {"{\"allOf\":[{\"$ref\":\"#/allOf/0\"},{}]}", ERR_NOT_FOUND, "$ref in allOf"},
        {"{\"properties\":{},\"items\":{}}", ERR_UNSUPPORTED, "\"items\""},
        {"{\"required\":[\"x\"]}", ERR_UNSUPPORTED, "required"},
        {"{\"type\":\"string\",\"format\":\"uuid\",\"minLength\":1}", ERR_UNSUPPORTED,
         "\"minLength\""},
        {"{\"$ref\":\"#/nowhere\"}", ERR_NOT_FOUND, "#/nowhere"},
        {"{\"$ref\":\"https://a/b\"}", ERR_NOT_FOUND, "https://a/b"},
        {"{\"type\":\"thing\"}", ERR_FORMAT, "thing"},
        {"{\"type\":\"integer\",\"minimum\":1.5}", ERR_RANGE, "minimum"},
        {"{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}", ERR_RANGE, "between"},
        {"{\"type\":\"string\",\"maxLength\":2001}", ERR_RANGE, "maxLength"},
        {"{\"enum\":[]}", ERR_FORMAT, "enum"},
        {"false", ERR_FORMAT, "object"},
        {"{", ERR_FORMAT, "byte 1"},
        {"{\"a\":\"\\ud800\"}", ERR_FORMAT, "surrogates"},
        {"{\"a\":\"\xff\"}", ERR_FORMAT, "UTF-8"},
        {"[1,]", ERR_FORMAT, "byte 3"},
        {"{} x", ERR_FORMAT, "the end"},
        {"\"\x01\"", ERR_FORMAT, "a character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static char out[OUT];
        struct err why = {.text = ""};
        size_t n;
        const enum err_code rc = convert(cases[i].schema, out, &n, &why);
        if (rc != cases[i].code || strstr(why.text, cases[i].part) == NULL)
            fail_msg("%s: code %d, \"%s\"", cases[i].schema, rc, why.text);
    }
}

static void depth_has_an_end(void **state)
{
    (void)state;
    enum { DEEP = 200 };
    static char schema[16 * DEEP], out[OUT];
    struct err why;
    size_t n = 0, at = 0;
    for (int i = 0; i < DEEP; i++)
        at += (size_t)snprintf(schema + at, sizeof schema - at, "{\"items\":");
    at += (size_t)snprintf(schema + at, sizeof schema - at, "{}");
    memset(schema + at, '}', DEEP);
    assert_int_equal(convert(schema, out, &n, &why), ERR_LIMIT);
}

static void memory_that_is_too_small_is_an_error(void **state)
{
    (void)state;
    static const char schema[] = "{\"properties\":{\"a\":{\"items\":{\"format\":\"date-time\"}}}}";
    const size_t least = ref_schema_bytes(sizeof schema - 1, 1);
    int refused = 0;
    for (size_t bytes = 0; bytes < least + 16384; bytes += 37) {
        uint8_t *mem = malloc(bytes + 1);
        char out[64];
        size_t n;
        assert_non_null(mem);
        const enum err_code rc = ref_schema_to_gbnf(schema, sizeof schema - 1, mem + 1, bytes, out,
                                                    sizeof out, &n, NULL);
        assert_true(rc == OK || rc == ERR_LIMIT);
        refused += rc == ERR_LIMIT;
        free(mem);
    }
    assert_true(refused > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas_take_what_is_valid),
        cmocka_unit_test(integers_lie_between_their_bounds),
        cmocka_unit_test(strings_match_their_pattern),
        cmocka_unit_test(what_is_not_supported_is_named),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(memory_that_is_too_small_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
