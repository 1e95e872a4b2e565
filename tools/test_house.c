#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "tools/house.h"

static void a_folder_knows_only_whom_the_table_allows(void **state)
{
    (void)state;
    static const struct {
        const char *path, *line, *story; /* NULL: allowed */
    } table[] = {
        {"base/str.c", "#include \"base/str.h\"", NULL},
        {"base/str.c", "#include \"reference/quant/f16.h\"", "base must not know reference"},
        {"reference/a.c", "#include \"base/err.h\"", NULL},
        {"reference/a.c", "#include \"sandbox/cell.h\"", "reference must not know sandbox"},
        {"sandbox/a.c", "#include <seccomp.h>", NULL},
        {"server/a.c", "#include <seccomp.h>", "server must not use <seccomp.h>"},
        {"server/a.c", "#include \"grader/report/report.h\"", NULL},
        {"server/a.c", "#include \"grader/sdk/check.h\"", "server must not know grader/sdk"},
        {"server/a.c", "# include  \"grader/grade/lab.h\"", "server must not know grader"},
        {"grader/grade/a.c", "#include \"server/api/api.h\"", "grader must not know server"},
        {"grader/grade/a.c", "#include \"sandbox/cell.h\"", NULL},
        {"grader/report/a.c", "#include \"grader/grade/a.h\"",
         "grader/report must not know grader"},
        {"labs/module-3/lab-3.2-x/check.c", "#include \"reference/quant/quant.h\"", NULL},
        {"labs/module-3/lab-3.2-x/driver.c", "#include \"reference/quant/quant.h\"",
         "labs must not know reference"},
        {"labs/module-3/lab-3.2-x/driver.c", "#include \"driver.h\"", NULL},
        {"labs/module-3/lab-3.2-x/driver.c", "#include \"base/err.h\"", "labs must not know base"},
        {"tests/a.c", "#include \"server/api/api.h\"", NULL},
        {"base/a.c", "#include \"elsewhere/a.h\"",
         "\"elsewhere/a.h\" is in no folder of the house"},
        {"elsewhere/a.c", "", "C is in no folder of the house"},
        {"base/a.c", "/* #include \"server/a.h\" */", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct house_findings f;
        house_findings_init(&f);
        house_check_source(table[i].path, table[i].line, &f);
        const bool as_told =
            table[i].story == NULL ? f.count == 0 : strstr(f.text.text, table[i].story) != NULL;
        if (!as_told)
            fail_msg("%s: %s: %s", table[i].path, table[i].line, f.text.text);
        house_findings_done(&f);
    }
}

static void a_finding_names_file_and_line(void **state)
{
    (void)state;
    struct house_findings f;
    house_findings_init(&f);
    house_check_source("server/a.c", "\n#include <stdio.h>\n#include \"sandbox/cell.h\"\n", &f);
    assert_string_equal(f.text.text, "server/a.c:3: server must not know sandbox\n");
    house_findings_done(&f);
}

/* Counts the one that it knows. */
static void count_wanted(void *context, const char *name)
{
    *(int *)context += strcmp(name, "house_check_source") == 0;
}

static void symbols_of_this_program_are_found(void **state)
{
    (void)state;
    struct arena a;
    struct err why;
    char *bytes;
    size_t size;
    int count = 0;
    arena_init(&a, 64 << 20);
    assert_int_equal(file_read(AT_FDCWD, "/proc/self/exe", 32 << 20, &a, &bytes, &size, &why), OK);
    assert_int_equal(house_symbols((unsigned char *)bytes, size, true, count_wanted, &count, &why),
                     OK);
    assert_int_equal(count, 1);
    arena_done(&a);
}

extern int ref_planted, sqlite3_planted;
int ref_planted = 1;     /* as if reference/ were linked */
int sqlite3_planted = 1; /* as if SQLite were */

static void a_stray_link_is_found_by_its_symbols(void **state)
{
    (void)state;
    static const char *const stories[] = {
        [HOUSE_GRADED] = "must not hold or want ref_planted\n",
        [HOUSE_GRADE] = "must not hold or want sqlite3_planted\n",
        [HOUSE_REFERENCE] = "must not hold or want free\n",
    };
    for (enum house_binary kind = HOUSE_GRADED; kind <= HOUSE_REFERENCE; kind++) {
        struct house_findings f;
        struct err why;
        house_findings_init(&f);
        if (house_check_binary("/proc/self/exe", kind, &f, &why) != OK)
            fail_msg("%s", why.text);
        if (strstr(f.text.text, stories[kind]) == NULL)
            fail_msg("no '%s' in: %s", stories[kind], f.text.text);
        house_findings_done(&f);
    }
}

static void what_is_no_elf_file_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "text", "\x7f\x45LF\2"};
    int count = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(house_symbols((const unsigned char *)texts[i], strlen(texts[i]), true,
                                       count_wanted, &count, NULL),
                         ERR_FORMAT);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_knows_only_whom_the_table_allows),
        cmocka_unit_test(a_finding_names_file_and_line),
        cmocka_unit_test(symbols_of_this_program_are_found),
        cmocka_unit_test(a_stray_link_is_found_by_its_symbols),
        cmocka_unit_test(what_is_no_elf_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
