#include "grader/grade/lab.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "grader/report/manifest.h"

enum { LAB_FILE_MAX = 16 << 20 };

static int by_path(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum err_code hash_file(crypto_hash_sha256_state *hash, const char *path, const char *name,
                               struct err *why)
{
    struct arena scratch;
    arena_init(&scratch, LAB_FILE_MAX + 4096);
    char *bytes;
    size_t size;
    const enum err_code rc = file_read(AT_FDCWD, path, LAB_FILE_MAX, &scratch, &bytes, &size, why);
    if (rc == OK) {
        const uint64_t length = size;
        crypto_hash_sha256_update(hash, (const unsigned char *)name, strlen(name) + 1);
        crypto_hash_sha256_update(hash, (const unsigned char *)&length, sizeof length);
        crypto_hash_sha256_update(hash, (const unsigned char *)bytes, size);
    }
    arena_done(&scratch);
    return rc;
}

/* Names and bytes of all regular files, in name order: any edit of the lab gives another version.
 */
static enum err_code hash_folder(const char *dir, char ret_hex[65], struct err *why)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    char *const roots[] = {(char *)(uintptr_t)dir, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_path);
    if (tree == NULL)
        return err_set(why, ERR_IO, "cannot walk %s", dir);
    enum err_code rc = OK;
    for (FTSENT *e = fts_read(tree); rc == OK && e != NULL; e = fts_read(tree))
        if (e->fts_info == FTS_F)
            rc = hash_file(&hash, e->fts_path, e->fts_path + strlen(dir), why);
    fts_close(tree);
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(ret_hex, 65, digest, sizeof digest);
    return rc;
}

const struct lab_group *lab_group_code(const struct lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->module->n_groups; i++)
        if (strcmp(lab->module->groups[i].name, name) == 0)
            return &lab->module->groups[i];
    return NULL;
}

const struct lab_timed *lab_timed_code(const struct lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->module->n_timed; i++)
        if (strcmp(lab->module->timed[i].name, name) == 0)
            return &lab->module->timed[i];
    return NULL;
}

/* Manifest and module must name the same groups and timed cases. */
static enum err_code check_names(const struct lab *lab, struct err *why)
{
    const struct lab_module *m = lab->module;
    if (m->sdk != LAB_SDK)
        return err_set(why, ERR_FORMAT, "check.so is of SDK %d, this grade has %d", m->sdk,
                       LAB_SDK);
    for (size_t i = 0; i < lab->n_groups; i++)
        if (lab_group_code(lab, lab->groups[i].name) == NULL)
            return err_set(why, ERR_FORMAT, "check.c has no group '%s'", lab->groups[i].name);
    for (size_t i = 0; i < lab->n_timed; i++)
        if (lab_timed_code(lab, lab->timed[i].name) == NULL)
            return err_set(why, ERR_FORMAT, "check.c has no timed case '%s'", lab->timed[i].name);
    if (m->n_groups != lab->n_groups || m->n_timed != lab->n_timed)
        return err_set(why, ERR_FORMAT,
                       "check.c has %zu groups and %zu timed cases, lab.json %zu and %zu",
                       m->n_groups, m->n_timed, lab->n_groups, lab->n_timed);
    return OK;
}

static enum err_code load_module(struct lab *lab, struct arena *a, struct err *why)
{
    lab->library = dlopen(arena_printf(a, "%s/check.so", lab->build_dir), RTLD_NOW | RTLD_LOCAL);
    if (lab->library == NULL)
        return err_set(why, ERR_IO, "the checker does not load: %s", dlerror());
    lab->module = dlsym(lab->library, "lab_module");
    if (lab->module == NULL)
        return err_set(why, ERR_FORMAT, "check.so exports no lab_module");
    return check_names(lab, why);
}

/* A cell binds files by their absolute path, whatever people typed. */
static enum err_code absolute(const char *path, struct arena *a, const char **ret, struct err *why)
{
    char real[PATH_MAX];
    if (realpath(path, real) == NULL)
        return err_sys(why, ERR_NOT_FOUND, errno, "%s", path);
    *ret = arena_strdup(a, real);
    return OK;
}

static enum err_code open_dir(struct lab *lab, const struct lab_paths *paths, const char *dir,
                              struct arena *a, struct err *why)
{
    char *json;
    size_t size;
    const char *path = arena_printf(a, "%s/lab.json", dir);
    enum err_code rc = file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, a, &json, &size, why);
    if (rc == OK)
        rc = lab_parse(json, size, path, a, lab, why);
    if (rc == OK)
        rc = absolute(dir, a, &lab->dir, why);
    if (rc == OK)
        rc = absolute(arena_printf(a, "%s/%s", paths->build, lab->id), a, &lab->build_dir, why);
    if (rc != OK)
        return rc;
    if ((rc = hash_folder(lab->dir, lab->version, why)) != OK)
        return rc;
    return load_module(lab, a, why);
}

enum err_code lab_list(const struct lab_paths *paths, struct arena *a, const char *const **ret_dirs,
                       size_t *ret_count, struct err *why)
{
    glob_t found;
    const int failed = glob(arena_printf(a, "%s/module-*/lab-*", paths->labs), 0, NULL, &found);
    if (failed != 0)
        return err_set(why, ERR_NOT_FOUND, "no labs in %s", paths->labs);
    const char **dirs = arena_array(a, found.gl_pathc, sizeof *dirs);
    for (size_t i = 0; i < found.gl_pathc; i++)
        dirs[i] = arena_strdup(a, found.gl_pathv[i]);
    *ret_dirs = dirs;
    *ret_count = found.gl_pathc;
    globfree(&found);
    return OK;
}

/* A folder is called lab-ID-SLUG. */
static bool is_called(const char *dir, const char *name)
{
    const char *id = strrchr(dir, '/');
    id = id != NULL ? id + 1 : dir;
    if (strncmp(id, "lab-", 4) != 0)
        return false;
    id += 4;
    const char *slug = strchr(id, '-');
    if (slug == NULL)
        return false;
    const size_t id_length = (size_t)(slug - id);
    return strcmp(slug + 1, name) == 0 ||
           (strlen(name) == id_length && strncmp(id, name, id_length) == 0);
}

static enum err_code find_dir(const struct lab_paths *paths, const char *name, struct arena *a,
                              const char **ret, struct err *why)
{
    if (strchr(name, '/') != NULL) {
        *ret = name;
        return OK;
    }
    const char *const *dirs = NULL;
    size_t count = 0;
    const enum err_code rc = lab_list(paths, a, &dirs, &count, why);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < count; i++)
        if (is_called(dirs[i], name)) {
            *ret = dirs[i];
            return OK;
        }
    return err_set(why, ERR_NOT_FOUND, "no lab is called '%s': `grade list` shows those there are",
                   name);
}

enum err_code lab_open(struct lab *ret, const struct lab_paths *paths, const char *name,
                       struct arena *a, struct err *why)
{
    const char *dir = NULL;
    enum err_code rc = find_dir(paths, name, a, &dir, why);
    if (rc != OK)
        return rc;
    struct lab lab = {0};
    if ((rc = open_dir(&lab, paths, dir, a, why)) != OK) {
        lab_close(&lab);
        return err_wrap(why, rc, "lab %s", name);
    }
    *ret = lab;
    return OK;
}

void lab_close(struct lab *lab)
{
    if (lab->library != NULL)
        dlclose(lab->library);
    *lab = (struct lab){0};
}
