/* What graded adds to compiling and running: from POST to verdict of a lab's solution, against the
 * parts that nobody can leave out, in alternation, as ratios of medians. Those parts are the bare
 * compiler with equal flags and objects, once for each build that the lab wants, one after the
 * other, and the processor time that the learner's program took by the report. Each round's source
 * is new (cold), then sent once more (kept). Also the memory of the idle server. */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/grade/config.h"
#include "grader/grade/lab.h"
#include "grader/grade/stats.h"
#include "tests/run.h"
#include "tests/service.h"

enum { ROUNDS_MAX = 21, ROUNDS_MIN = 5, BUDGET_S = 50, ARGS_MAX = 64, ARENA_BYTES = 4 << 20 };

/* Of each round: by the clock, and of processors, which hardly depends on who else works. */
struct times {
    double ms[ROUNDS_MAX], cpu_ms[ROUNDS_MAX];
};
struct took {
    double ms, cpu_ms;
};

struct bench {
    struct arena a;
    struct service service;
    struct lab lab; /* of lab.json only */
    char dir[64];
    const char *lab_dir, *source; /* the solution */
    bool sanitized;
    size_t rounds;
    struct times parts, cold, kept;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double children_cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-3;
}

static const char *only(struct bench *b, const char *pattern)
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc != 1)
        fail_msg("%s: one is expected", pattern);
    const char *path = arena_strdup(&b->a, found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static char *read_text(struct bench *b, const char *path)
{
    char *text = NULL;
    size_t size;
    struct err why;
    if (file_read(AT_FDCWD, path, 1 << 20, &b->a, &text, &size, &why) != OK)
        fail_msg("%s", why.text);
    return text;
}

static void find_lab(struct bench *b, const char *labs, const char *id)
{
    struct err why;
    b->lab_dir = only(b, arena_printf(&b->a, "%s/module-*/lab-%s-*", labs, id));
    const char *path = arena_printf(&b->a, "%s/lab.json", b->lab_dir);
    const char *json = read_text(b, path);
    if (lab_parse(json, strlen(json), path, &b->a, &b->lab, &why) != OK)
        fail_msg("%s", why.text);
    b->source =
        read_text(b, arena_printf(&b->a, "%s/solution/%s", b->lab_dir, b->lab.files[0].name));
}

static const char *submitted_path(struct bench *b)
{
    return arena_printf(&b->a, "%s/%s", b->dir, b->lab.files[0].name);
}

/* The number makes each round's source new to every cache. */
static void write_source(struct bench *b, int round)
{
    FILE *f = fopen(submitted_path(b), "we");
    assert_non_null(f);
    fprintf(f, "/* %d %d */\n%s", (int)getpid(), round, b->source);
    assert_int_equal(fclose(f), 0);
}

#define PUSH_LIST(list)                                                                            \
    for (size_t i = 0; i < sizeof(list) / sizeof(list)[0]; i++)                                    \
    argv[n++] = (list)[i]

/* The grader's command line, without a cell around it. */
static struct took compile(struct bench *b, bool sanitize)
{
    static const char *const arch[] = {CONFIG_ARCH_FLAGS}, *const link[] = {CONFIG_LINK_FLAGS};
    static const char *const watch[] = {CONFIG_SANITIZE_FLAGS};
    const char *argv[ARGS_MAX] = {CONFIG_CC, "-Wall", "-Wextra", "-pipe",
                                  "-fdiagnostics-format=json"};
    size_t n = 5;
    PUSH_LIST(arch);
    argv[n++] = arena_printf(&b->a, "-std=%s", b->lab.std);
    argv[n++] = arena_printf(&b->a, "-I%s", b->lab_dir);
    argv[n++] = sanitize ? "-g" : b->lab.optimize;
    if (sanitize)
        PUSH_LIST(watch);
    argv[n++] = submitted_path(b);
    argv[n++] = arena_printf(&b->a, "%s/%s/harness.%s.o", CONFIG_LAB_BUILD_DIR, b->lab.id,
                             sanitize ? "sanitize" : "plain");
    argv[n++] = sanitize ? "-g" : "-static";
    PUSH_LIST(link);
    for (size_t i = 0; i < b->lab.n_libs; i++)
        argv[n++] = arena_printf(&b->a, "-l%s", b->lab.libs[i]);
    argv[n++] = "-o";
    argv[n++] = arena_printf(&b->a, "%s/bare", b->dir);
    const double start = now_ms(), cpu = children_cpu_ms();
    assert_int_equal(run_program(argv, NULL), 0);
    return (struct took){now_ms() - start, children_cpu_ms() - cpu};
}

/* `ret_run_ms`: what the learner's program took of a processor. */
static struct took graded(struct bench *b, bool kept, double *ret_run_ms)
{
    const char *path = arena_printf(&b->a, "/api/v1/labs/%s/submissions?wait=60", b->lab.id);
    const double start = now_ms(), cpu = service_cpu_ms(&b->service);
    struct answer a = service_submit(&b->service, path, submitted_path(b), b->lab.files[0].name);
    const struct took took = {now_ms() - start, service_cpu_ms(&b->service) - cpu};
    json_t *json = a.status == 200 ? answer_json(&a) : NULL;
    const json_t *report = json_object_get(json, "report");
    const json_t *compile = json_object_get(report, "compile");
    if (!json_is_true(json_object_get(report, "pass")))
        fail_msg("lab %s, status %ld: %.300s", b->lab.id, a.status, a.body);
    assert_int_equal(json_is_true(json_object_get(compile, "cached")), kept);
    const json_t *resources = json_object_get(report, "resources");
    *ret_run_ms = (double)json_integer_value(json_object_get(resources, "cpu_ms"));
    b->sanitized = json_is_true(json_object_get(json_object_get(report, "sanitizer"), "ran"));
    json_decref(json);
    answer_done(&a);
    return took;
}

static void note(struct times *t, size_t i, struct took took)
{
    t->ms[i] = took.ms;
    t->cpu_ms[i] = took.cpu_ms;
}

static void one_round(struct bench *b, int round)
{
    double run, again;
    write_source(b, round);
    struct took parts = compile(b, false);
    const struct took sanitized = b->sanitized ? compile(b, true) : (struct took){0, 0};
    const struct took cold = graded(b, false, &run), kept = graded(b, true, &again);
    parts.ms += sanitized.ms + run;
    parts.cpu_ms += sanitized.cpu_ms + run;
    if (round < 0)
        return;
    note(&b->parts, b->rounds, parts);
    note(&b->cold, b->rounds, cold);
    note(&b->kept, b->rounds++, kept);
}

static double median(const double *x, size_t n)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, x, n * sizeof sorted[0]);
    return stats_median(sorted, n);
}

static void print_ratio(const char *unit, const double *x, const double *parts, size_t n)
{
    double ratio[ROUNDS_MAX], low, high;
    lab_rng rng = {.s = 1};
    for (size_t i = 0; i < n; i++)
        ratio[i] = x[i] / parts[i];
    stats_interval(ratio, n, &rng, &low, &high);
    printf("   %6.0f %s, %.2f of the parts (%.2f to %.2f)", median(x, n), unit,
           stats_median(ratio, n), low, high);
}

static void print_times(const char *what, const struct bench *b, const struct times *t)
{
    printf("        %s", what);
    print_ratio("ms", t->ms, b->parts.ms, b->rounds);
    print_ratio("ms of processors", t->cpu_ms, b->parts.cpu_ms, b->rounds);
    printf("\n");
}

static void measure(struct bench *b, const char *labs, const char *id)
{
    b->rounds = 0;
    b->sanitized = false;
    find_lab(b, labs, id);
    const double end = now_ms() + BUDGET_S * 1e3;
    for (int i = -2; i < ROUNDS_MAX && (i < ROUNDS_MIN || now_ms() < end); i++)
        one_round(b, i); /* two to warm up */
    printf("lab %s   parts %6.0f ms, %.0f ms of processors; %zu rounds\n", id,
           median(b->parts.ms, b->rounds), median(b->parts.cpu_ms, b->rounds), b->rounds);
    print_times("cold", b, &b->cold);
    print_times("kept", b, &b->kept);
}

static int64_t resident_kib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib;
}

/* A server of its own, whose labs are in that folder. */
static void measure_labs(const char *labs, const char *const *ids, size_t n_ids)
{
    struct bench b = {.dir = "/tmp/graded-bench-XXXXXX"};
    setvbuf(stdout, NULL, _IOLBF, 0);
    assert_non_null(mkdtemp(b.dir));
    arena_init(&b.a, ARENA_BYTES);
    service_start(&b.service, b.dir, labs);
    sleep(2);
    const int64_t idle_kib = resident_kib(b.service.pid);
    for (size_t i = 0; i < n_ids; i++)
        measure(&b, labs, ids[i]);
    printf("server    %.1f MiB resident before, %.1f MiB after\n", (double)idle_kib / 1024,
           (double)resident_kib(b.service.pid) / 1024);
    assert_int_equal(service_stop(&b.service), 0);
    const char *const remove[] = {"/bin/rm", "-rf", b.dir, NULL};
    run_program(remove, NULL);
    arena_done(&b.a);
}

static void from_post_to_verdict_of_a_lab_that_costs_nothing(void **state)
{
    (void)state;
    measure_labs("bench/labs", (const char *const[]){"0.1"}, 1);
}

static void from_post_to_verdict_of_the_course(void **state)
{
    (void)state;
    measure_labs("labs", (const char *const[]){"1.2", "3.2"}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_post_to_verdict_of_a_lab_that_costs_nothing),
        cmocka_unit_test(from_post_to_verdict_of_the_course),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
