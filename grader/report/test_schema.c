/* report.schema.json against the reader: what one refuses, the other refuses too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "grader/report/samples.h"
#include "grader/report/schema.h"

enum { MEMORY_MAX = 16 << 20 };

static json_t *schema;

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
        if (!schema_valid(schema, root))
            fail_msg("%s is not valid", samples[i].name);
        json_decref(root);
    }
}

/* Whether both sides refuse `root` as it is now. */
static void both_refuse(json_t *root, const char *key)
{
    struct err why;
    if (schema_valid(schema, root))
        fail_msg("the schema allows a wrong %s", key);
    if (readable(root, &why))
        fail_msg("the reader allows a wrong %s", key);
}

/* Reports of before these keys are stored without them. */
static bool may_be_missing(const char *key)
{
    static const char *const later[] = {
        "discarded", "note",       "counters",  "level",     "intensity", "bound", "attained",
        "cached",    "difference", "arguments", "reproduce", "found_as",  "stack", "group"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strcmp(later[i], key) == 0)
            return true;
    return false;
}

static void both_judge_alike(json_t *root, const char *key)
{
    if (!may_be_missing(key))
        both_refuse(root, key);
    else if (schema_valid(schema, root) != readable(root, NULL))
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
    assert_true(schema_valid(schema, root));
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
