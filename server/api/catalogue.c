#include "server/api/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "grader/report/manifest.h"

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

typedef enum err_code manifest_reader(const char *text, size_t size, const char *path, json_t **ret,
                                      struct err *why);

static enum err_code read_json(struct scan *s, const char *path, manifest_reader *read,
                               json_t **ret)
{
    char *text;
    size_t size;
    const enum err_code rc =
        file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &s->c->arena, &text, &size, s->why);
    return rc == OK ? read(text, size, path, ret, s->why) : rc;
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

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A fault of one lab or module, which must not take the others with it. */
static bool is_local(enum err_code rc)
{
    return rc != OK && rc != ERR_NOMEM;
}

static enum err_code check_new(struct scan *s, const struct lab *lab, const struct module *module,
                               const char *dir)
{
    if (lab->module != module->number)
        return err_set(s->why, ERR_FORMAT, "%s/lab.json: /module: is %d in the folder of module %d",
                       dir, lab->module, module->number);
    for (const struct lab *other = s->c->labs; other < lab; other++)
        if (strcmp(other->id, lab->id) == 0 || strcmp(other->slug, lab->slug) == 0)
            return err_set(s->why, ERR_FORMAT, "%s/lab.json: /id: another lab has this id or slug",
                           dir);
    return OK;
}

static enum err_code read_lab(struct scan *s, const char *dir, const struct module *module,
                              struct lab *lab)
{
    const char *path = arena_printf(&s->c->arena, "%s/lab.json", dir);
    if (path == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for %s", dir);
    enum err_code rc = read_json(s, path, manifest_read_lab, &lab->source);
    if (rc != OK)
        return rc;
    json_t *json = lab->source;
    fill_in(json);
    lab->id = json_string_value(json_object_get(json, "id"));
    lab->slug = json_string_value(json_object_get(json, "slug"));
    lab->title = json_string_value(json_object_get(json, "title"));
    lab->module = (int)json_integer_value(json_object_get(json, "module"));
    rc = check_new(s, lab, module, dir);
    if (rc == OK)
        rc = manifest_check_folder(json, dir, s->why);
    if (rc == OK)
        rc = read_rules(s, json, lab);
    if (rc == OK)
        rc = read_provided(s, dir, lab);
    return rc == OK ? make_views(s, json, lab) : rc;
}

static void drop_json(struct lab *lab)
{
    json_decref(lab->brief);
    json_decref(lab->detail);
    json_decref(lab->source);
    *lab = (struct lab){0};
}

/* All that is known of a lab that cannot be read is what its folder is called: lab-ID-SLUG. */
static enum err_code stand_in(struct scan *s, const char *dir, const struct module *module,
                              struct lab *lab)
{
    struct arena *a = &s->c->arena;
    const char *name = base_of(dir) + strlen("lab-");
    const size_t length = strcspn(name, "-");
    const char *slug = name[length] == '-' ? name + length + 1 : name;
    drop_json(lab);
    lab->id = arena_strndup(a, name, length);
    lab->slug = lab->title = arena_strdup(a, slug);
    lab->module = module->number;
    lab->unavailable = arena_strdup(a, s->why->text);
    lab->brief = json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:i, s:i, s:[]}", "id", lab->id, "slug",
                           slug, "title", slug, "module", lab->module, "kind", "guided", "hours", 0,
                           "max_score", 100, "pass_mark", 100, "files");
    if (lab->unavailable == NULL || lab->brief == NULL)
        return err_set(s->why, ERR_NOMEM, "no memory for %s", dir);
    return OK;
}

static enum err_code add_lab(struct scan *s, const char *dir, const struct module *module)
{
    if (s->c->n_labs == CATALOGUE_LABS_MAX)
        return err_set(s->why, ERR_LIMIT, "%s: there are too many labs", dir);
    struct lab *lab = &s->c->labs[s->c->n_labs++]; /* catalogue_free knows of it from here on */
    enum err_code rc = read_lab(s, dir, module, lab);
    if (is_local(rc))
        rc = stand_in(s, dir, module, lab);
    return rc;
}

/* ---- One module ---- */

static enum err_code stand_in_module(struct scan *s, const char *name, struct module *module)
{
    int64_t number = 0;
    const char *digits = name + strlen("module-");
    module->fault = arena_strdup(&s->c->arena, s->why->text);
    if (parse_i64(digits, "the module's number", 0, 99, &number, NULL) != OK)
        return OK; /* its labs say on their own that they are in the wrong folder */
    module->number = (int)number;
    module->brief =
        json_pack("{s:i, s:s, s:s, s:[i, i], s:s, s:[]}", "module", module->number, "title", name,
                  "goal", "", "hours", 0, 0, "difficulty", "", "lessons");
    return module->fault != NULL && module->brief != NULL
               ? OK
               : err_set(s->why, ERR_NOMEM, "no memory for %s", name);
}

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
    enum err_code rc = read_json(s, path, manifest_read_module, &module->brief);
    if (rc == OK)
        module->number = (int)json_integer_value(json_object_get(module->brief, "module"));
    else if (is_local(rc))
        rc = stand_in_module(s, name, module);
    if (rc != OK || module->brief == NULL)
        return rc;
    s->c->n_modules++;
    rc = list_dir(s, dir, "lab-", CATALOGUE_LABS_MAX, &labs, &n);
    for (size_t i = 0; i < n && rc == OK; i++) {
        const char *lab = arena_printf(a, "%s/%s", dir, labs[i]);
        rc = lab != NULL ? add_lab(s, lab, module)
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
    struct err story = {.code = OK}; /* ours: a lab's becomes the reason that it is unavailable */
    struct scan s = {.c = c, .labs_dir = labs_dir, .why = &story};
    char **names = NULL;
    size_t n = 0;
    enum err_code rc = c->modules != NULL && c->labs != NULL
                           ? list_dir(&s, labs_dir, "module-", CATALOGUE_MODULES_MAX, &names, &n)
                           : err_set(&story, ERR_NOMEM, "no memory for the course");
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = read_module(&s, names[i]);
    if (rc != OK) {
        catalogue_free(c);
        return err_set(why, rc, "%s", story.text);
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
    for (size_t i = 0; c->labs != NULL && i < c->n_labs; i++)
        drop_json(&c->labs[i]);
    arena_done(&c->arena);
    free(c);
}

void catalogue_mark(struct catalogue *c, const char *folder, const char *why)
{
    for (size_t i = 0; i < c->n_labs; i++) {
        struct lab *lab = &c->labs[i];
        const char *name = arena_printf(&c->arena, "lab-%s-%s", lab->id, lab->slug);
        if (name == NULL || strcmp(name, folder) != 0 || lab->unavailable != NULL)
            continue;
        const char *copy = arena_strdup(&c->arena, why);
        lab->unavailable = copy != NULL ? copy : "something; there was no memory for what";
    }
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
