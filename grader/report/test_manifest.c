/* lab.json and module.json: what is wrong with one is said with file, line and key; and
 * grader/lab.schema.json refuses what the reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "grader/report/locate.h"
#include "grader/report/manifest.h"
#include "grader/report/schema.h"

static const char lab[] =
    "{ \"id\": \"3.2\", \"slug\": \"formats\", \"title\": \"Formats\",\n"
    "  \"module\": 3, \"lessons\": [\"3.2\"], \"kind\": \"guided\",\n"
    "  \"language\": \"c\", \"hours\": 4, \"needs\": [],\n"
    "  \"files\": [\n"
    "    { \"name\": \"a.c\", \"max_bytes\": 100 },\n"
    "    { \"name\": \"b.c\", \"max_bytes\": 100 }],\n"
    "  \"build\": { \"std\": \"c11\", \"optimize\": \"-O2\", \"libs\": [\"m\"] },\n"
    "  \"limits\": { \"compile_ms\": 1, \"case_cpu_ms\": 2,\n"
    "    \"group_cpu_ms\": 3, \"memory_bytes\": 4,\n"
    "    \"stack_bytes\": 5, \"output_bytes\": 6, \"arena_bytes\": 7 },\n"
    "  \"pass\": 70, \"starter_max\": 25,\n"
    "  \"groups\": [\n"
    "    { \"name\": \"g\", \"points\": 50, \"visible\": true,\n"
    "      \"about\": \"x\" },\n"
    "    { \"name\": \"h\", \"points\": 30, \"visible\": false,\n"
    "      \"about\": \"y\" }],\n"
    "  \"timed\": [\n"
    "    { \"name\": \"t\", \"unit\": \"GB/s\", \"points\": 20, \"tiers\": [\n"
    "      { \"name\": \"silver\", \"ratio\": 0.8, \"points\": 10 },\n"
    "      { \"name\": \"gold\", \"ratio\": 1, \"points\": 20 }] }] }\n";

static const char module[] = "{ \"module\": 3, \"title\": \"Formats\", \"goal\": \"To know.\",\n"
                             "  \"hours\": [16, 20], \"difficulty\": \"medium\", \"lessons\": [\n"
                             "    { \"id\": \"3.2\", \"title\": \"Blocks\", \"hours\": 4,\n"
                             "      \"labs\": [\"3.2\"] }] }\n";

/* `text` with its first `old` replaced. */
static void spoil(const char *text, const char *old, const char *new_text, struct str *ret)
{
    const char *at = strstr(text, old);
    if (at == NULL)
        fail_msg("there is no '%s' to replace", old);
    str_add_bytes(ret, text, (size_t)(at - text));
    str_add(ret, new_text);
    str_add(ret, at + strlen(old));
}

typedef enum err_code read_fn(const char *text, size_t size, const char *path, json_t **ret,
                              struct err *why);

static void expect_story(read_fn *read, const char *path, const struct str *text, const char *says)
{
    json_t *json = NULL;
    struct err why = {0};
    const enum err_code rc = read(text->text, text->length, path, &json, &why);
    json_decref(json);
    if (rc != ERR_FORMAT || strcmp(why.text, says) != 0)
        fail_msg("said   '%s'\n  wanted '%s'", rc == OK ? "nothing" : why.text, says);
}

struct fault {
    const char *old, *new_text, *says;
};

/* Each spoilt text has its story, and `schema` refuses it unless only a program can see the fault.
 */
static void check_faults(const struct fault *table, size_t n, bool schema_sees)
{
    json_t *schema = schema_load("grader/lab.schema.json");
    for (size_t i = 0; i < n; i++) {
        struct str text;
        str_init(&text, 4096);
        spoil(lab, table[i].old, table[i].new_text, &text);
        expect_story(manifest_read_lab, "lab.json", &text, table[i].says);
        json_t *json = json_loadb(text.text, text.length, 0, NULL);
        if (schema_valid(schema, json) == schema_sees)
            fail_msg("the schema and the reader part: %s", table[i].says);
        json_decref(json);
        str_done(&text);
    }
    json_decref(schema);
}

static void a_spoilt_lab_json_is_named_with_line_and_pointer(void **state)
{
    (void)state;
    static const struct fault table[] = {
        {"\"slug\": \"formats\",", "", "lab.json:1: the file: the key 'slug' is missing"},
        {"\"module\": 3", "\"modul\": 3", "lab.json:2: /modul: unknown key 'modul'"},
        {"\"module\": 3", "\"a/b~\": 3", "lab.json:2: /a~1b~0: unknown key 'a/b~'"},
        {"\"3.2\"", "\"3\"", "lab.json:1: /id: expected MODULE.NUMBER, such as 3.2"},
        {"\"formats\"", "\"Formats\"",
         "lab.json:1: /slug: expected small letters, digits and hyphens"},
        {"\"Formats\"", "\"\"", "lab.json:1: /title: expected a text that is not empty"},
        {"[\"3.2\"]", "[\"3.2\",\n7]", "lab.json:3: /lessons/1: expected a text that is not empty"},
        {"\"guided\"", "\"hard\"", "lab.json:2: /kind: expected guided or challenge or capstone"},
        {"\"hours\": 4", "\"hours\": -4", "lab.json:3: /hours: expected a number from 0 to 1000"},
        {"\"a.c\"", "\"-o.c\"",
         "lab.json:5: /files/0/name: expected a plain file name that ends in .c"},
        {"\"b.c\"", "\"../b.c\"",
         "lab.json:6: /files/1/name: expected a plain file name that ends in .c"},
        {"\"max_bytes\": 100", "\"max_bytes\": 1.5",
         "lab.json:5: /files/0/max_bytes: expected a whole number from 1 to 16777216"},
        {"\"c11\"", "\"c11 -include /etc/passwd\"",
         "lab.json:7: /build/std: expected a C standard, such as c11"},
        {"\"-O2\"", "\"-Ofast\"", "lab.json:7: /build/optimize: expected -O1 or -O2 or -O3"},
        {"[\"m\"]", "[\"m\", \"-evil\"]",
         "lab.json:7: /build/libs/1: expected a library's name, such as m"},
        {"\"stack_bytes\": 5,", "", "lab.json:8: /limits: the key 'stack_bytes' is missing"},
        {"\"stack_bytes\": 5", "\"stack_bytes\": 0",
         "lab.json:10: /limits/stack_bytes: expected a whole number from 1 to 8589934592"},
        {"\"pass\": 70", "\"pass\": \"70\"", "lab.json:11: /pass: expected a number from 1 to 100"},
        {"\"visible\": false", "\"visible\": 0",
         "lab.json:15: /groups/1/visible: expected true or false"},
        {"\"tiers\": [", "\"tiers\": [ 7,", "lab.json:18: /timed/0/tiers/0: expected an object"},
    };
    check_faults(table, sizeof table / sizeof table[0], true);
}

static void what_holds_between_keys_is_checked_too(void **state)
{
    (void)state;
    static const struct fault table[] = {
        {"\"b.c\"", "\"a.c\"", "lab.json:6: /files/1/name: 'a.c' is there twice"},
        {"\"points\": 50", "\"points\": 51",
         "lab.json:12: /groups: the points of groups and timed cases sum to 101, not to 100"},
        {"\"h\"", "\"g\"", "lab.json:15: /groups/1/name: 'g' is there twice"},
        {"\"ratio\": 1", "\"ratio\": 0.5",
         "lab.json:20: /timed/0/tiers/1: expected a higher ratio than that of the tier before it"},
        {"\"ratio\": 1, \"points\": 20", "\"ratio\": 1, \"points\": 30",
         "lab.json:20: /timed/0/tiers/1: gives 30 points of the 20 of its case"},
    };
    check_faults(table, sizeof table / sizeof table[0], false);
}

static void a_spoilt_module_json_is_named_with_line_and_pointer(void **state)
{
    (void)state;
    static const struct fault table[] = {
        {"[16, 20]", "[16]", "module.json:2: /hours: expected a list of 2 to 2"},
        {"\"goal\": \"To know.\",", "", "module.json:1: the file: the key 'goal' is missing"},
        {"\"hours\": 4", "\"hours\": -1",
         "module.json:3: /lessons/0/hours: expected a number from 0 to 1000"},
        {"\"labs\": [\"3.2\"]", "\"labs\": 3",
         "module.json:4: /lessons/0/labs: expected a list of at least 0"},
        {"{ \"id\"", "7, { \"id\"", "module.json:3: /lessons/0: expected an object"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str text;
        str_init(&text, 4096);
        spoil(module, table[i].old, table[i].new_text, &text);
        expect_story(manifest_read_module, "module.json", &text, table[i].says);
        str_done(&text);
    }
}

static void what_is_no_json_is_named_with_line_and_column(void **state)
{
    (void)state;
    static const struct fault table[] = {
        {"\"pass\": 70,", "\"pass\": 70",
         "lab.json:11:26: not JSON: '}' expected near '\"starter_max\"'"},
        {"\"id\": \"3.2\"", "\"id\": \"3.2\", \"id\": \"3.3\"",
         "lab.json:1:19: not JSON: duplicate object key near '\"id\"'"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str text;
        str_init(&text, 4096);
        spoil(lab, table[i].old, table[i].new_text, &text);
        expect_story(manifest_read_lab, "lab.json", &text, table[i].says);
        str_done(&text);
    }
}

static void a_right_one_is_taken_by_reader_and_schema(void **state)
{
    (void)state;
    json_t *json = NULL, *schema = schema_load("grader/lab.schema.json");
    struct err why = {0};
    if (manifest_read_lab(lab, sizeof lab - 1, "lab.json", &json, &why) != OK)
        fail_msg("%s", why.text);
    assert_true(schema_valid(schema, json));
    assert_int_equal(manifest_check_folder(json, "labs/module-3/lab-3.2-formats", &why), OK);
    assert_int_equal(manifest_check_folder(json, "lab-3.2-formats", &why), OK);
    assert_int_equal(manifest_check_folder(json, "labs/lab-3.2-others", &why), ERR_FORMAT);
    assert_string_equal(why.text, "labs/lab-3.2-others/lab.json: the folder of this id and slug is "
                                  "called lab-3.2-formats");
    json_decref(json);
    json_decref(schema);
}

static void a_pointer_leads_to_a_line_as_far_as_it_goes(void **state)
{
    (void)state;
    static const char text[] = "\n{ \"a\": [ 1,\n [ { }, \"x]\\\"\" ],\n {\n\"b\": null } ],\n"
                               "  \"a/b\": true,\n \"c\": { \"d\": 1.5e3 } }";
    static const struct {
        const char *pointer;
        int line;
    } table[] = {{"", 2},     {"/a", 2},     {"/a/0", 2},    {"/a/1", 3},  {"/a/1/1", 3},
                 {"/a/2", 4}, {"/a/2/b", 5}, {"/a/2/zz", 4}, {"/a~1b", 6}, {"/c/d", 7},
                 {"/a/9", 2}, {"/zz", 2},    {"/c/d/e", 7}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const int line = locate_line(text, sizeof text - 1, table[i].pointer);
        if (line != table[i].line)
            fail_msg("'%s' is at line %d, not %d", table[i].pointer, table[i].line, line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spoilt_lab_json_is_named_with_line_and_pointer),
        cmocka_unit_test(what_holds_between_keys_is_checked_too),
        cmocka_unit_test(a_spoilt_module_json_is_named_with_line_and_pointer),
        cmocka_unit_test(what_is_no_json_is_named_with_line_and_column),
        cmocka_unit_test(a_right_one_is_taken_by_reader_and_schema),
        cmocka_unit_test(a_pointer_leads_to_a_line_as_far_as_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
