#include "server/api/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "server/api/manifest.h"

enum {
    CATALOGUE_BYTES_MAX = 64 * 1024 * 1024,
    CATALOGUE_LABS_MAX = 256,
    CATALOGUE_MODULES_MAX = 32,
    PROVIDED_MAX = 32, /* of one lab */
    COURSE_FILE_MAX = 1024 * 1024,
};

struct scan {
    struct catalogue *c;
    const char *labs_dir;
    struct err *why;
};

/* ---- Names in a folder ---- */

static int by_name(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

/* The entries of a folder that begin with `prefix`, sorted; none where there is no such folder. */
static enum err_code list_dir(struct scan *s, const char *path, const char *prefix, size_t max,
                              char ***ret, size_t *ret_count)
{
    char **names = arena_array(&s->c->arena, max, sizeof *names);
    DIR *dir = opendir(path);
    size_t n = 0;
    if (dir == NULL && errno != ENOENT)
        return err_sys(s->why, ERR_IO, errno, "%s", path);
    for (struct dirent *e; dir != NULL && names != NULL && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0 && n < max &&
            (names[n] = arena_strdup(&s->c->arena, e->d_name)) != NULL)
            n++;
    if (dir != NULL)
        closedir(dir);
    if (names == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for the entries of %s", path);
    qsort(names, n, sizeof *names, by_name);
    *ret = names;
    *ret_count = n;
    return OK;
}

/* ---- One file ---- */

static enum err_code read_json(struct scan *s, const char *path,
                               enum err_code (*check)(const json_t *, const char *, struct err *),
                               json_t **ret)
{
    char *text;
    size_t size;
    const enum err_code rc =
        file_read(AT_FDCWD, path, COURSE_FILE_MAX, &s->c->arena, &text, &size, s->why);
    if (rc != OK)
        return rc;
    json_error_t error;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        return err_set(s->why, ERR_FORMAT, "%s: line %d: %s", path, error.line, error.text);
    const enum err_code shape = check(json, path, s->why);
    if (shape != OK) {
        json_decref(json);
        return shape;
    }
    *ret = json;
    return OK;
}

static enum err_code add_provided(struct scan *s, const char *dir, const char *path,
                                  struct lab_provided *list, size_t *count)
{
    char *bytes;
    size_t size;
    const char *whole = arena_printf(&s->c->arena, "%s/%s", dir, path);
    if (whole == NULL || *count == PROVIDED_MAX)
        return err_set(s->why, ERR_LIMIT, "%s: too many files for learners", dir);
    const enum err_code rc =
        file_read(AT_FDCWD, whole, COURSE_FILE_MAX, &s->c->arena, &bytes, &size, s->why);
    if (rc == OK)
        list[(*count)++] = (struct lab_provided){
            .path = arena_strdup(&s->c->arena, path), .bytes = bytes, .size = size};
    return rc;
}

/* What learners may read: nothing else of a lab's folder is ever loaded, least of all solutions. */
static enum err_code read_provided(struct scan *s, const char *dir, struct lab *lab)
{
    struct arena *a = &s->c->arena;
    struct lab_provided *list = arena_array(a, PROVIDED_MAX, sizeof *list);
    const char *starter = arena_printf(a, "%s/starter", dir);
    char **names = NULL;
    size_t n = 0;
    if (list == NULL || starter == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for the files of %s", dir);
    enum err_code rc = list_dir(s, starter, "", PROVIDED_MAX, &names, &n);
    if (rc == OK)
        rc = add_provided(s, dir, "lab.h", list, &lab->n_provided);
    if (rc == OK)
        rc = add_provided(s, dir, "handout.md", list, &lab->n_provided);
    for (size_t i = 0; i < n && rc == OK; i++) {
        const char *path = arena_printf(a, "starter/%s", names[i]);
        if (path != NULL)
            rc = add_provided(s, dir, path, list, &lab->n_provided);
    }
    lab->provided = list;
    return rc;
}

/* ---- One lab ---- */

static void fill_list(json_t *object, const char *key)
{
    if (json_object_get(object, key) == NULL)
        json_object_set_new(object, key, json_array());
}

/* Lists that lab.json may leave out are empty, so that readers find every key. */
static void fill_in(json_t *lab)
{
    fill_list(lab, "lessons");
    fill_list(lab, "needs");
    fill_list(lab, "timed");
    json_t *timed = json_object_get(lab, "timed");
    for (size_t i = 0; i < json_array_size(timed); i++)
        fill_list(json_array_get(timed, i), "tiers");
}

static enum err_code read_rules(struct scan *s, const json_t *json, struct lab *lab)
{
    const json_t *files = json_object_get(json, "files");
    lab->n_files = json_array_size(files);
    struct lab_file_rule *rules = arena_array(&s->c->arena, lab->n_files, sizeof *rules);
    if (rules == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for the lab's files");
    for (size_t i = 0; i < lab->n_files; i++) {
        const json_t *file = json_array_get(files, i);
        rules[i].name = json_string_value(json_object_get(file, "name"));
        rules[i].max_bytes = (size_t)json_integer_value(json_object_get(file, "max_bytes"));
    }
    lab->files = rules;
    return OK;
}

static json_t *names_of(const struct lab *lab)
{
    json_t *names = json_array();
    for (size_t i = 0; i < lab->n_files; i++)
        json_array_append_new(names, json_string(lab->files[i].name));
    return names;
}

static json_t *provided_of(const struct lab *lab)
{
    json_t *list = json_array();
    for (size_t i = 0; i < lab->n_provided; i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "path", lab->provided[i].path, "bytes",
                                              (json_int_t)lab->provided[i].size));
    return list;
}

static enum err_code make_views(struct scan *s, json_t *json, struct lab *lab)
{
    enum { MAX_SCORE = 100 };
    const struct lab_provided *handout = lab_provided_file(lab, "handout.md");
    lab->brief = json_pack("{s:O, s:O, s:O, s:O, s:O, s:O, s:i, s:O, s:o}", "id",
                           json_object_get(json, "id"), "slug", json_object_get(json, "slug"),
                           "title", json_object_get(json, "title"), "module",
                           json_object_get(json, "module"), "kind", json_object_get(json, "kind"),
                           "hours", json_object_get(json, "hours"), "max_score", MAX_SCORE,
                           "pass_mark", json_object_get(json, "pass"), "files", names_of(lab));
    lab->detail = json_pack(
        "{s:s%, s:O, s:O, s:O, s:O, s:O, s:O, s:O, s:o}", "handout", handout->bytes, handout->size,
        "language", json_object_get(json, "language"), "lessons", json_object_get(json, "lessons"),
        "needs", json_object_get(json, "needs"), "limits", json_object_get(json, "limits"),
        "file_rules", json_object_get(json, "files"), "groups", json_object_get(json, "groups"),
        "timed", json_object_get(json, "timed"), "provided", provided_of(lab));
    if (lab->brief == NULL || lab->detail == NULL)
        return err_set(s->why, ERR_FORMAT, "lab %s: a text is not UTF-8", lab->id);
    return OK;
}

static enum err_code read_lab(struct scan *s, const char *dir, const struct module *module)
{
    if (s->c->n_labs == CATALOGUE_LABS_MAX)
        return err_set(s->why, ERR_LIMIT, "%s: there are too many labs", dir);
    struct lab *lab = &s->c->labs[s->c->n_labs];
    const char *path = arena_printf(&s->c->arena, "%s/lab.json", dir);
    json_t *json = NULL;
    if (path == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for %s", dir);
    enum err_code rc = read_json(s, path, manifest_check_lab, &json);
    if (rc != OK)
        return rc;
    fill_in(json);
    lab->source = json;
    s->c->n_labs++; /* from here on catalogue_free knows of it */
    lab->id = json_string_value(json_object_get(json, "id"));
    lab->slug = json_string_value(json_object_get(json, "slug"));
    lab->title = json_string_value(json_object_get(json, "title"));
    lab->module = (int)json_integer_value(json_object_get(json, "module"));
    if (lab->module != module->number)
        return err_set(s->why, ERR_FORMAT, "%s: module: is %d in the folder of module %d", path,
                       lab->module, module->number);
    for (size_t i = 0; i + 1 < s->c->n_labs; i++)
        if (strcmp(s->c->labs[i].id, lab->id) == 0 || strcmp(s->c->labs[i].slug, lab->slug) == 0)
            return err_set(s->why, ERR_FORMAT, "%s: id: another lab has this id or slug", path);
    if ((rc = read_rules(s, json, lab)) == OK)
        rc = read_provided(s, dir, lab);
    return rc == OK ? make_views(s, json, lab) : rc;
}

/* ---- One module ---- */

static enum err_code read_module(struct scan *s, const char *name)
{
    struct arena *a = &s->c->arena;
    const char *dir = arena_printf(a, "%s/%s", s->labs_dir, name);
    const char *path = arena_printf(a, "%s/%s/module.json", s->labs_dir, name);
    struct module *module = &s->c->modules[s->c->n_modules];
    char **labs = NULL;
    size_t n = 0;
    if (dir == NULL || path == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for %s", name);
    enum err_code rc = read_json(s, path, manifest_check_module, &module->brief);
    if (rc != OK)
        return rc;
    s->c->n_modules++;
    module->number = (int)json_integer_value(json_object_get(module->brief, "module"));
    rc = list_dir(s, dir, "lab-", CATALOGUE_LABS_MAX, &labs, &n);
    for (size_t i = 0; i < n && rc == OK; i++) {
        const char *lab = arena_printf(a, "%s/%s", dir, labs[i]);
        rc = lab != NULL ? read_lab(s, lab, module)
                         : err_set(s->why, ERR_NOMEM, "no memory for %s", dir);
    }
    return rc;
}

enum err_code catalogue_read(const char *labs_dir, struct catalogue **ret, struct err *why)
{
    struct catalogue *c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the course");
    arena_init(&c->arena, CATALOGUE_BYTES_MAX);
    c->modules = arena_array(&c->arena, CATALOGUE_MODULES_MAX, sizeof *c->modules);
    c->labs = arena_array(&c->arena, CATALOGUE_LABS_MAX, sizeof *c->labs);
    struct scan s = {.c = c, .labs_dir = labs_dir, .why = why};
    char **names = NULL;
    size_t n = 0;
    enum err_code rc = c->modules != NULL && c->labs != NULL
                           ? list_dir(&s, labs_dir, "module-", CATALOGUE_MODULES_MAX, &names, &n)
                           : err_set(why, ERR_NOMEM, "no memory for the course");
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = read_module(&s, names[i]);
    if (rc != OK) {
        catalogue_free(c);
        return rc;
    }
    *ret = c;
    return OK;
}

void catalogue_free(struct catalogue *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; c->modules != NULL && i < c->n_modules; i++)
        json_decref(c->modules[i].brief);
    for (size_t i = 0; c->labs != NULL && i < c->n_labs; i++) {
        json_decref(c->labs[i].brief);
        json_decref(c->labs[i].detail);
        json_decref(c->labs[i].source);
    }
    arena_done(&c->arena);
    free(c);
}

const struct lab *catalogue_lab(const struct catalogue *c, const char *name)
{
    for (size_t i = 0; i < c->n_labs; i++)
        if (strcmp(c->labs[i].id, name) == 0 || strcmp(c->labs[i].slug, name) == 0)
            return &c->labs[i];
    return NULL;
}

const struct lab_provided *lab_provided_file(const struct lab *lab, const char *path)
{
    for (size_t i = 0; i < lab->n_provided; i++)
        if (strcmp(lab->provided[i].path, path) == 0)
            return &lab->provided[i];
    return NULL;
}
