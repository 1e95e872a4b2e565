/* A lab's folder, before anything of it runs. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "grader/grade/prove_inside.h"

enum { SOURCE_MAX = 16 << 20 };

static void want_file(struct proof *p, const char *name)
{
    const char *path = arena_printf(p->arena, "%s/%s", p->lab->dir, name);
    if (access(path, R_OK) != 0)
        prove_broken(p, name, "%s", strerror(errno));
}

enum err_code prove_groups_of(const char *source, struct arena *a,
                              const char *ret_names[PROVE_GROUPS], size_t *ret_count,
                              struct err *why)
{
    static const char mark[] = "group:";
    const size_t line = strcspn(source, "\n");
    char *text = arena_strndup(a, source, line);
    char *at = strstr(text, mark);
    if (at == NULL)
        return err_set(why, ERR_FORMAT, "the first line is '%.60s': expected /* group: NAME */",
                       text);
    char *end = strstr(at, "*/");
    if (end != NULL)
        *end = '\0';
    size_t n = 0;
    char *save = NULL;
    for (char *name = strtok_r(at + strlen(mark), " ,\t", &save); name != NULL && n < PROVE_GROUPS;
         name = strtok_r(NULL, " ,\t", &save))
        ret_names[n++] = name;
    *ret_count = n;
    return n > 0 ? OK : err_set(why, ERR_FORMAT, "the first line names no group");
}

static void want_groups(struct proof *p, const char *who, const char *source)
{
    const char *names[PROVE_GROUPS];
    size_t n = 0;
    struct err why;
    if (prove_groups_of(source, p->arena, names, &n, &why) != OK) {
        prove_broken(p, who, "%s", why.text);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (lab_group_code(p->lab, names[i]) == NULL)
            prove_broken(p, who, "names the group '%s', which the lab does not have", names[i]);
}

static void want_mutant(struct proof *p, const char *path)
{
    char *source;
    size_t size;
    struct err why;
    const char *who = arena_printf(p->arena, "mutants/%s", strrchr(path, '/') + 1);
    if (file_read(AT_FDCWD, path, SOURCE_MAX, p->arena, &source, &size, &why) != OK)
        prove_broken(p, who, "%s", why.text);
    else
        want_groups(p, who, source);
}

void prove_files(struct proof *p)
{
    static const char *const always[] = {"lab.h", "handout.md", "driver.c", "check.c"};
    glob_t mutants;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        want_file(p, always[i]);
    for (size_t i = 0; i < p->lab->n_files; i++) {
        want_file(p, arena_printf(p->arena, "solution/%s", p->lab->files[i].name));
        want_file(p, arena_printf(p->arena, "starter/%s", p->lab->files[i].name));
    }
    if (glob(arena_printf(p->arena, "%s/mutants/*.c", p->lab->dir), 0, NULL, &mutants) != 0) {
        prove_broken(p, "mutants", "there are none");
        return;
    }
    for (size_t i = 0; i < mutants.gl_pathc; i++)
        want_mutant(p, mutants.gl_pathv[i]);
    globfree(&mutants);
}
