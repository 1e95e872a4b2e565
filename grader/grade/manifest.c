/* lab.json to struct lab: strict, since a typing error in a manifest costs learners points. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grader/grade/lab.h"

/* One object being read: the first fault is kept, later reads do nothing. */
struct reader {
    struct arena *arena;
    struct err *why;
    enum err_code rc;
};

static void fail(struct reader *r, const char *where, const char *what)
{
    if (r->rc == OK)
        r->rc = err_set(r->why, ERR_FORMAT, "lab.json: %s: %s", where, what);
}

static const char *text_of(struct reader *r, const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_string(v)) {
        fail(r, key, "expected a string");
        return "";
    }
    const char *copy = arena_strdup(r->arena, json_string_value(v));
    if (copy == NULL)
        fail(r, key, "no memory for it");
    return copy != NULL ? copy : "";
}

static double number_of(struct reader *r, const json_t *object, const char *key, double min,
                        double max)
{
    const json_t *v = json_object_get(object, key);
    const double x = json_number_value(v);
    if (!json_is_number(v) || !(x >= min && x <= max)) {
        fail(r, key, arena_printf(r->arena, "expected a number from %g to %g", min, max));
        return min;
    }
    return x;
}

static int64_t integer_of(struct reader *r, const json_t *object, const char *key, int64_t max)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > max) {
        fail(r, key,
             arena_printf(r->arena, "expected a whole number from 1 to %lld", (long long)max));
        return 1;
    }
    return json_integer_value(v);
}

/* The array `key` with at most `max` elements; NULL and no fault where it is optional and absent.
 */
static const json_t *array_of(struct reader *r, const json_t *object, const char *key, size_t max,
                              bool optional)
{
    const json_t *v = json_object_get(object, key);
    if (v == NULL && optional)
        return NULL;
    if (!json_is_array(v) || json_array_size(v) > max) {
        fail(r, key, arena_printf(r->arena, "expected an array of at most %zu", max));
        return NULL;
    }
    return v;
}

static void only_keys(struct reader *r, const char *where, json_t *object, const char *const *known)
{
    if (!json_is_object(object)) {
        fail(r, where, "expected an object");
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL)
            fail(r, where, arena_printf(r->arena, "unknown key '%s'", key));
    }
}

/* A file name is a single path component of plain characters: it becomes a compiler's argument. */
static bool plain_name(const char *name)
{
    const size_t n = strlen(name);
    return n > 2 && n < 64 && name[0] != '-' && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n &&
           strcmp(name + n - 2, ".c") == 0;
}

static void read_files(struct reader *r, const json_t *root, struct lab *lab)
{
    static const char *const keys[] = {"name", "max_bytes", NULL};
    const json_t *list = array_of(r, root, "files", LAB_FILES, false);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        only_keys(r, "files", item, keys);
        lab->files[i].name = text_of(r, item, "name");
        lab->files[i].max_bytes = (size_t)integer_of(r, item, "max_bytes", 1 << 24);
        if (!plain_name(lab->files[i].name))
            fail(r, "files", "a name is a plain file name that ends in .c");
        for (size_t k = 0; k < i; k++)
            if (strcmp(lab->files[k].name, lab->files[i].name) == 0)
                fail(r, "files", "two have the same name");
        lab->n_files++;
    }
    if (lab->n_files == 0)
        fail(r, "files", "expected at least one");
}

static void read_build(struct reader *r, const json_t *root, struct lab *lab)
{
    static const char *const keys[] = {"std", "optimize", "libs", NULL};
    json_t *build = json_object_get(root, "build");
    only_keys(r, "build", build, keys);
    lab->std = text_of(r, build, "std");
    lab->optimize = text_of(r, build, "optimize");
    const json_t *list = array_of(r, build, "libs", LAB_LIBS, true);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            fail(r, "libs", "expected strings");
        else
            lab->libs[lab->n_libs++] = arena_strdup(r->arena, json_string_value(item));
    }
}

static void read_limits(struct reader *r, const json_t *root, struct lab_limits *l)
{
    static const char *const keys[] = {"compile_ms",   "case_cpu_ms", "group_cpu_ms",
                                       "memory_bytes", "stack_bytes", "output_bytes",
                                       "arena_bytes",  NULL};
    json_t *limits = json_object_get(root, "limits");
    only_keys(r, "limits", limits, keys);
    const int64_t most_ms = 600000, most_bytes = (int64_t)8 << 30;
    l->compile_ms = integer_of(r, limits, "compile_ms", most_ms);
    l->case_cpu_ms = integer_of(r, limits, "case_cpu_ms", most_ms);
    l->group_cpu_ms = integer_of(r, limits, "group_cpu_ms", most_ms);
    l->memory_bytes = integer_of(r, limits, "memory_bytes", most_bytes);
    l->stack_bytes = integer_of(r, limits, "stack_bytes", most_bytes);
    l->output_bytes = integer_of(r, limits, "output_bytes", 1 << 24);
    l->arena_bytes = integer_of(r, limits, "arena_bytes", most_bytes);
}

static void read_groups(struct reader *r, const json_t *root, struct lab *lab)
{
    static const char *const keys[] = {"name", "points", "visible", "about", NULL};
    const json_t *list = array_of(r, root, "groups", LAB_GROUPS, false);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct lab_group_rule *g = &lab->groups[lab->n_groups++];
        only_keys(r, "groups", item, keys);
        g->name = text_of(r, item, "name");
        g->about = text_of(r, item, "about");
        g->points = number_of(r, item, "points", 0, 100);
        if (!json_is_boolean(json_object_get(item, "visible")))
            fail(r, "visible", "expected true or false");
        g->visible = json_is_true(json_object_get(item, "visible"));
        for (size_t k = 0; k < i; k++)
            if (strcmp(lab->groups[k].name, g->name) == 0)
                fail(r, "groups", "two have the same name");
    }
}

static void read_tiers(struct reader *r, const json_t *timed, struct lab_timed_rule *t)
{
    static const char *const keys[] = {"name", "ratio", "points", NULL};
    const json_t *list = array_of(r, timed, "tiers", LAB_TIERS, true);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct lab_tier *tier = &t->tiers[t->n_tiers++];
        only_keys(r, "tiers", item, keys);
        tier->name = text_of(r, item, "name");
        tier->ratio = number_of(r, item, "ratio", 0.001, 100);
        tier->points = number_of(r, item, "points", 0, t->points);
        if (i > 0 && tier->ratio <= tier[-1].ratio)
            fail(r, "tiers", "expected rising ratios");
    }
}

static void read_timed(struct reader *r, const json_t *root, struct lab *lab)
{
    static const char *const keys[] = {"name", "unit", "points", "tiers", NULL};
    const json_t *list = array_of(r, root, "timed", LAB_TIMED, true);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct lab_timed_rule *t = &lab->timed[lab->n_timed++];
        only_keys(r, "timed", item, keys);
        t->name = text_of(r, item, "name");
        t->unit = text_of(r, item, "unit");
        t->points = number_of(r, item, "points", 0, 100);
        read_tiers(r, item, t);
    }
}

static void points_sum_to_100(struct reader *r, const struct lab *lab)
{
    double sum = 0;
    for (size_t i = 0; i < lab->n_groups; i++)
        sum += lab->groups[i].points;
    for (size_t i = 0; i < lab->n_timed; i++)
        sum += lab->timed[i].points;
    if (fabs(sum - 100) > 1e-9)
        fail(r, "groups", arena_printf(r->arena, "the points sum to %g, expected 100", sum));
}

static enum err_code read_root(json_t *root, struct arena *a, struct lab *lab, struct err *why)
{
    static const char *const keys[] = {
        "id",    "slug",  "title",  "module", "lessons",     "kind",   "language", "hours", "needs",
        "files", "build", "limits", "pass",   "starter_max", "groups", "timed",    NULL};
    struct reader r = {.arena = a, .why = why, .rc = OK};
    only_keys(&r, "the manifest", root, keys);
    lab->id = text_of(&r, root, "id");
    lab->slug = text_of(&r, root, "slug");
    lab->title = text_of(&r, root, "title");
    lab->pass = number_of(&r, root, "pass", 1, 100);
    lab->starter_max = number_of(&r, root, "starter_max", 0, 100);
    read_files(&r, root, lab);
    read_build(&r, root, lab);
    read_limits(&r, root, &lab->limits);
    read_groups(&r, root, lab);
    read_timed(&r, root, lab);
    points_sum_to_100(&r, lab);
    return r.rc;
}

enum err_code lab_parse(const char *json, size_t size, struct arena *a, struct lab *ret,
                        struct err *why)
{
    json_error_t at;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL)
        return err_set(why, ERR_FORMAT, "lab.json: line %d: %s", at.line, at.text);
    struct lab lab = {0};
    const enum err_code rc = read_root(root, a, &lab, why);
    json_decref(root);
    if (rc == OK)
        *ret = lab;
    return rc;
}
