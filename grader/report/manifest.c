#include "grader/report/manifest.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "grader/report/locate.h"

/* ---- The tables ---- */

/* What a text must look like, in words for people; each has a function below. */
enum form { FORM_ANY, FORM_LAB_ID, FORM_SLUG, FORM_C_FILE, FORM_STD, FORM_LIB, N_FORMS };

enum kind {
    KIND_TEXT,    /* not empty, of a form */
    KIND_WORD,    /* one of `words` */
    KIND_TEXTS,   /* a list of texts */
    KIND_NUMBER,  /* min <= x <= max */
    KIND_WHOLE,   /* the same, without a fraction */
    KIND_TRUTH,   /* true or false */
    KIND_NUMBERS, /* a list of numbers */
    KIND_OBJECT,  /* `keys` says which */
    KIND_OBJECTS, /* a list of them */
};

struct key {
    const char *name; /* NULL ends a table */
    enum kind kind;
    enum form form;
    bool optional;
    double min, max;          /* of a number */
    size_t least, most;       /* elements of a list; most 0: any number */
    const char *const *words; /* NULL-ended */
    const struct key *keys;
};

#define MIB    (1024.0 * 1024.0)
#define MAX_MS 600000
#define MAX_B  (8192 * MIB)

static const char *const kind_words[] = {"guided", "challenge", "capstone", NULL};
static const char *const language_words[] = {"c", "cuda", NULL};
static const char *const optimize_words[] = {"-O1", "-O2", "-O3", NULL};

static const struct key file_keys[] = {
    {.name = "name", .kind = KIND_TEXT, .form = FORM_C_FILE},
    {.name = "max_bytes", .kind = KIND_WHOLE, .min = 1, .max = 16 * MIB},
    {.name = NULL}};
static const struct key build_keys[] = {
    {.name = "std", .kind = KIND_TEXT, .form = FORM_STD},
    {.name = "optimize", .kind = KIND_WORD, .words = optimize_words},
    {.name = "libs", .kind = KIND_TEXTS, .form = FORM_LIB, .most = MANIFEST_LIBS, .optional = true},
    {.name = NULL}};
static const struct key limit_keys[] = {
    {.name = "compile_ms", .kind = KIND_WHOLE, .min = 1, .max = MAX_MS},
    {.name = "case_cpu_ms", .kind = KIND_WHOLE, .min = 1, .max = MAX_MS},
    {.name = "group_cpu_ms", .kind = KIND_WHOLE, .min = 1, .max = MAX_MS},
    {.name = "memory_bytes", .kind = KIND_WHOLE, .min = 1, .max = MAX_B},
    {.name = "stack_bytes", .kind = KIND_WHOLE, .min = 1, .max = MAX_B},
    {.name = "output_bytes", .kind = KIND_WHOLE, .min = 1, .max = 16 * MIB},
    {.name = "arena_bytes", .kind = KIND_WHOLE, .min = 1, .max = MAX_B},
    {.name = NULL}};
static const struct key allow_keys[] = {
    {.name = "threads", .kind = KIND_WHOLE, .min = 2, .max = 256, .optional = true},
    {.name = "runners", .kind = KIND_WHOLE, .min = 2, .max = MANIFEST_RUNNERS, .optional = true},
    {.name = "files", .kind = KIND_TRUTH, .optional = true},
    {.name = "scratch_bytes", .kind = KIND_WHOLE, .min = 4096, .max = 1024 * MIB, .optional = true},
    {.name = "sockets", .kind = KIND_TRUTH, .optional = true},
    {.name = NULL}};
static const struct key group_keys[] = {
    {.name = "name", .kind = KIND_TEXT},
    {.name = "points", .kind = KIND_NUMBER, .min = 0, .max = 100},
    {.name = "visible", .kind = KIND_TRUTH},
    {.name = "about", .kind = KIND_TEXT},
    {.name = NULL}};
static const struct key tier_keys[] = {
    {.name = "name", .kind = KIND_TEXT},
    {.name = "ratio", .kind = KIND_NUMBER, .min = 0.001, .max = 100},
    {.name = "points", .kind = KIND_NUMBER, .min = 0, .max = 100},
    {.name = NULL}};
static const struct key timed_keys[] = {
    {.name = "name", .kind = KIND_TEXT},
    {.name = "unit", .kind = KIND_TEXT},
    {.name = "points", .kind = KIND_NUMBER, .min = 0, .max = 100},
    {.name = "tiers",
     .kind = KIND_OBJECTS,
     .keys = tier_keys,
     .most = MANIFEST_TIERS,
     .optional = true},
    {.name = NULL}};
static const struct key lab_keys[] = {
    {.name = "id", .kind = KIND_TEXT, .form = FORM_LAB_ID},
    {.name = "slug", .kind = KIND_TEXT, .form = FORM_SLUG},
    {.name = "title", .kind = KIND_TEXT},
    {.name = "module", .kind = KIND_WHOLE, .min = 0, .max = 99},
    {.name = "lessons", .kind = KIND_TEXTS},
    {.name = "kind", .kind = KIND_WORD, .words = kind_words},
    {.name = "language", .kind = KIND_WORD, .words = language_words},
    {.name = "hours", .kind = KIND_NUMBER, .min = 0, .max = 1000},
    {.name = "needs", .kind = KIND_TEXTS},
    {.name = "files", .kind = KIND_OBJECTS, .keys = file_keys, .least = 1, .most = MANIFEST_FILES},
    {.name = "build", .kind = KIND_OBJECT, .keys = build_keys},
    {.name = "limits", .kind = KIND_OBJECT, .keys = limit_keys},
    {.name = "allow", .kind = KIND_OBJECT, .keys = allow_keys, .optional = true},
    {.name = "pass", .kind = KIND_NUMBER, .min = 1, .max = 100},
    {.name = "starter_max", .kind = KIND_NUMBER, .min = 0, .max = 100},
    {.name = "groups",
     .kind = KIND_OBJECTS,
     .keys = group_keys,
     .least = 1,
     .most = MANIFEST_GROUPS},
    {.name = "timed",
     .kind = KIND_OBJECTS,
     .keys = timed_keys,
     .most = MANIFEST_TIMED,
     .optional = true},
    {.name = NULL}};
static const struct key lesson_keys[] = {
    {.name = "id", .kind = KIND_TEXT},
    {.name = "title", .kind = KIND_TEXT},
    {.name = "hours", .kind = KIND_NUMBER, .min = 0, .max = 1000},
    {.name = "labs", .kind = KIND_TEXTS, .optional = true},
    {.name = NULL}};
static const struct key module_keys[] = {
    {.name = "module", .kind = KIND_WHOLE, .min = 0, .max = 99},
    {.name = "title", .kind = KIND_TEXT},
    {.name = "goal", .kind = KIND_TEXT},
    {.name = "hours", .kind = KIND_NUMBERS, .min = 0, .max = 1000, .least = 2, .most = 2},
    {.name = "difficulty", .kind = KIND_TEXT},
    {.name = "lessons", .kind = KIND_OBJECTS, .keys = lesson_keys, .optional = true},
    {.name = NULL}};

/* ---- Forms of texts ---- */

#define DIGITS  "0123456789"
#define SMALL   "abcdefghijklmnopqrstuvwxyz"
#define LETTERS SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_lab_id(const char *text)
{
    const size_t module = strspn(text, DIGITS);
    const size_t number = text[module] == '.' ? strspn(text + module + 1, DIGITS) : 0;
    return module > 0 && number > 0 && text[module + 1 + number] == '\0';
}

/* A single path component of plain characters: it becomes a compiler's argument. */
static bool is_c_file(const char *text)
{
    const size_t n = strlen(text);
    return n > 2 && n < 64 && text[0] != '-' && text[0] != '.' &&
           strspn(text, LETTERS DIGITS "_.-") == n && strcmp(text + n - 2, ".c") == 0;
}

static bool has_form(enum form form, const char *text)
{
    switch (form) {
    case FORM_ANY:
    case N_FORMS:
        break;
    case FORM_LAB_ID:
        return is_lab_id(text);
    case FORM_SLUG:
        return text[strspn(text, SMALL DIGITS "-")] == '\0';
    case FORM_C_FILE:
        return is_c_file(text);
    case FORM_STD:
        return text[strspn(text, SMALL DIGITS)] == '\0';
    case FORM_LIB:
        return text[0] != '-' && text[strspn(text, LETTERS DIGITS "_+-.")] == '\0';
    }
    return true;
}

static const char *const form_texts[N_FORMS] = {
    [FORM_ANY] = "a text that is not empty",
    [FORM_LAB_ID] = "MODULE.NUMBER, such as 3.2",
    [FORM_SLUG] = "small letters, digits and hyphens",
    [FORM_C_FILE] = "a plain file name that ends in .c",
    [FORM_STD] = "a C standard, such as c11",
    [FORM_LIB] = "a library's name, such as m",
};

/* ---- Faults ---- */

enum { POINTER_MAX = 256 };

/* A file being read: its text, for lines, and where in it we are. */
struct reader {
    const char *path, *text;
    size_t size;
    struct err *why;
    char pointer[POINTER_MAX]; /* JSON Pointer, RFC 6901 */
};

static enum err_code wrong(const struct reader *r, const char *format, ...) PRINTF_LIKE(2, 3);
static enum err_code wrong(const struct reader *r, const char *format, ...)
{
    char said[200];
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    return err_set(r->why, ERR_FORMAT, "%.200s:%d: %s: %s", r->path,
                   locate_line(r->text, r->size, r->pointer),
                   r->pointer[0] != '\0' ? r->pointer : "the file", said);
}

/* Goes to a member; leave() goes back. A key that does not fit is cut: it is in the story anyway.
 */
static size_t enter_key(struct reader *r, const char *key)
{
    const size_t back = strlen(r->pointer);
    size_t n = back;
    if (n + 3 < sizeof r->pointer)
        r->pointer[n++] = '/';
    for (; *key != '\0' && n + 3 < sizeof r->pointer; key++) {
        const bool escaped = *key == '/' || *key == '~';
        if (escaped)
            r->pointer[n++] = '~';
        r->pointer[n++] = *key == '/' ? '1' : *key == '~' ? '0' : *key;
    }
    r->pointer[n] = '\0';
    return back;
}

static size_t enter_item(struct reader *r, size_t i)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    return enter_key(r, number);
}

static void leave(struct reader *r, size_t back)
{
    r->pointer[back] = '\0';
}

/* ---- Values ---- */

static enum err_code check_object(struct reader *r, const json_t *json, const struct key *keys);

static enum err_code check_text(struct reader *r, const json_t *value, const struct key *key)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0' || strlen(text) != json_string_length(value) ||
        !has_form(key->form, text))
        return wrong(r, "expected %s", form_texts[key->form]);
    return OK;
}

static enum err_code check_word(struct reader *r, const json_t *value, const struct key *key)
{
    char list[128] = "";
    for (const char *const *w = key->words; *w != NULL; w++) {
        if (json_is_string(value) && strcmp(json_string_value(value), *w) == 0)
            return OK;
        const size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", n > 0 ? " or " : "", *w);
    }
    return wrong(r, "expected %s", list);
}

static enum err_code check_number(struct reader *r, const json_t *value, const struct key *key)
{
    const bool whole = key->kind == KIND_WHOLE;
    const double x = json_number_value(value);
    if (!json_is_number(value) || (whole && !json_is_integer(value)) ||
        !(x >= key->min && x <= key->max))
        return wrong(r, "expected a %s from %.10g to %.10g", whole ? "whole number" : "number",
                     key->min, key->max);
    return OK;
}

static enum err_code check_one(struct reader *r, const json_t *value, const struct key *key)
{
    switch (key->kind) {
    case KIND_TEXT:
    case KIND_TEXTS:
        return check_text(r, value, key);
    case KIND_WORD:
        return check_word(r, value, key);
    case KIND_NUMBER:
    case KIND_NUMBERS:
    case KIND_WHOLE:
        return check_number(r, value, key);
    case KIND_TRUTH:
        return json_is_boolean(value) ? OK : wrong(r, "expected true or false");
    case KIND_OBJECT:
    case KIND_OBJECTS:
        return check_object(r, value, key->keys);
    }
    return OK;
}

static enum err_code check_length(struct reader *r, const json_t *list, const struct key *key)
{
    const size_t n = json_array_size(list);
    if (json_is_array(list) && n >= key->least && (key->most == 0 || n <= key->most))
        return OK;
    if (key->most == 0)
        return wrong(r, "expected a list of at least %zu", key->least);
    return wrong(r, "expected a list of %zu to %zu", key->least, key->most);
}

static enum err_code check_value(struct reader *r, const json_t *value, const struct key *key)
{
    if (key->kind != KIND_TEXTS && key->kind != KIND_NUMBERS && key->kind != KIND_OBJECTS)
        return check_one(r, value, key);
    enum err_code rc = check_length(r, value, key);
    for (size_t i = 0; rc == OK && i < json_array_size(value); i++) {
        const size_t back = enter_item(r, i);
        rc = check_one(r, json_array_get(value, i), key);
        leave(r, back);
    }
    return rc;
}

static bool is_known(const char *name, const struct key *keys)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return true;
    return false;
}

static enum err_code only_known(struct reader *r, const json_t *json, const struct key *keys)
{
    void *i = json_object_iter((json_t *)(uintptr_t)json);
    for (; i != NULL; i = json_object_iter_next((json_t *)(uintptr_t)json, i)) {
        const char *name = json_object_iter_key(i);
        if (is_known(name, keys))
            continue;
        enter_key(r, name);
        return wrong(r, "unknown key '%.60s'", name);
    }
    return OK;
}

static enum err_code check_object(struct reader *r, const json_t *json, const struct key *keys)
{
    if (!json_is_object(json))
        return wrong(r, "expected an object");
    enum err_code rc = only_known(r, json, keys);
    for (; rc == OK && keys->name != NULL; keys++) {
        const json_t *value = json_object_get(json, keys->name);
        if (value == NULL && keys->optional)
            continue;
        if (value == NULL)
            return wrong(r, "the key '%s' is missing", keys->name);
        const size_t back = enter_key(r, keys->name);
        rc = check_value(r, value, keys);
        leave(r, back);
    }
    return rc;
}

/* ---- What holds between keys ---- */

static const char *name_of(const json_t *list, size_t i)
{
    return json_string_value(json_object_get(json_array_get(list, i), "name"));
}

static double points_of(const json_t *object)
{
    return json_number_value(json_object_get(object, "points"));
}

static enum err_code check_unique(struct reader *r, const json_t *lab, const char *key)
{
    const json_t *list = json_object_get(lab, key);
    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(name_of(list, i), name_of(list, k)) == 0) {
                enter_key(r, key);
                enter_item(r, i);
                enter_key(r, "name");
                return wrong(r, "'%.60s' is there twice", name_of(list, i));
            }
    return OK;
}

static double sum_points(const json_t *list)
{
    double sum = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        sum += points_of(json_array_get(list, i));
    return sum;
}

static enum err_code check_sum(struct reader *r, const json_t *lab)
{
    const double sum =
        sum_points(json_object_get(lab, "groups")) + sum_points(json_object_get(lab, "timed"));
    if (fabs(sum - 100) <= 1e-9)
        return OK;
    enter_key(r, "groups");
    return wrong(r, "the points of groups and timed cases sum to %g, not to 100", sum);
}

/* The best tier reached counts: it cannot give more than the case, and a tier that asks for less
 * than the one before it would never count. */
static enum err_code check_tiers(struct reader *r, const json_t *timed)
{
    const json_t *tiers = json_object_get(timed, "tiers");
    const size_t back = enter_key(r, "tiers");
    for (size_t i = 0; i < json_array_size(tiers); i++) {
        const json_t *tier = json_array_get(tiers, i);
        const double ratio = json_number_value(json_object_get(tier, "ratio"));
        enter_item(r, i);
        if (points_of(tier) > points_of(timed))
            return wrong(r, "gives %g points of the %g of its case", points_of(tier),
                         points_of(timed));
        if (i > 0 &&
            ratio <= json_number_value(json_object_get(json_array_get(tiers, i - 1), "ratio")))
            return wrong(r, "expected a higher ratio than that of the tier before it");
        leave(r, back + strlen("/tiers"));
    }
    leave(r, back);
    return OK;
}

static enum err_code check_all_tiers(struct reader *r, const json_t *lab)
{
    const json_t *timed = json_object_get(lab, "timed");
    const size_t back = enter_key(r, "timed");
    for (size_t i = 0; i < json_array_size(timed); i++) {
        const size_t inner = enter_item(r, i);
        const enum err_code rc = check_tiers(r, json_array_get(timed, i));
        if (rc != OK)
            return rc;
        leave(r, inner);
    }
    leave(r, back);
    return OK;
}

static enum err_code check_lab(struct reader *r, const json_t *json)
{
    static const char *const lists[] = {"files", "groups", "timed"};
    enum err_code rc = check_object(r, json, lab_keys);
    for (size_t i = 0; rc == OK && i < sizeof lists / sizeof lists[0]; i++)
        rc = check_unique(r, json, lists[i]);
    if (rc == OK)
        rc = check_all_tiers(r, json);
    if (rc == OK)
        rc = check_sum(r, json);
    return rc;
}

static enum err_code check_module(struct reader *r, const json_t *json)
{
    return check_object(r, json, module_keys);
}

/* ---- Files ---- */

static enum err_code
read_file(struct reader *r, enum err_code (*check)(struct reader *, const json_t *), json_t **ret)
{
    json_error_t at;
    json_t *json = json_loadb(r->text, r->size, JSON_REJECT_DUPLICATES, &at);
    if (json == NULL)
        return err_set(r->why, ERR_FORMAT, "%.200s:%d:%d: not JSON: %s", r->path, at.line,
                       at.column, at.text);
    const enum err_code rc = check(r, json);
    if (rc == OK)
        *ret = json;
    else
        json_decref(json);
    return rc;
}

enum err_code manifest_read_lab(const char *text, size_t size, const char *path, json_t **ret,
                                struct err *why)
{
    struct reader r = {.path = path, .text = text, .size = size, .why = why};
    return read_file(&r, check_lab, ret);
}

enum err_code manifest_read_module(const char *text, size_t size, const char *path, json_t **ret,
                                   struct err *why)
{
    struct reader r = {.path = path, .text = text, .size = size, .why = why};
    return read_file(&r, check_module, ret);
}

enum err_code manifest_check_folder(const json_t *lab, const char *dir, struct err *why)
{
    char wanted[256];
    const char *base = strrchr(dir, '/');
    base = base != NULL ? base + 1 : dir;
    snprintf(wanted, sizeof wanted, "lab-%s-%s", json_string_value(json_object_get(lab, "id")),
             json_string_value(json_object_get(lab, "slug")));
    if (strcmp(base, wanted) == 0)
        return OK;
    return err_set(why, ERR_FORMAT, "%.200s/lab.json: the folder of this id and slug is called %s",
                   dir, wanted);
}
