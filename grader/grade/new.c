#include "grader/grade/new.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "grader/grade/config.h"

enum { SLUG_MAX = 40, TITLE_MAX = 100, TEXT_MAX = 64 * 1024 };
static const char DIGITS[] = "0123456789";
static const char SLUG_CHARS[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

/* A checked request, and what its words become in the templates. */
struct maker {
    struct arena *arena;
    const char *id, *slug, *name, *title, *module;
    const char *root;       /* the folder of modules */
    const char *module_dir; /* root/module-2 */
    const char *lab_dir;    /* root/module-2/lab-2.10-running-sums */
};

/* ---- the words of a request ---- */

static bool is_number(const char *text, size_t n)
{
    return n > 0 && n <= 4 && strspn(text, DIGITS) >= n && (n == 1 || text[0] != '0');
}

static enum err_code check_id(const char *id, struct err *why)
{
    const size_t module = strcspn(id, ".");
    if (id[module] == '.' && is_number(id, module) &&
        is_number(id + module + 1, strlen(id + module + 1)))
        return OK;
    return err_set(why, ERR_INVALID, "the id '%.40s' is no MODULE.NUMBER, such as 2.10", id);
}

/* It becomes a folder's name and, with '_', names in C. */
static enum err_code check_slug(const char *slug, struct err *why)
{
    const size_t n = strlen(slug);
    const bool plain = n > 0 && n <= SLUG_MAX && strspn(slug, SLUG_CHARS) == n;
    if (plain && slug[0] >= 'a' && slug[n - 1] != '-' && strstr(slug, "--") == NULL)
        return OK;
    return err_set(
        why, ERR_INVALID,
        "the slug '%.60s' is not of the form running-sums: a to z, 0 to 9 and single '-' "
        "between them, a letter first, at most %d characters",
        slug, SLUG_MAX);
}

/* It stands in JSON, in comments of C and in Markdown. */
static enum err_code check_title(const char *title, struct err *why)
{
    const size_t n = strlen(title);
    bool plain = n > 0 && n <= TITLE_MAX && strpbrk(title, "\"\\@") == NULL;
    for (size_t i = 0; i < n; i++)
        plain = plain && (unsigned char)title[i] >= ' ' && title[i] != 0x7f;
    if (plain && strstr(title, "*/") == NULL && strstr(title, "/*") == NULL)
        return OK;
    return err_set(why, ERR_INVALID,
                   "the title is one line of at most %d bytes without \", \\, @ and marks of C's "
                   "comments",
                   TITLE_MAX);
}

/* lab.json knows "cuda" already; what would grade such a lab does not. */
static enum err_code check_language(const char *language, struct err *why)
{
    if (strcmp(language, "c") == 0)
        return OK;
    if (strcmp(language, "cuda") == 0)
        return err_set(
            why, ERR_INVALID,
            "no lab in CUDA can be made yet: `grade` neither compiles .cu files nor has a "
            "GPU, real or virtual, to run their kernels on. Leave --language out and make "
            "the kernel's arithmetic a lab in C");
    return err_set(why, ERR_INVALID, "the language '%.20s' is unknown: labs are written in c",
                   language);
}

static enum err_code check_words(const struct new_request *r, struct err *why)
{
    enum err_code rc = check_id(r->id, why);
    if (rc == OK)
        rc = check_slug(r->slug, why);
    if (rc == OK && r->title != NULL)
        rc = check_title(r->title, why);
    return rc == OK ? check_language(r->language, why) : rc;
}

/* "running-sums" with other marks between its words. */
static char *spelled(struct arena *a, const char *slug, char between)
{
    char *text = arena_strdup(a, slug);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '-')
            *c = between;
    return text;
}

static const char *title_of(struct arena *a, const char *slug)
{
    char *title = spelled(a, slug, ' ');
    title[0] = (char)(title[0] - 'a' + 'A');
    return title;
}

static struct maker maker_of(const struct new_request *r, struct arena *a)
{
    struct maker m = {.arena = a, .id = r->id, .slug = r->slug, .root = r->dir};
    m.name = spelled(a, r->slug, '_');
    m.title = r->title != NULL ? r->title : title_of(a, r->slug);
    m.module = arena_strndup(a, r->id, strcspn(r->id, "."));
    m.module_dir = arena_printf(a, "%s/module-%s", r->dir, m.module);
    m.lab_dir = arena_printf(a, "%s/lab-%s-%s", m.module_dir, r->id, r->slug);
    return m;
}

/* "lab-2.10-running-sums" of a path, without its "lab-": NULL where it has no such name. */
static const char *id_and_slug(const char *path)
{
    const char *name = strrchr(path, '/');
    return name != NULL && strncmp(name, "/lab-", 5) == 0 ? name + 5 : NULL;
}

static bool is_taken(const struct maker *m, const char *path)
{
    const char *id = id_and_slug(path);
    const char *slug = id != NULL ? strchr(id, '-') : NULL;
    if (slug == NULL)
        return false;
    const size_t n = (size_t)(slug - id);
    return strcmp(slug + 1, m->slug) == 0 || (strlen(m->id) == n && strncmp(id, m->id, n) == 0);
}

/* `grade` finds labs by id or slug, so neither may be there twice. */
static enum err_code check_free(const struct maker *m, struct err *why)
{
    glob_t found = {0};
    enum err_code rc = OK;
    (void)glob(arena_printf(m->arena, "%s/module-*/lab-*", m->root), 0, NULL, &found);
    for (size_t i = 0; rc == OK && i < found.gl_pathc; i++)
        if (is_taken(m, found.gl_pathv[i]))
            rc = err_set(why, ERR_CONFLICT, "there is %s: choose another id and another slug",
                         found.gl_pathv[i]);
    globfree(&found);
    return rc;
}

/* ---- writing ---- */

static const char *word_of(const struct maker *m, const char *at, size_t *ret_length)
{
    const struct {
        const char *mark, *word;
    } table[] = {{"@ID@", m->id},
                 {"@SLUG@", m->slug},
                 {"@NAME@", m->name},
                 {"@TITLE@", m->title},
                 {"@MODULE@", m->module}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        *ret_length = strlen(table[i].mark);
        if (strncmp(at, table[i].mark, *ret_length) == 0)
            return table[i].word;
    }
    return NULL;
}

static void fill_in(const struct maker *m, const char *text, struct str *ret)
{
    for (const char *at = text; *at != '\0';) {
        size_t length = 1;
        const char *word = *at == '@' ? word_of(m, at, &length) : NULL;
        if (word != NULL) {
            str_add(ret, word);
        } else {
            length = 1;
            str_add_char(ret, *at);
        }
        at += length;
    }
}

/* Nothing that is there is written over. */
static enum err_code write_new(const char *path, const struct str *text, struct err *why)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_sys(why, errno == EEXIST ? ERR_CONFLICT : ERR_IO, errno, "%s", path);
    enum err_code rc = file_write_all(fd, text->text, text->length, why);
    if (close(fd) != 0 && rc == OK)
        rc = err_sys(why, ERR_IO, errno, "%s", path);
    return rc;
}

static const char *replace_name(const struct maker *m, const char *path)
{
    const char *at = strstr(path, "NAME");
    if (at == NULL)
        return path;
    return arena_printf(m->arena, "%.*s%s%s", (int)(at - path), path, m->name, at + strlen("NAME"));
}

static enum err_code write_template(const struct maker *m, const char *dir, const char *path,
                                    const char *template, struct err *why)
{
    const char *full = arena_printf(m->arena, "%s/%s", dir, replace_name(m, path));
    const char *folder = arena_strndup(m->arena, full, (size_t)(strrchr(full, '/') - full));
    struct str text;
    enum err_code rc = file_make_dirs(folder, why);
    str_init(&text, TEXT_MAX);
    fill_in(m, template, &text);
    if (rc == OK)
        rc = write_new(full, &text, why);
    str_done(&text);
    return rc;
}

/* The templates of one sort, which is the first folder of their paths. */
static enum err_code write_all(const struct maker *m, const char *sort, const char *dir,
                               size_t *ret_files, struct err *why)
{
    const size_t n = strlen(sort);
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < new_n_templates; i++) {
        const struct new_template *t = &new_templates[i];
        if (strncmp(t->path, sort, n) != 0 || t->path[n] != '/')
            continue;
        rc = write_template(m, dir, t->path + n + 1, t->text, why);
        ++*ret_files;
    }
    return rc;
}

/* Only where the file that makes it one is missing. */
static enum err_code write_once(const struct maker *m, const char *sort, const char *dir,
                                const char *mark, struct err *why)
{
    size_t files = 0;
    if (access(arena_printf(m->arena, "%s/%s", dir, mark), F_OK) == 0)
        return OK;
    return write_all(m, sort, dir, &files, why);
}

/* ---- what to do next ---- */

static bool same_folder(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void tell_next(const struct maker *m, size_t files, bool module_is_new, bool at_home,
                      FILE *out)
{
    fprintf(out, "%s: %zu files. It is a lab that can be graded already; see for yourself:\n",
            m->lab_dir, files);
    if (at_home)
        fprintf(out, "  cmake --build %s --target check_%s lab_%s grade\n  %s/bin/grade test %s\n",
                CONFIG_CMAKE_DIR, m->id, m->id, CONFIG_CMAKE_DIR, m->id);
    else
        fprintf(out,
                "  cmake -S %s -B %s/build -Dgraded_DIR=%s\n  cmake --build %s/build\n"
                "  ctest --test-dir %s/build -R lab_%s --output-on-failure\n",
                m->root, m->root, CONFIG_CMAKE_DIR, m->root, m->root, m->id);
    fputs("Then make it yours, in this order: handout.md, lab.h, solution/, ops.h and driver.c,\n"
          "check.c, lab.json's groups, mutants/, starter/. docs/write-a-lab.md goes with you.\n",
          out);
    if (!module_is_new)
        fprintf(out, "Add \"%s\" to the labs of a lesson in %s/module.json.\n", m->id,
                m->module_dir);
}

enum err_code new_lab(const struct new_request *r, struct arena *a, FILE *out, struct err *why)
{
    enum err_code rc = check_words(r, why);
    if (rc != OK)
        return rc;
    const struct maker m = maker_of(r, a);
    if ((rc = check_free(&m, why)) != OK)
        return rc;
    const bool module_is_new = access(arena_printf(a, "%s/module.json", m.module_dir), F_OK) != 0;
    const bool at_home = same_folder(r->dir, r->home);
    size_t files = 0;
    rc = write_all(&m, "lab", m.lab_dir, &files, why);
    if (rc == OK)
        rc = write_once(&m, "module", m.module_dir, "module.json", why);
    if (rc == OK && !at_home)
        rc = write_once(&m, "root", r->dir, "CMakeLists.txt", why);
    if (rc == OK)
        tell_next(&m, files, module_is_new, at_home, out);
    return rc;
}
