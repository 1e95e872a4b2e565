/* How sure a tier is. Two submissions of lab 0.2, one equal to par and one slower by a tenth, are
 * graded many times (argument or BENCH_GRADINGS; else 100), in alternation, with the other core
 * idle and with it loaded. The same submission has to get the same tier in 99 of 100 gradings, and
 * the slower one another tier than the equal one in 95 of 100. Builds are made once, all else is
 * done each time. Fails where that does not hold: then `grade calibrate` says what to change. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "grader/grade/config.h"
#include "grader/grade/core.h"
#include "grader/grade/grade.h"
#include "grader/grade/stats.h"

enum { GRADINGS_MAX = STATS_MAX, GRADINGS = 100, ARENA_BYTES = 256 << 20, SPIN_SECONDS = 1200 };

struct submitted {
    const char *name, *path;
    struct submission files;
    struct grade_builds builds;
};

/* One submission under one load. */
struct row {
    size_t n, gold, bronze, holds_one, below_one, doubtful, discarded;
    double ratio[GRADINGS_MAX], pairs[GRADINGS_MAX], ms[GRADINGS_MAX];
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void check(enum err_code rc, const struct err *why)
{
    if (rc == OK)
        return;
    fprintf(stderr, "bench_noise: %s\n", why->text);
    exit(3);
}

static void build(const struct lab *lab, struct submitted *s, struct arena *a)
{
    const struct grade_options options = {.events_fd = -1};
    struct err why;
    check(submission_read_paths(lab, &s->path, 1, a, &s->files, &why), &why);
    check(grade_builds_open(&s->builds, lab, &s->files, &options, a, &why), &why);
    if (s->builds.plain_said.verdict != VERDICT_ACCEPTED) {
        fprintf(stderr, "bench_noise: %s\n", s->builds.plain_said.log);
        exit(3);
    }
}

static void note(struct row *row, const struct report_performance *p, double ms)
{
    row->gold += p->tier != NULL && strcmp(p->tier, "gold") == 0;
    row->bronze += p->tier != NULL && strcmp(p->tier, "bronze") == 0;
    row->holds_one += p->interval[0] <= 1 && p->interval[1] >= 1;
    row->below_one += p->interval[1] < 1;
    row->doubtful += p->note != NULL;
    row->discarded += (size_t)p->discarded;
    row->ratio[row->n] = p->ratio;
    row->pairs[row->n] = p->pairs;
    row->ms[row->n++] = ms;
}

static void grade(const struct lab *lab, struct submitted *s, const struct grade_options *options,
                  struct row *row)
{
    struct arena a;
    struct report r;
    struct err why;
    arena_init(&a, ARENA_BYTES);
    const double start = now_ms();
    check(grade_judge(lab, &s->builds, options, &a, &r, &why), &why);
    if (r.n_performance != 1 || r.performance[0].ratio <= 0) {
        fprintf(stderr, "bench_noise: %s was not timed: %s\n", s->name, verdict_word(r.verdict));
        exit(3);
    }
    note(row, &r.performance[0], now_ms() - start);
    arena_done(&a);
}

/* Counts for as long as it may; ends with us, or by kill. */
static pid_t spin_on(int core)
{
    const pid_t parent = getpid(), child = fork();
    if (child != 0)
        return child;
    (void)core_pin(core);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const time_t end = time(NULL) + SPIN_SECONDS;
    for (volatile unsigned long i = 0; getppid() == parent && time(NULL) < end; i++)
        ;
    _exit(0);
}

static void stop(pid_t spinner)
{
    if (spinner <= 0)
        return;
    kill(spinner, SIGKILL);
    waitpid(spinner, NULL, 0);
}

static void print_row(const char *load, const char *name, struct row *r)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < r->n; i++) {
        least = fmin(least, r->ratio[i]);
        most = fmax(most, r->ratio[i]);
    }
    printf("%-12s %-16s %5zu %7zu   %.3f (%.3f to %.3f) %8zu %9zu %6.0f %9zu %9zu %6.0f\n", load,
           name, r->gold, r->bronze, stats_median(r->ratio, r->n), least, most, r->holds_one,
           r->below_one, stats_median(r->pairs, r->n), r->discarded, r->doubtful,
           stats_median(r->ms, r->n));
}

static size_t most_of(const struct row *r)
{
    const size_t none = r->n - r->gold - r->bronze;
    const size_t most = r->gold > r->bronze ? r->gold : r->bronze;
    return most > none ? most : none;
}

/* Both claims, for one load. */
static bool judge(const char *load, const struct row *equal, const struct row *slower)
{
    const size_t same = most_of(equal) < most_of(slower) ? most_of(equal) : most_of(slower);
    const size_t told = equal->gold < slower->bronze ? equal->gold : slower->bronze;
    printf("%-12s the same tier in %zu of %zu (aim 99 of 100); told apart in %zu of %zu (aim 95 of "
           "100)\n",
           load, same, equal->n, told, equal->n);
    return (double)same >= 0.99 * (double)equal->n && (double)told >= 0.95 * (double)equal->n;
}

static bool measure(const struct lab *lab, struct submitted s[2], size_t gradings, bool loaded)
{
    static struct row rows[2];
    const int core = core_pick(0);
    const pid_t spinner = loaded ? spin_on(core + 1) : 0;
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < gradings; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct grade_options options = {.seed = i + 1,
                                                  .core = core,
                                                  .events_fd = -1,
                                                  .cache_dir = CONFIG_LAB_BUILD_DIR "/cache"};
            grade(lab, &s[k], &options, &rows[k]);
        }
    stop(spinner);
    const char *load = loaded ? "loaded" : "idle";
    print_row(load, s[0].name, &rows[0]);
    print_row(load, s[1].name, &rows[1]);
    return judge(load, &rows[0], &rows[1]);
}

static void print_loadavg(const char *when)
{
    double loads[1];
    if (getloadavg(loads, 1) == 1)
        printf("load average %s: %.2f\n", when, loads[0]);
}

static size_t gradings_of(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("BENCH_GRADINGS");
    uint64_t n = GRADINGS;
    struct err why;
    if (text != NULL)
        check(parse_u64(text, "gradings", 2, GRADINGS_MAX, &n, &why), &why);
    return (size_t)n;
}

int main(int argc, char **argv)
{
    struct submitted s[] = {
        {.name = "equal", .path = "bench/labs/module-0/lab-0.2-hash/solution/hash.c"},
        {.name = "slower by 10 %", .path = "bench/slower.c"}};
    const struct lab_paths paths = {.labs = "bench/labs", .build = CONFIG_LAB_BUILD_DIR};
    struct arena a;
    struct lab lab;
    struct err why;
    const size_t gradings = gradings_of(argc, argv);
    arena_init(&a, ARENA_BYTES);
    check(lab_open(&lab, &paths, "0.2", &a, &why), &why);
    build(&lab, &s[0], &a);
    build(&lab, &s[1], &a);
    print_loadavg("before");
    printf("%-12s %-16s %5s %7s   %-24s %8s %9s %6s %9s %9s %6s\n", "other core", "submission",
           "gold", "bronze", "ratio", "holds 1", "below 1", "pairs", "discarded", "in doubt", "ms");
    bool holds = measure(&lab, s, gradings, false);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
        holds = measure(&lab, s, gradings, true) && holds;
    print_loadavg("after");
    grade_builds_close(&s[1].builds);
    grade_builds_close(&s[0].builds);
    lab_close(&lab);
    arena_done(&a);
    return holds ? 0 : 1;
}
