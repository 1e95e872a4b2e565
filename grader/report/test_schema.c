/* report.schema.json against the reader: what one refuses, the other refuses too. The validator
 * knows the keywords that the schema uses and fails on any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "grader/report/samples.h"

enum { MEMORY_MAX = 16 << 20 };

static json_t *schema;

static bool valid(const json_t *rule, json_t *value);

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

static bool holds_type(const json_t *wanted, json_t *value)
{
    if (json_is_string(wanted))
        return has_type(json_string_value(wanted), value);
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (has_type(json_string_value(json_array_get(wanted, i)), value))
            return true;
    return false;
}

static bool holds_enum(const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (json_equal(json_array_get(wanted, i), value))
            return true;
    return false;
}

static bool holds_any_of(const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (valid(json_array_get(wanted, i), value))
            return true;
    return false;
}

static bool holds_required(const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (json_object_get(value, json_string_value(json_array_get(wanted, i))) == NULL)
            return false;
    return true;
}

/* "properties" together with "additionalProperties": false. */
static bool holds_properties(const json_t *wanted, json_t *value)
{
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        const json_t *rule = json_object_get(wanted, key);
        if (rule == NULL || !valid(rule, member))
            return false;
    }
    return true;
}

static bool holds_items(const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!valid(wanted, json_array_get(value, i)))
            return false;
    return true;
}

static bool holds_ref(const json_t *wanted, json_t *value)
{
    const char *name = strrchr(json_string_value(wanted), '/') + 1;
    const json_t *rule = json_object_get(json_object_get(schema, "$defs"), name);
    assert_non_null(rule);
    return valid(rule, value);
}

static bool holds_const(const json_t *wanted, json_t *value)
{
    return json_equal(wanted, value);
}

static bool holds_minimum(const json_t *wanted, json_t *value)
{
    return json_number_value(value) >= json_number_value(wanted);
}

static bool holds_maximum(const json_t *wanted, json_t *value)
{
    return json_number_value(value) <= json_number_value(wanted);
}

static bool holds_min_items(const json_t *wanted, json_t *value)
{
    return (json_int_t)json_array_size(value) >= json_integer_value(wanted);
}

static bool holds_max_items(const json_t *wanted, json_t *value)
{
    return (json_int_t)json_array_size(value) <= json_integer_value(wanted);
}

/* "additionalProperties" has no other value here, and holds_properties sees to it. */
static bool holds_no_more(const json_t *wanted, json_t *value)
{
    (void)value;
    return json_is_false(wanted);
}

static const struct {
    const char *keyword;
    bool (*holds)(const json_t *wanted, json_t *value); /* NULL: it only explains */
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
    {"additionalProperties", holds_no_more},
    {"$schema", NULL},
    {"$id", NULL},
    {"$defs", NULL},
    {"title", NULL},
    {"description", NULL},
};

static bool holds(const char *keyword, const json_t *wanted, json_t *value)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keyword, keywords[i].keyword) == 0)
            return keywords[i].holds == NULL || keywords[i].holds(wanted, value);
    fail_msg("the schema has a keyword %s", keyword);
    return false;
}

static bool valid(const json_t *rule, json_t *value)
{
    const char *keyword;
    json_t *wanted;
    json_object_foreach((json_t *)rule, keyword,
                        wanted) if (!holds(keyword, wanted, value)) return false;
    return true;
}

static bool readable(json_t *root, struct err *why)
{
    struct arena a;
    struct report r;
    char *text = json_dumps(root, 0);
    arena_init(&a, MEMORY_MAX);
    const bool ok = report_read(text, strlen(text), &a, &r, why) == OK;
    arena_done(&a);
    free(text);
    return ok;
}

static json_t *sample_json(const struct report *r)
{
    struct str text;
    str_init(&text, REPORT_JSON_MAX);
    report_write_json(r, &text);
    json_t *root = json_loadb(text.text, text.length, 0, NULL);
    assert_non_null(root);
    str_done(&text);
    return root;
}

static void every_sample_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++) {
        json_t *root = sample_json(&samples[i].report);
        if (!valid(schema, root))
            fail_msg("%s is not valid", samples[i].name);
        json_decref(root);
    }
}

/* Whether both sides refuse `root` as it is now. */
static void both_refuse(json_t *root, const char *key)
{
    struct err why;
    if (valid(schema, root))
        fail_msg("the schema allows a wrong %s", key);
    if (readable(root, &why))
        fail_msg("the reader allows a wrong %s", key);
}

/* Reports of before these keys are stored without them. */
static bool may_be_missing(const char *key)
{
    static const char *const later[] = {"discarded", "note",  "counters", "level",
                                        "intensity", "bound", "attained", "cached"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strcmp(later[i], key) == 0)
            return true;
    return false;
}

static void both_judge_alike(json_t *root, const char *key)
{
    if (!may_be_missing(key))
        both_refuse(root, key);
    else if (valid(schema, root) != readable(root, NULL))
        fail_msg("without %s one of schema and reader allows what the other refuses", key);
}

/* In `value` and everything in it: an unknown key, a missing key, a key with a value of no type
 * that occurs anywhere. Puts everything back. */
static void spoil(json_t *root, json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        spoil(root, json_array_get(value, i));
    if (!json_is_object(value))
        return;
    json_object_set_new(value, "unknown", json_null());
    both_refuse(root, "unknown");
    json_object_del(value, "unknown");
    json_t *keys = json_copy(value);
    const char *key;
    json_t *member;
    json_object_foreach(keys, key, member)
    {
        json_object_del(value, key);
        both_judge_alike(root, key);
        json_object_set_new(value, key, json_integer(-1));
        both_refuse(root, key);
        json_object_set(value, key, member);
        spoil(root, member);
    }
    json_decref(keys);
}

static void reader_and_schema_refuse_the_same_spoilt_reports(void **state)
{
    (void)state;
    json_t *root = sample_json(sample_report("partial"));
    spoil(root, root);
    assert_true(valid(schema, root));
    assert_true(readable(root, NULL));
    json_decref(root);
}

static int load_schema(void **state)
{
    (void)state;
    json_error_t error;
    schema = json_load_file("grader/report/report.schema.json", JSON_REJECT_DUPLICATES, &error);
    return schema == NULL;
}

static int free_schema(void **state)
{
    (void)state;
    json_decref(schema);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_valid),
        cmocka_unit_test(reader_and_schema_refuse_the_same_spoilt_reports),
    };
    return cmocka_run_group_tests(tests, load_schema, free_schema);
}
