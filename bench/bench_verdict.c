/* What graded adds to compiling and running: from POST to verdict of a trivial correct submission,
 * against the bare compiler and program with the same flags, in alternation, as a ratio of medians.
 * The lab has no sanitizer stage and no timed case. Also the memory of the idle server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade/config.h"
#include "grader/grade/stats.h"
#include "tests/run.h"
#include "tests/service.h"

enum { ROUNDS = 21 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The same function with a main around it; the number makes each round new to every cache. */
static void write_sources(const char *dir, int round)
{
    char path[96];
    snprintf(path, sizeof path, "%s/sum.c", dir);
    FILE *f = fopen(path, "we");
    fprintf(f,
            "/* %d */\n#include <stdint.h>\n\nuint64_t sum(uint64_t a, uint64_t b);\n\n"
            "uint64_t sum(uint64_t a, uint64_t b)\n{\n    return a + b;\n}\n",
            round);
    fclose(f);
    snprintf(path, sizeof path, "%s/bare.c", dir);
    f = fopen(path, "we");
    fprintf(f, "#include \"sum.c\"\n\nint main(void)\n{\n    volatile uint64_t a = 1;\n"
               "    return sum(a, 2) != 3;\n}\n");
    fclose(f);
}

static double bare_once(const char *dir)
{
    static const char *const arch[] = {CONFIG_ARCH_FLAGS};
    char source[96], program[96];
    snprintf(source, sizeof source, "%s/bare.c", dir);
    snprintf(program, sizeof program, "%s/bare", dir);
    const char *argv[32] = {CONFIG_CC, "-std=c11", "-O2", "-Wall", "-Wextra", "-pipe", "-static"};
    size_t n = 7;
    for (size_t i = 0; i < sizeof arch / sizeof arch[0]; i++)
        argv[n++] = arch[i];
    argv[n++] = CONFIG_LINKER;
    argv[n++] = source;
    argv[n++] = "-lm";
    argv[n++] = "-o";
    argv[n++] = program;
    const char *const run[] = {program, NULL};
    const double start = now_ms();
    assert_int_equal(run_program(argv, NULL), 0);
    assert_int_equal(run_program(run, NULL), 0);
    return now_ms() - start;
}

static double graded_once(const struct service *s, const char *dir)
{
    char path[96];
    snprintf(path, sizeof path, "%s/sum.c", dir);
    const double start = now_ms();
    struct answer a = service_submit(s, "/api/v1/labs/0.1/submissions?wait=60", path, "sum.c");
    const double ms = now_ms() - start;
    if (a.status != 200 || strstr(a.body, "accepted") == NULL)
        fail_msg("status %ld: %.300s", a.status, a.body);
    answer_done(&a);
    return ms;
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

static void from_post_to_verdict(void **state)
{
    (void)state;
    char dir[] = "/tmp/graded-bench-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct service s;
    service_start(&s, dir, "bench/labs");
    sleep(2);
    const int64_t idle_kib = resident_kib(s.pid);
    double bare[ROUNDS], graded[ROUNDS], ratio[ROUNDS];
    for (int i = -2; i < ROUNDS; i++) { /* two rounds to warm up */
        write_sources(dir, i);
        const double b = bare_once(dir), g = graded_once(&s, dir);
        if (i >= 0) {
            bare[i] = b;
            graded[i] = g;
            ratio[i] = g / b;
        }
    }
    const int64_t busy_kib = resident_kib(s.pid);
    lab_rng rng = {.s = 1};
    double low, high;
    stats_interval(ratio, ROUNDS, &rng, &low, &high);
    printf("from POST to verdict   %.1f ms\nbare gcc and run       %.1f ms\n",
           stats_median(graded, ROUNDS), stats_median(bare, ROUNDS));
    printf("ratio                  %.2f (95 %% interval %.2f to %.2f, %d pairs)\n",
           stats_median(ratio, ROUNDS), low, high, ROUNDS);
    printf("idle server            %.1f MiB resident, %.1f MiB after %d submissions\n",
           (double)idle_kib / 1024, (double)busy_kib / 1024, ROUNDS + 2);
    assert_int_equal(service_stop(&s), 0);
    const char *const remove[] = {"/bin/rm", "-rf", dir, NULL};
    run_program(remove, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_post_to_verdict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
