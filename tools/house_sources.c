/* Includes: "quoted" ones by folder, <system> ones by the library that they stand for. */
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "tools/house.h"

enum { SOURCE_MAX = 4 << 20, LINE_MAX_BYTES = 512 };

enum area {
    AREA_BASE = 1 << 0,
    AREA_REFERENCE = 1 << 1,
    AREA_SANDBOX = 1 << 2,
    AREA_REPORT = 1 << 3,
    AREA_SDK = 1 << 4,
    AREA_GRADER = 1 << 5,
    AREA_CHECK = 1 << 6, /* check*.c of a lab: the trusted side */
    AREA_LAB = 1 << 7,   /* all else in a lab */
    AREA_SERVER = 1 << 8,
    AREA_TOOLS = 1 << 9,
    AREA_TESTS = 1 << 10,
    AREA_ALL = (1 << 11) - 1,
};

/* The first row whose prefix fits is the area of a path; `may` is what it may include. */
static const struct {
    const char *prefix;
    enum area area;
    int may;
} areas[] = {
    {"base/", AREA_BASE, AREA_BASE},
    {"reference/", AREA_REFERENCE, AREA_REFERENCE | AREA_BASE},
    {"sandbox/", AREA_SANDBOX, AREA_SANDBOX | AREA_BASE},
    {"grader/report/", AREA_REPORT, AREA_REPORT | AREA_BASE},
    {"grader/sdk/", AREA_SDK, AREA_SDK | AREA_BASE},
    {"grader/", AREA_GRADER,
     AREA_GRADER | AREA_SDK | AREA_REPORT | AREA_SANDBOX | AREA_REFERENCE | AREA_BASE},
    {"labs/", AREA_LAB, AREA_LAB | AREA_SDK},
    {"server/", AREA_SERVER, AREA_SERVER | AREA_REPORT | AREA_BASE},
    {"tools/", AREA_TOOLS, AREA_TOOLS | AREA_BASE},
    {"tests/", AREA_TESTS, AREA_ALL},
    {"bench/", AREA_TESTS, AREA_ALL},
};
static const int CHECK_MAY = AREA_CHECK | AREA_LAB | AREA_SDK | AREA_REFERENCE | AREA_BASE;

/* Where a library's header may be included. Tests may include what they test with; of the sandbox
 * only its program speaks JSON. */
static const struct {
    const char *header;
    int may;
} libraries[] = {
    {"jansson.h", AREA_REPORT | AREA_GRADER | AREA_SERVER | AREA_TESTS | AREA_SANDBOX},
    {"sqlite3.h", AREA_SERVER | AREA_TESTS},
    {"microhttpd.h", AREA_SERVER},
    {"sodium.h", AREA_SERVER | AREA_GRADER},
    {"seccomp.h", AREA_SANDBOX},
    {"archive.h", AREA_SERVER | AREA_TESTS},
    {"zlib.h", AREA_SERVER | AREA_TESTS},
    {"curl/curl.h", AREA_TESTS},
};

void house_findings_init(struct house_findings *f)
{
    *f = (struct house_findings){0};
    str_init(&f->text, 1 << 20);
}

void house_findings_done(struct house_findings *f)
{
    str_done(&f->text);
}

void house_say(struct house_findings *f, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    str_printf(&f->text, "%s\n", line);
    f->count++;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int row_of(const char *path)
{
    for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++)
        if (starts_with(path, areas[i].prefix))
            return (int)i;
    return -1;
}

static bool is_check(const char *path)
{
    const char *slash = strrchr(path, '/');
    return starts_with(path, "labs/") && slash != NULL && starts_with(slash + 1, "check");
}

/* test_store.c, testing.c */
static bool is_test(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return starts_with(name, "test");
}

/* A name without a folder is a neighbour; in labs also of the SDK, which they have on their path.
 */
static void check_quoted(const char *path, int line, const char *name, struct house_findings *f)
{
    const int from = row_of(path), to = row_of(name);
    if (strchr(name, '/') == NULL)
        return;
    if (to < 0 && areas[from].area == AREA_TESTS)
        return; /* hostile submissions include what they like */
    if (to < 0) {
        house_say(f, "%s:%d: \"%s\" is in no folder of the house", path, line, name);
        return;
    }
    const int may = is_check(path) ? CHECK_MAY : areas[from].may;
    if ((areas[to].area & may) == 0)
        house_say(f, "%s:%d: %.*s must not know %.*s", path, line,
                  (int)strlen(areas[from].prefix) - 1, areas[from].prefix,
                  (int)strlen(areas[to].prefix) - 1, areas[to].prefix);
}

static void check_library(const char *path, int line, const char *header, struct house_findings *f)
{
    const int from = row_of(path);
    const int area = is_test(path) ? areas[from].area | AREA_TESTS : areas[from].area;
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strcmp(header, libraries[i].header) == 0 && (area & libraries[i].may) == 0)
            house_say(f, "%s:%d: %.*s must not use <%s>", path, line,
                      (int)strlen(areas[from].prefix) - 1, areas[from].prefix, header);
}

/* The name between `open` and `close` on an #include line; false where there is none. */
static bool included(const char *line, char open, char close, char ret[LINE_MAX_BYTES])
{
    const char *at = line + strspn(line, " \t");
    if (*at != '#')
        return false;
    at += 1 + strspn(at + 1, " \t");
    if (!starts_with(at, "include"))
        return false;
    at += strlen("include");
    at += strspn(at, " \t");
    const char *end = *at == open ? strchr(at + 1, close) : NULL;
    if (end == NULL || (size_t)(end - at) >= LINE_MAX_BYTES)
        return false;
    memcpy(ret, at + 1, (size_t)(end - at - 1));
    ret[end - at - 1] = '\0';
    return true;
}

void house_check_source(const char *path, const char *text, struct house_findings *f)
{
    if (row_of(path) < 0) {
        house_say(f, "%s:1: C is in no folder of the house", path);
        return;
    }
    int number = 1;
    for (const char *line = text; *line != '\0'; number++) {
        const size_t size = strcspn(line, "\n");
        char copy[LINE_MAX_BYTES], name[LINE_MAX_BYTES];
        snprintf(copy, sizeof copy, "%.*s", (int)(size < LINE_MAX_BYTES ? size : 0), line);
        if (included(copy, '"', '"', name))
            check_quoted(path, number, name, f);
        else if (included(copy, '<', '>', name))
            check_library(path, number, name, f);
        line += size + (line[size] == '\n');
    }
}

static bool is_c(const char *name)
{
    const size_t length = strlen(name);
    return length > 2 && name[length - 2] == '.' &&
           (name[length - 1] == 'c' || name[length - 1] == 'h');
}

/* Folders of others: what was built or fetched. */
static bool is_foreign(const char *name)
{
    static const char *const names[] = {"build", "node_modules", "data", "dist"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return name[0] == '.' && name[1] != '\0';
}

static enum err_code check_file(const char *root, const char *path, struct house_findings *f,
                                struct err *why)
{
    struct arena a;
    char *text;
    size_t size;
    arena_init(&a, 2 * SOURCE_MAX);
    const enum err_code rc = file_read(AT_FDCWD, path, SOURCE_MAX, &a, &text, &size, why);
    if (rc == OK)
        house_check_source(path + strlen(root) + 1, text, f);
    arena_done(&a);
    return rc;
}

enum err_code house_check_sources(const char *root, struct house_findings *f, struct err *why)
{
    char *const roots[] = {(char *)root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return err_set(why, ERR_IO, "%s cannot be walked", root);
    enum err_code rc = OK;
    for (FTSENT *e; rc == OK && (e = fts_read(tree)) != NULL;) {
        if (e->fts_info == FTS_D && e->fts_level > 0 && is_foreign(e->fts_name))
            fts_set(tree, e, FTS_SKIP);
        else if (e->fts_info == FTS_F && is_c(e->fts_name))
            rc = check_file(root, e->fts_path, f, why);
        else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR)
            rc = err_sys(why, ERR_IO, e->fts_errno, "%s", e->fts_path);
    }
    fts_close(tree);
    return rc;
}
