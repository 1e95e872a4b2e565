/* Attacks through the real `grade`, each as root and as an ordinary user: each gets the verdict of
 * its header and no points that it has not earned, nothing of the host shows, nothing is left, and
 * the next submission is graded as ever. tests/attacks/README.md says how an attack is written. */
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/leftovers.h"
#include "tests/run.h"

#define ATTACKED "3.2"
#define SOLUTION "labs/module-3/lab-3.2-ggml-formats/solution/formats.c"
enum { ORDINARY_ID = 65534, FAILURES_MAX = 16 * 1024 };

struct attack {
    const char *path;
    char *class, *lab, *arch, *verdict, *max_score;
};

/* One grading under way. */
struct grading {
    const struct attack *attack;
    bool ordinary;
    pid_t pid;
    int out;
};

static bool two_users; /* we are root, and the ordinary user can reach the build */
static char failures[FAILURES_MAX];
static int attacks_seen;

__attribute__((format(printf, 3, 4))) static void complain(const struct attack *a, const char *who,
                                                           const char *format, ...)
{
    const size_t used = strlen(failures);
    const int n = snprintf(failures + used, sizeof failures - used, "%s, %s: ", a->path, who);
    if (n < 0 || used + (size_t)n >= sizeof failures)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(failures + used + n, sizeof failures - used - (size_t)n, format, args);
    va_end(args);
    strncat(failures, "\n", sizeof failures - strlen(failures) - 1);
}

static const char *labs_of(const char *lab)
{
    return strcmp(lab, "0.9") == 0       ? "tests/attacks/labs"
           : strncmp(lab, "0.2", 3) == 0 ? "tests/sdk/labs"
           : strcmp(lab, "0.1") == 0     ? "bench/labs"
                                         : "labs";
}

static void become_ordinary(void)
{
    if (setgroups(0, NULL) != 0 || setresgid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID) != 0 ||
        setresuid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID) != 0)
        _exit(125);
}

static void exec_grade(const struct grading *g, int out)
{
    const int null = open("/dev/null", O_RDWR);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(125);
    if (g->ordinary)
        become_ordinary();
    execl(GRADE_PROGRAM, "grade", "run", g->attack->lab, g->attack->path, "--labs",
          labs_of(g->attack->lab), "--format", "json", "--no-cache", "--core",
          g->ordinary ? "1" : "0", (char *)NULL);
    _exit(126);
}

static struct grading start(const struct attack *a, bool ordinary)
{
    struct grading g = {.attack = a, .ordinary = ordinary};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    g.pid = fork();
    assert_true(g.pid >= 0);
    if (g.pid == 0)
        exec_grade(&g, ends[1]);
    close(ends[1]);
    g.out = ends[0];
    return g;
}

/* One of several verdicts, "a or b", where it depends on the tools of the host. */
static bool is_wanted(const char *wanted, const char *verdict)
{
    const size_t n = strlen(verdict);
    for (const char *at = wanted; at != NULL; at = strstr(at, " or ")) {
        at += at == wanted ? 0 : 4;
        if (strncmp(at, verdict, n) == 0 && (at[n] == '\0' || at[n] == ' '))
            return true;
    }
    return false;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* The last tier of lab 0.9 is out of reach, also of luck on a busy machine: a fooled clock gives
 * it.
 */
static bool has_fooled_the_clock(const json_t *report)
{
    const json_t *all = json_object_get(report, "performance");
    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(text_at(json_array_get(all, i), "tier"), "impossible") == 0)
            return true;
    return false;
}

static void judge(const struct grading *g, const json_t *report, const char *text)
{
    const struct attack *a = g->attack;
    const char *who = g->ordinary ? "as an ordinary user" : "as we are";
    const double score = json_number_value(json_object_get(report, "score"));
    if (report == NULL)
        complain(a, who, "no report: %.500s", text);
    else if (!is_wanted(a->verdict, text_at(report, "verdict")))
        complain(a, who, "expected %s, the report is %.2500s", a->verdict, text);
    if (a->max_score != NULL && score > strtod(a->max_score, NULL))
        complain(a, who, "%g points, of which at most %s are earned", score, a->max_score);
    if (has_fooled_the_clock(report))
        complain(a, who, "faster than possible: %.2500s", text);
    /* The first account of every passwd file; a leak of either file would show it. */
    if (strstr(text, "root:") != NULL)
        complain(a, who, "a file of the host shows in the report");
    if (strchr(text, '\033') != NULL || strstr(text, "\\u001b") != NULL)
        complain(a, who, "an escape gets into the report: %.500s", text);
}

static void finish(struct grading *g)
{
    char *text = read_all(g->out);
    close(g->out);
    int status;
    assert_int_equal(waitpid(g->pid, &status, 0), g->pid);
    json_t *report = json_loads(text, 0, NULL);
    judge(g, report, text);
    json_decref(report);
    free(text);
}

/* Both users at once, so that nothing else of ours runs when we look for what was left. */
static void make(const struct attack *a)
{
    struct grading gradings[2];
    int graders[2];
    const int n = two_users ? 2 : 1;
    for (int i = 0; i < n; i++) {
        gradings[i] = start(a, i == 1);
        graders[i] = (int)gradings[i].pid;
    }
    for (int i = 0; i < n; i++)
        finish(&gradings[i]);
    const char *left = leftovers_find(graders, n);
    if (left != NULL)
        complain(a, "after it", "%s is left", left);
}

static struct attack read_attack(const char *path)
{
    const struct attack a = {path,
                             header_word(path, "class:"),
                             header_word(path, "lab:"),
                             header_word(path, "arch:"),
                             header_word(path, "verdict:"),
                             header_word(path, "max_score:")};
    if (a.class == NULL || a.lab == NULL || a.verdict == NULL)
        fail_msg("%s: class, lab or verdict is missing in its header", path);
    return a;
}

static void forget(struct attack *a)
{
    free(a->class);
    free(a->lab);
    free(a->arch);
    free(a->verdict);
    free(a->max_score);
}

/* Some are written in the assembler of one machine. */
static bool is_for_this_machine(const struct attack *a)
{
    struct utsname host;
    return a->arch == NULL || (uname(&host) == 0 && strcmp(host.machine, a->arch) == 0);
}

static void attack_by_class(void **state)
{
    const char *class = *state;
    const int seen_before = attacks_seen;
    glob_t found;
    assert_int_equal(glob("tests/attacks/*.c", 0, NULL, &found), 0);
    failures[0] = '\0';
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct attack a = read_attack(found.gl_pathv[i]);
        const bool of_this_class = strcmp(a.class, class) == 0;
        attacks_seen += of_this_class;
        if (of_this_class && is_for_this_machine(&a))
            make(&a);
        forget(&a);
    }
    globfree(&found);
    print_message("%d attacks of class %s\n", attacks_seen - seen_before, class);
    if (failures[0] != '\0')
        fail_msg("%s", failures);
}

static void every_file_is_of_a_class_that_is_run(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("tests/attacks/*.c", 0, NULL, &found), 0);
    assert_int_equal(attacks_seen, (int)found.gl_pathc);
    globfree(&found);
}

static void a_compile_error_names_file_line_and_column(void **state)
{
    (void)state;
    json_t *report = run_grade(ATTACKED, "tests/attacks/syntax.c", NULL, NULL);
    const json_t *first =
        json_array_get(json_object_get(json_object_get(report, "compile"), "diagnostics"), 0);
    assert_string_equal(text_at(first, "file"), "formats.c");
    assert_int_equal(json_integer_value(json_object_get(first, "line")), 9);
    assert_true(json_integer_value(json_object_get(first, "column")) > 0);
    assert_non_null(strstr(text_at(first, "message"), "expected"));
    assert_int_equal(json_array_size(json_object_get(report, "groups")), 0);
    json_decref(report);
}

static void the_next_submission_is_graded_as_ever(void **state)
{
    (void)state;
    int status;
    json_t *report = run_grade(ATTACKED, SOLUTION, NULL, &status);
    assert_int_equal(status, 0);
    assert_string_equal(text_at(report, "verdict"), "accepted");
    assert_true(json_number_value(json_object_get(report, "score")) == 100);
    json_decref(report);
}

/* A build below a home that is closed to others is out of an ordinary user's reach. */
static bool ordinary_user_can_reach_us(void)
{
    char *here = realpath("tests/attacks", NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        become_ordinary();
        _exit(here != NULL && access(here, R_OK | X_OK) == 0 && access(GRADE_PROGRAM, X_OK) == 0
                  ? 0
                  : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    free(here);
    return status == 0;
}

#define CLASS(name)                                                                                \
    {                                                                                              \
        "every_attack_of_class_" name "_fails", attack_by_class, NULL, NULL,                       \
            (void *)(uintptr_t)name                                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLASS("compile"),
        CLASS("load"),
        CLASS("run"),
        CLASS("reply"),
        CLASS("clock"),
        CLASS("oracle"),
        CLASS("host"),
        CLASS("others"),
        CLASS("shape"),
        cmocka_unit_test(every_file_is_of_a_class_that_is_run),
        cmocka_unit_test(a_compile_error_names_file_line_and_column),
        cmocka_unit_test(the_next_submission_is_graded_as_ever),
    };
    two_users = geteuid() == 0 && ordinary_user_can_reach_us();
    if (geteuid() == 0 && !two_users)
        print_message("as root only: an ordinary user cannot reach %s\n", GRADE_PROGRAM);
    leftovers_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
