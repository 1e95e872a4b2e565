/* lab.json to struct lab. What a manifest may hold is checked by grader/report/manifest.h, for the
 * server too; here it only changes its shape. */
#include <assert.h>

#include "grader/grade/lab.h"
#include "grader/report/manifest.h"

static_assert((int)LAB_FILES == MANIFEST_FILES && (int)LAB_LIBS == MANIFEST_LIBS, "the same bound");
static_assert((int)LAB_GROUPS == MANIFEST_GROUPS && (int)LAB_TIMED == MANIFEST_TIMED, "as well");
static_assert((int)LAB_TIERS == MANIFEST_TIERS, "as well");
static_assert((int)CHECK_RUNNERS == MANIFEST_RUNNERS, "as well");

/* Where texts are copied to; `full` once one did not fit. */
struct texts {
    struct arena *arena;
    bool full;
};

static const char *copy(struct texts *t, const json_t *text)
{
    const char *made = arena_strdup(t->arena, json_string_value(text));
    if (made == NULL)
        t->full = true;
    return made;
}

static const char *text_of(struct texts *t, const json_t *object, const char *key)
{
    return copy(t, json_object_get(object, key));
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void read_files(const json_t *root, struct texts *t, struct lab *lab)
{
    const json_t *list = json_object_get(root, "files");
    lab->n_files = json_array_size(list);
    for (size_t i = 0; i < lab->n_files; i++) {
        const json_t *file = json_array_get(list, i);
        lab->files[i] = (struct lab_file_rule){.name = text_of(t, file, "name"),
                                               .max_bytes = (size_t)integer_of(file, "max_bytes")};
    }
}

static void read_build(const json_t *build, struct texts *t, struct lab *lab)
{
    const json_t *libs = json_object_get(build, "libs");
    lab->std = text_of(t, build, "std");
    lab->optimize = text_of(t, build, "optimize");
    lab->n_libs = json_array_size(libs);
    for (size_t i = 0; i < lab->n_libs; i++)
        lab->libs[i] = copy(t, json_array_get(libs, i));
}

static struct lab_limits limits_of(const json_t *limits)
{
    return (struct lab_limits){.compile_ms = integer_of(limits, "compile_ms"),
                               .case_cpu_ms = integer_of(limits, "case_cpu_ms"),
                               .group_cpu_ms = integer_of(limits, "group_cpu_ms"),
                               .memory_bytes = integer_of(limits, "memory_bytes"),
                               .stack_bytes = integer_of(limits, "stack_bytes"),
                               .output_bytes = integer_of(limits, "output_bytes"),
                               .arena_bytes = integer_of(limits, "arena_bytes")};
}

/* NULL, and false in it, where the manifest says nothing. */
static struct lab_allow allow_of(const json_t *allow)
{
    const json_t *threads = json_object_get(allow, "threads");
    const json_t *runners = json_object_get(allow, "runners");
    return (struct lab_allow){.threads = threads != NULL ? (int)json_integer_value(threads) : 1,
                              .runners = runners != NULL ? (int)json_integer_value(runners) : 1,
                              .files = json_is_true(json_object_get(allow, "files")),
                              .sockets = json_is_true(json_object_get(allow, "sockets")),
                              .scratch_bytes = integer_of(allow, "scratch_bytes")};
}

static void read_groups(const json_t *root, struct texts *t, struct lab *lab)
{
    const json_t *list = json_object_get(root, "groups");
    lab->n_groups = json_array_size(list);
    for (size_t i = 0; i < lab->n_groups; i++) {
        const json_t *group = json_array_get(list, i);
        lab->groups[i] =
            (struct lab_group_rule){.name = text_of(t, group, "name"),
                                    .about = text_of(t, group, "about"),
                                    .points = number_of(group, "points"),
                                    .visible = json_is_true(json_object_get(group, "visible"))};
    }
}

static void read_tiers(const json_t *timed, struct texts *t, struct lab_timed_rule *ret)
{
    const json_t *list = json_object_get(timed, "tiers");
    ret->n_tiers = json_array_size(list);
    for (size_t i = 0; i < ret->n_tiers; i++) {
        const json_t *tier = json_array_get(list, i);
        ret->tiers[i] = (struct lab_tier){.name = text_of(t, tier, "name"),
                                          .ratio = number_of(tier, "ratio"),
                                          .points = number_of(tier, "points")};
    }
}

static void read_timed(const json_t *root, struct texts *t, struct lab *lab)
{
    const json_t *list = json_object_get(root, "timed");
    lab->n_timed = json_array_size(list);
    for (size_t i = 0; i < lab->n_timed; i++) {
        const json_t *timed = json_array_get(list, i);
        lab->timed[i] = (struct lab_timed_rule){.name = text_of(t, timed, "name"),
                                                .unit = text_of(t, timed, "unit"),
                                                .points = number_of(timed, "points")};
        read_tiers(timed, t, &lab->timed[i]);
    }
}

enum err_code lab_parse(const char *json, size_t size, const char *path, struct arena *a,
                        struct lab *ret, struct err *why)
{
    json_t *root = NULL;
    const enum err_code rc = manifest_read_lab(json, size, path, &root, why);
    if (rc != OK)
        return rc;
    struct texts t = {.arena = a};
    struct lab lab = {.id = text_of(&t, root, "id"),
                      .slug = text_of(&t, root, "slug"),
                      .title = text_of(&t, root, "title"),
                      .pass = number_of(root, "pass"),
                      .starter_max = number_of(root, "starter_max"),
                      .limits = limits_of(json_object_get(root, "limits")),
                      .allow = allow_of(json_object_get(root, "allow"))};
    read_files(root, &t, &lab);
    read_build(json_object_get(root, "build"), &t, &lab);
    read_groups(root, &t, &lab);
    read_timed(root, &t, &lab);
    json_decref(root);
    if (t.full)
        return err_set(why, ERR_NOMEM, "%.200s: no memory for its texts", path);
    *ret = lab;
    return OK;
}
