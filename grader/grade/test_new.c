/* `grade new`: what it refuses, and what stands in the folder that it writes. That the folder is a
 * lab is proved by tests/test_new_lab.c. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/grade/new.h"

struct place {
    char dir[64];
    struct arena arena;
    char said[4096];
};

static int forget(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int enter(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->dir, sizeof p->dir, "/tmp/new-XXXXXX");
    arena_init(&p->arena, 1 << 20);
    *state = p;
    return p != NULL && mkdtemp(p->dir) != NULL ? 0 : -1;
}

static int leave(void **state)
{
    struct place *p = *state;
    const int rc = nftw(p->dir, forget, 8, FTW_DEPTH | FTW_PHYS);
    arena_done(&p->arena);
    free(p);
    return rc;
}

static enum err_code make(struct place *p, const char *id, const char *slug, const char *title,
                          const char *language, struct err *why)
{
    const struct new_request r = {.id = id,
                                  .slug = slug,
                                  .title = title,
                                  .language = language,
                                  .dir = p->dir,
                                  .home = "/nowhere"};
    memset(p->said, 0, sizeof p->said);
    FILE *out = fmemopen(p->said, sizeof p->said - 1, "w");
    assert_non_null(out);
    const enum err_code rc = new_lab(&r, &p->arena, out, why);
    fclose(out);
    return rc;
}

static char *read_back(struct place *p, const char *path)
{
    char *text = NULL;
    size_t size;
    struct err why;
    const char *full = arena_printf(&p->arena, "%s/%s", p->dir, path);
    if (file_read(AT_FDCWD, full, 1 << 16, &p->arena, &text, &size, &why) != OK)
        fail_msg("%s", why.text);
    return text;
}

static void words_that_make_no_lab_are_refused(void **state)
{
    static const struct {
        const char *id, *slug, *title, *language, *story;
    } table[] = {
        {"3", "sums", NULL, "c", "the id '3' is no MODULE.NUMBER"},
        {"3.", "sums", NULL, "c", "the id '3.' is no"},
        {".1", "sums", NULL, "c", "the id '.1' is no"},
        {"3.1.2", "sums", NULL, "c", "the id '3.1.2' is no"},
        {"3.x", "sums", NULL, "c", "the id '3.x' is no"},
        {"-3.1", "sums", NULL, "c", "the id '-3.1' is no"},
        {"03.1", "sums", NULL, "c", "the id '03.1' is no"},
        {"3.12345", "sums", NULL, "c", "the id '3.12345' is no"},
        {"3.1", "", NULL, "c", "the slug '' is not of the form"},
        {"3.1", "Sums", NULL, "c", "the slug 'Sums' is not"},
        {"3.1", "2sums", NULL, "c", "the slug '2sums' is not"},
        {"3.1", "a--b", NULL, "c", "the slug 'a--b' is not"},
        {"3.1", "a-", NULL, "c", "the slug 'a-' is not"},
        {"3.1", "../a", NULL, "c", "the slug '../a' is not"},
        {"3.1", "a_b", NULL, "c", "the slug 'a_b' is not"},
        {"3.1", "a1234567890123456789012345678901234567890", NULL, "c", "at most 40"},
        {"3.1", "a", "", "c", "the title is one line"},
        {"3.1", "a", "say \"hello\"", "c", "the title is one line"},
        {"3.1", "a", "two\nlines", "c", "the title is one line"},
        {"3.1", "a", "ends */ here", "c", "the title is one line"},
        {"3.1", "a", "@ID@", "c", "the title is one line"},
        {"3.1", "a", NULL, "cuda", "neither compiles .cu files nor has a GPU"},
        {"3.1", "a", NULL, "rust", "the language 'rust' is unknown"},
    };
    struct place *p = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err why;
        const enum err_code rc =
            make(p, table[i].id, table[i].slug, table[i].title, table[i].language, &why);
        if (rc != ERR_INVALID || strstr(why.text, table[i].story) == NULL)
            fail_msg("%s %s: %s", table[i].id, table[i].slug, rc == OK ? "made" : why.text);
    }
    assert_int_equal(rmdir(p->dir), 0); /* nothing was written */
    assert_int_equal(mkdir(p->dir, 0777), 0);
}

static void an_id_or_a_slug_that_is_there_is_refused(void **state)
{
    static const struct {
        const char *id, *slug;
        enum err_code rc;
    } table[] = {
        {"2.1", "running-sums", OK},
        {"2.1", "running-sums", ERR_CONFLICT},
        {"2.1", "other", ERR_CONFLICT},
        {"2.2", "running-sums", ERR_CONFLICT},
        {"3.1", "running-sums", ERR_CONFLICT},
        {"2.10", "sums", OK},
        {"2.11", "running", OK},
    };
    struct place *p = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err why = {.text = "made"};
        const enum err_code rc = make(p, table[i].id, table[i].slug, NULL, "c", &why);
        if (rc != table[i].rc)
            fail_msg("%s %s: %s", table[i].id, table[i].slug, why.text);
        if (rc == ERR_CONFLICT)
            assert_non_null(strstr(why.text, "module-2/lab-2.1-running-sums"));
    }
}

static void every_word_stands_where_it_belongs(void **state)
{
    struct place *p = *state;
    struct err why;
    if (make(p, "4.12", "three-d-sums", "Sums & more", "c", &why) != OK)
        fail_msg("%s", why.text);
#define LAB "module-4/lab-4.12-three-d-sums/"
    static const struct {
        const char *path, *holds;
    } table[] = {
        {LAB "lab.json", "\"id\": \"4.12\""},
        {LAB "lab.json", "\"name\": \"three_d_sums.c\""},
        {LAB "lab.json", "\"title\": \"Sums & more\""},
        {LAB "lab.h", "void three_d_sums_sums(const float *x"},
        {LAB "handout.md", "# Sums & more"},
        {LAB "starter/three_d_sums.c", "three_d_sums_sums"},
        {LAB "solution/three_d_sums.c", "three_d_sums_sums"},
        {LAB "mutants/leaves-the-last.c", "/* group: borders, kinds */"},
        {LAB "driver.c", "three_d_sums_sums(lab_in"},
        {LAB "check.c", "Lab 4.12"},
        {LAB "ops.h", "OP_SUMS"},
        {"module-4/module.json", "\"module\": 4"},
        {"CMakeLists.txt", "find_package(graded REQUIRED)"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *text = read_back(p, table[i].path);
        if (strstr(text, table[i].holds) == NULL)
            fail_msg("%s lacks %s", table[i].path, table[i].holds);
        if (strchr(text, '@') != NULL)
            fail_msg("%s has a word that was not filled in", table[i].path);
    }
    assert_non_null(strstr(p->said, "cmake -S"));
}

static void a_module_and_a_project_that_are_there_stay(void **state)
{
    struct place *p = *state;
    struct err why;
    assert_int_equal(make(p, "2.1", "first", NULL, "c", &why), OK);
    char *module = arena_strdup(&p->arena, read_back(p, "module-2/module.json"));
    assert_null(strstr(p->said, "module.json"));
    assert_int_equal(make(p, "2.2", "second", NULL, "c", &why), OK);
    assert_string_equal(module, read_back(p, "module-2/module.json"));
    assert_non_null(strstr(p->said, "Add \"2.2\" to the labs of a lesson"));
    assert_non_null(read_back(p, "module-2/lab-2.2-second/lab.json"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(words_that_make_no_lab_are_refused),
        TEST(an_id_or_a_slug_that_is_there_is_refused),
        TEST(every_word_stands_where_it_belongs),
        TEST(a_module_and_a_project_that_are_there_stay),
    };
    return cmocka_run_group_tests_name("new", tests, NULL, NULL);
}
