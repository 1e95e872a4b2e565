#include "server/api/manifest.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum kind {
    KIND_TEXT,    /* not empty */
    KIND_TEXTS,   /* a list of them, maybe empty */
    KIND_NUMBER,  /* min <= x <= max */
    KIND_WHOLE,   /* the same, without a fraction */
    KIND_TRUTH,   /* true or false */
    KIND_NUMBERS, /* a list of numbers */
    KIND_OBJECT,  /* `keys` says which */
    KIND_OBJECTS, /* a list of them, at least `min` */
};                /* a list that may be empty may be left out */

struct key {
    const char *name; /* NULL ends a table */
    enum kind kind;
    double min, max;
    const struct key *keys;
};

#define MIB  (1024.0 * 1024.0)
#define HOUR (3600.0 * 1000.0)

#define TEXT(key)                                                                                  \
    {                                                                                              \
        .name = key, .kind = KIND_TEXT                                                             \
    }
#define TEXTS(key)                                                                                 \
    {                                                                                              \
        .name = key, .kind = KIND_TEXTS                                                            \
    }
#define NUMBER(key, lo, hi)                                                                        \
    {                                                                                              \
        .name = key, .kind = KIND_NUMBER, .min = lo, .max = hi                                     \
    }
#define WHOLE(key, lo, hi)                                                                         \
    {                                                                                              \
        .name = key, .kind = KIND_WHOLE, .min = lo, .max = hi                                      \
    }
#define TRUTH(key)                                                                                 \
    {                                                                                              \
        .name = key, .kind = KIND_TRUTH                                                            \
    }
#define NUMBERS(key, lo, hi)                                                                       \
    {                                                                                              \
        .name = key, .kind = KIND_NUMBERS, .min = lo, .max = hi                                    \
    }
#define OBJECT(key, inner)                                                                         \
    {                                                                                              \
        .name = key, .kind = KIND_OBJECT, .keys = inner                                            \
    }
#define OBJECTS(key, least, inner)                                                                 \
    {                                                                                              \
        .name = key, .kind = KIND_OBJECTS, .min = least, .keys = inner                             \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct key file_keys[] = {TEXT("name"), WHOLE("max_bytes", 1, 16 * MIB), END};
static const struct key build_keys[] = {TEXT("std"), TEXT("optimize"), TEXTS("libs"), END};
static const struct key limit_keys[] = {
    WHOLE("compile_ms", 1, HOUR),      WHOLE("case_cpu_ms", 1, HOUR),
    WHOLE("group_cpu_ms", 1, HOUR),    WHOLE("memory_bytes", 1, MIB *MIB),
    WHOLE("stack_bytes", 1, MIB *MIB), WHOLE("output_bytes", 1, MIB *MIB),
    WHOLE("arena_bytes", 1, MIB *MIB), END,
};
static const struct key group_keys[] = {TEXT("name"), NUMBER("points", 0, 100), TRUTH("visible"),
                                        TEXT("about"), END};
static const struct key tier_keys[] = {TEXT("name"), NUMBER("ratio", 0, 1000),
                                       NUMBER("points", 0, 100), END};
static const struct key timed_keys[] = {TEXT("name"), TEXT("unit"), NUMBER("points", 0, 100),
                                        OBJECTS("tiers", 0, tier_keys), END};
static const struct key lab_keys[] = {
    TEXT("id"),
    TEXT("slug"),
    TEXT("title"),
    WHOLE("module", 0, 99),
    TEXTS("lessons"),
    TEXT("kind"),
    TEXT("language"),
    NUMBER("hours", 0, 1000),
    TEXTS("needs"),
    OBJECTS("files", 1, file_keys),
    OBJECT("build", build_keys),
    OBJECT("limits", limit_keys),
    NUMBER("pass", 1, 100),
    NUMBER("starter_max", 0, 100),
    OBJECTS("groups", 1, group_keys),
    OBJECTS("timed", 0, timed_keys),
    END,
};
static const struct key lesson_keys[] = {TEXT("id"), TEXT("title"), NUMBER("hours", 0, 1000),
                                         TEXTS("labs"), END};
static const struct key module_keys[] = {WHOLE("module", 0, 99),
                                         TEXT("title"),
                                         TEXT("goal"),
                                         NUMBERS("hours", 0, 1000),
                                         TEXT("difficulty"),
                                         OBJECTS("lessons", 0, lesson_keys),
                                         END};

/* Where we are: "groups[2].points". */
struct place {
    const char *path;
    char key[128];
};

static enum err_code wrong(const struct place *at, struct err *why, const char *format, ...)
    PRINTF_LIKE(3, 4);
static enum err_code wrong(const struct place *at, struct err *why, const char *format, ...)
{
    char said[200];
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    return err_set(why, ERR_FORMAT, "%.200s: %s: %s", at->path,
                   at->key[0] != '\0' ? at->key : "the file", said);
}

static enum err_code check_object(const json_t *json, const struct key *keys,
                                  const struct place *at, struct err *why);

static enum err_code check_one(const json_t *value, const struct key *key, const struct place *at,
                               struct err *why)
{
    switch (key->kind) {
    case KIND_TEXT:
    case KIND_TEXTS:
        if (!json_is_string(value) || json_string_length(value) == 0)
            return wrong(at, why, "expected a text");
        return OK;
    case KIND_NUMBER:
    case KIND_NUMBERS:
    case KIND_WHOLE:
        if (!json_is_number(value) || (key->kind == KIND_WHOLE && !json_is_integer(value)) ||
            json_number_value(value) < key->min || json_number_value(value) > key->max)
            return wrong(at, why, "expected a %s from %g to %g",
                         key->kind == KIND_WHOLE ? "whole number" : "number", key->min, key->max);
        return OK;
    case KIND_TRUTH:
        return json_is_boolean(value) ? OK : wrong(at, why, "expected true or false");
    case KIND_OBJECT:
    case KIND_OBJECTS:
        return check_object(value, key->keys, at, why);
    }
    return OK;
}

static enum err_code check_value(const json_t *value, const struct key *key, const struct place *at,
                                 struct err *why)
{
    if (key->kind != KIND_TEXTS && key->kind != KIND_NUMBERS && key->kind != KIND_OBJECTS)
        return check_one(value, key, at, why);
    const size_t least = key->kind == KIND_OBJECTS ? (size_t)key->min : 0;
    if (!json_is_array(value) || json_array_size(value) < least)
        return wrong(at, why, "expected a list of at least %zu", least);
    for (size_t i = 0; i < json_array_size(value); i++) {
        struct place item = {.path = at->path};
        snprintf(item.key, sizeof item.key, "%.100s[%zu]", at->key, i);
        const enum err_code rc = check_one(json_array_get(value, i), key, &item, why);
        if (rc != OK)
            return rc;
    }
    return OK;
}

static bool is_known(const char *name, const struct key *keys)
{
    for (; keys->name != NULL; keys++)
        if (strcmp(keys->name, name) == 0)
            return true;
    return false;
}

static bool may_lack(const struct key *key)
{
    return key->kind == KIND_TEXTS || (key->kind == KIND_OBJECTS && key->min == 0);
}

static enum err_code check_object(const json_t *json, const struct key *keys,
                                  const struct place *at, struct err *why)
{
    if (!json_is_object(json))
        return wrong(at, why, "expected an object");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name,
                        value) if (!is_known(name, keys)) return wrong(at, why,
                                                                       "unknown key '%.60s'", name);
    for (; keys->name != NULL; keys++) {
        struct place inner = {.path = at->path};
        snprintf(inner.key, sizeof inner.key, "%.60s%s%.60s", at->key,
                 at->key[0] != '\0' ? "." : "", keys->name);
        value = json_object_get(json, keys->name);
        if (value == NULL && may_lack(keys))
            continue;
        if (value == NULL)
            return wrong(&inner, why, "the key is missing");
        const enum err_code rc = check_value(value, keys, &inner, why);
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* What tiers of a timed case give at most is what the case gives by its points. */
static double sum_points(const json_t *list)
{
    double sum = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        sum += json_number_value(json_object_get(json_array_get(list, i), "points"));
    return sum;
}

static enum err_code check_unique(const json_t *list, const char *key, const char *path,
                                  struct err *why)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t k = 0; k < i; k++) {
            const char *name = json_string_value(json_object_get(json_array_get(list, i), "name"));
            if (strcmp(name, json_string_value(json_object_get(json_array_get(list, k), "name"))) ==
                0)
                return err_set(why, ERR_FORMAT, "%.200s: %s: '%.60s' is there twice", path, key,
                               name);
        }
    return OK;
}

enum err_code manifest_check_lab(const json_t *json, const char *path, struct err *why)
{
    enum err_code rc = check_object(json, lab_keys, &(struct place){.path = path}, why);
    if (rc == OK)
        rc = check_unique(json_object_get(json, "files"), "files", path, why);
    if (rc == OK)
        rc = check_unique(json_object_get(json, "groups"), "groups", path, why);
    if (rc != OK)
        return rc;
    const double sum =
        sum_points(json_object_get(json, "groups")) + sum_points(json_object_get(json, "timed"));
    if (fabs(sum - 100) > 1e-6)
        return err_set(why, ERR_FORMAT, "%.200s: groups: the points sum to %g, not to 100", path,
                       sum);
    return OK;
}

enum err_code manifest_check_module(const json_t *json, const char *path, struct err *why)
{
    const enum err_code rc = check_object(json, module_keys, &(struct place){.path = path}, why);
    if (rc != OK)
        return rc;
    if (json_array_size(json_object_get(json, "hours")) != 2)
        return err_set(why, ERR_FORMAT, "%.200s: hours: expected two numbers, from and to", path);
    return OK;
}
