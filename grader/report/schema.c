#include "grader/report/schema.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool valid(const json_t *schema, const json_t *rule, json_t *value);

static bool has_type(const char *type, const json_t *value)
{
    static const struct {
        const char *name;
        json_type type;
    } simple[] = {{"object", JSON_OBJECT},
                  {"array", JSON_ARRAY},
                  {"string", JSON_STRING},
                  {"null", JSON_NULL},
                  {"integer", JSON_INTEGER}};
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++)
        if (strcmp(type, simple[i].name) == 0)
            return json_typeof(value) == simple[i].type;
    fail_msg("the schema has a type %s", type);
    return false;
}

static bool holds_type(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    if (json_is_string(wanted))
        return has_type(json_string_value(wanted), value);
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (has_type(json_string_value(json_array_get(wanted, i)), value))
            return true;
    return false;
}

static bool holds_enum(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (json_equal(json_array_get(wanted, i), value))
            return true;
    return false;
}

static bool holds_any_of(const json_t *schema, const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (valid(schema, json_array_get(wanted, i), value))
            return true;
    return false;
}

static bool holds_required(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (json_object_get(value, json_string_value(json_array_get(wanted, i))) == NULL)
            return false;
    return true;
}

/* "properties" together with "additionalProperties": false. */
static bool holds_properties(const json_t *schema, const json_t *wanted, json_t *value)
{
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        const json_t *rule = json_object_get(wanted, key);
        if (rule == NULL || !valid(schema, rule, member))
            return false;
    }
    return true;
}

static bool holds_items(const json_t *schema, const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!valid(schema, wanted, json_array_get(value, i)))
            return false;
    return true;
}

static bool holds_ref(const json_t *schema, const json_t *wanted, json_t *value)
{
    const char *name = strrchr(json_string_value(wanted), '/') + 1;
    const json_t *rule = json_object_get(json_object_get(schema, "$defs"), name);
    assert_non_null(rule);
    return valid(schema, rule, value);
}

static bool holds_const(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return json_equal(wanted, value);
}

static bool holds_minimum(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return json_number_value(value) >= json_number_value(wanted);
}

static bool holds_maximum(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return json_number_value(value) <= json_number_value(wanted);
}

static bool holds_min_items(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return (json_int_t)json_array_size(value) >= json_integer_value(wanted);
}

static bool holds_max_items(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return (json_int_t)json_array_size(value) <= json_integer_value(wanted);
}

static bool holds_pattern(const json_t *schema, const json_t *wanted, json_t *value)
{
    regex_t pattern; /* those that are used mean the same to POSIX as to JavaScript */
    (void)schema;
    assert_int_equal(regcomp(&pattern, json_string_value(wanted), REG_EXTENDED | REG_NOSUB), 0);
    const bool fits =
        json_is_string(value) && regexec(&pattern, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&pattern);
    return fits;
}

static bool holds_min_length(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return (json_int_t)json_string_length(value) >= json_integer_value(wanted);
}

static bool holds_max_length(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema;
    return (json_int_t)json_string_length(value) <= json_integer_value(wanted);
}

/* "additionalProperties" has no other value here, and holds_properties sees to it. */
static bool holds_no_more(const json_t *schema, const json_t *wanted, json_t *value)
{
    (void)schema, (void)value;
    return json_is_false(wanted);
}

static const struct {
    const char *keyword;
    bool (*holds)(const json_t *schema, const json_t *wanted,
                  json_t *value); /* NULL: it only explains */
} keywords[] = {
    {"type", holds_type},
    {"enum", holds_enum},
    {"const", holds_const},
    {"anyOf", holds_any_of},
    {"required", holds_required},
    {"properties", holds_properties},
    {"items", holds_items},
    {"$ref", holds_ref},
    {"minimum", holds_minimum},
    {"maximum", holds_maximum},
    {"minItems", holds_min_items},
    {"maxItems", holds_max_items},
    {"pattern", holds_pattern},
    {"minLength", holds_min_length},
    {"maxLength", holds_max_length},
    {"additionalProperties", holds_no_more},
    {"$schema", NULL},
    {"$id", NULL},
    {"$defs", NULL},
    {"title", NULL},
    {"description", NULL},
};

static bool holds(const json_t *schema, const char *keyword, const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keyword, keywords[i].keyword) == 0)
            return keywords[i].holds == NULL || keywords[i].holds(schema, wanted, value);
    fail_msg("the schema has a keyword %s", keyword);
    return false;
}

static bool valid(const json_t *schema, const json_t *rule, json_t *value)
{
    const char *keyword;
    json_t *wanted;
    json_object_foreach((json_t *)rule, keyword,
                        wanted) if (!holds(schema, keyword, wanted, value)) return false;
    return true;
}

bool schema_valid(const json_t *schema, json_t *value)
{
    return valid(schema, schema, value);
}

json_t *schema_load(const char *path)
{
    json_error_t at;
    json_t *schema = json_load_file(path, 0, &at);
    if (schema == NULL)
        fail_msg("%s:%d: %s", path, at.line, at.text);
    return schema;
}
