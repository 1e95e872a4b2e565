#include "grader/grade/prove.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grader/grade/grade.h"
#include "grader/grade/prove_inside.h"
#include "grader/grade/watch.h"

enum {
    SEEDS = 5,
    ARENA_BYTES = 512 << 20,
    PATIENCE_MS = 3600 * 1000, /* with one lab: also a checker that sleeps ends */
    CALIBRATIONS = 3,
};

/* The solution against itself is as fast as itself. An interval that leaves 1 out may be chance,
 * one in twenty times; this far off it is none. */
static const double CALIBRATION_BAND = 0.10;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- telling ---- */

void prove_say(const struct proof *p, const char *format, ...)
{
    va_list args;
    if (p->options->json)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    fflush(stdout);
}

static json_t *told_list(struct proof *p, const char *key)
{
    json_t *list = json_object_get(p->told, key);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(p->told, key, list);
    }
    return list;
}

void prove_broken(struct proof *p, const char *who, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    prove_say(p, "  FAILED  %s: %s\n", who, text);
    json_array_append_new(told_list(p, "failures"),
                          json_pack("{s:s, s:s}", "what", who, "why", text));
    p->holds = false;
}

void prove_doing(struct proof *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->trace->doing, sizeof p->trace->doing, format, args);
    va_end(args);
}

enum err_code prove_digest(int image_fd, unsigned char ret[crypto_hash_sha256_BYTES],
                           struct err *why)
{
    struct stat st;
    if (fstat(image_fd, &st) != 0)
        return err_sys(why, ERR_IO, errno, "fstat of a program");
    const size_t size = (size_t)st.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, image_fd, 0);
    if (bytes == MAP_FAILED)
        return err_sys(why, ERR_IO, errno, "mmap of a program");
    crypto_hash_sha256(ret, bytes, size);
    munmap(bytes, size);
    return OK;
}

static void tell(struct proof *p, const char *who, const struct report *r, double seconds)
{
    json_t *lost = json_array();
    prove_say(p, "  %-28s %5.1f  %-18s %4.1f s ", who, r->score, verdict_word(r->verdict), seconds);
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct report_group *g = &r->groups[i];
        if (g->earned >= g->points)
            continue;
        prove_say(p, " %s %g/%g", g->name, g->earned, g->points);
        json_array_append_new(lost, json_string(g->name));
    }
    prove_say(p, "\n%s", r->compile.verdict != VERDICT_ACCEPTED ? r->compile.log : "");
    json_array_append_new(told_list(p, "gradings"),
                          json_pack("{s:s, s:f, s:s, s:f, s:o}", "what", who, "score", r->score,
                                    "verdict", verdict_word(r->verdict), "seconds", seconds,
                                    "lost_points_in", lost));
}

/* ---- gradings ---- */

/* The same submission under five seeds: other cases, the same verdict in every group. NULL: so it
 * is; else the group that differs. */
static const char *first_difference(const struct report *a, const struct report *b)
{
    for (size_t i = 0; i < a->n_groups && i < b->n_groups; i++)
        if (a->groups[i].verdict != b->groups[i].verdict)
            return a->groups[i].name;
    return a->verdict != b->verdict || a->n_groups != b->n_groups ? "the whole" : NULL;
}

static enum err_code judge_once(struct proof *p, struct grade_builds *builds, uint64_t seed,
                                bool untimed, struct report *ret, struct err *why)
{
    const struct grade_options options = {
        .seed = seed, .untimed = untimed, .core = p->options->core, .events_fd = -1};
    watch_start(p->options->checker_s);
    return grade_judge(p->lab, builds, &options, p->arena, ret, why);
}

/* The builds serve all seeds. Timed cases run once: their points are no verdict. */
static enum err_code judge_seeds(struct proof *p, const char *who, struct grade_builds *builds,
                                 struct report *ret, struct err *why)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct report r;
        const double start = now_s();
        prove_doing(p, "%s, seed %d", who, (int)seed);
        const enum err_code rc = judge_once(p, builds, seed, seed > 1, &r, why);
        if (rc != OK)
            return rc;
        const char *differs = seed > 1 ? first_difference(ret, &r) : NULL;
        if (differs != NULL)
            prove_broken(p, who, "seed %d gives another verdict than seed 1 in %s", (int)seed,
                         differs);
        if (seed > 1)
            continue;
        *ret = r;
        tell(p, who, ret, now_s() - start);
    }
    return OK;
}

typedef enum err_code further_step(struct proof *p, struct grade_builds *builds,
                                   const struct report *r, struct err *why);

/* `further` (NULL: nothing) goes on with the builds. */
static enum err_code over_seeds(struct proof *p, const char *who, const struct submission *s,
                                further_step *further, struct report *ret, struct err *why)
{
    struct grade_builds builds;
    prove_doing(p, "compiling %s", who);
    const struct grade_options options = {.cache_dir = p->options->cache_dir};
    enum err_code rc = grade_builds_open(&builds, p->lab, s, &options, p->arena, why);
    if (rc != OK)
        return rc;
    if (builds.plain_said.verdict == VERDICT_ACCEPTED)
        rc = prove_digest(builds.plain.image_fd, p->last, why);
    if (rc == OK)
        rc = judge_seeds(p, who, &builds, ret, why);
    if (rc == OK && further != NULL)
        rc = further(p, &builds, ret, why);
    grade_builds_close(&builds);
    return rc;
}

/* ---- the solution ---- */

static bool is_as_fast_as_itself(const struct report_performance *t)
{
    return (t->interval[0] <= 1 && t->interval[1] >= 1) || fabs(t->ratio - 1) <= CALIBRATION_BAND;
}

static const struct report_performance *worst_calibrated(const struct report *r)
{
    for (size_t i = 0; i < r->n_performance; i++)
        if (!is_as_fast_as_itself(&r->performance[i]))
            return &r->performance[i];
    return NULL;
}

/* Par is the solution: timed as a learner's it must reach itself. A busy moment gets another try.
 */
static enum err_code calibrate(struct proof *p, struct grade_builds *builds, const struct report *r,
                               struct err *why)
{
    struct report again = *r;
    const struct report_performance *off = worst_calibrated(&again);
    for (int i = 1; off != NULL && i < CALIBRATIONS; i++) {
        const enum err_code rc = judge_once(p, builds, 1, false, &again, why);
        if (rc != OK)
            return rc;
        off = worst_calibrated(&again);
    }
    for (size_t i = 0; i < again.n_performance; i++) {
        const struct report_performance *t = &again.performance[i];
        prove_say(p, "  %-28s %5.2f  of itself, [%.2f, %.2f]\n", t->name, t->ratio, t->interval[0],
                  t->interval[1]);
        json_array_append_new(told_list(p, "calibration"),
                              json_pack("{s:s, s:f, s:[f,f]}", "name", t->name, "ratio", t->ratio,
                                        "interval", t->interval[0], t->interval[1]));
    }
    p->unsure = off != NULL;
    if (off != NULL)
        prove_broken(p, "solution",
                     "'%s' takes another time than par, which is the same code: ratio %.2f [%.2f, "
                     "%.2f]; build the lab anew, or look at the case's prepare and verify",
                     off->name, off->ratio, off->interval[0], off->interval[1]);
    return OK;
}

static void want_full_groups(struct proof *p, const struct report *r)
{
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct report_group *g = &r->groups[i];
        if (g->earned >= g->points)
            continue;
        const struct report_failure *f = &g->first_failure;
        prove_broken(p, "solution",
                     "earns %g of %g in '%s' (%s), so solution, driver.c or check.c is wrong; "
                     "case '%.100s': expected %.200s, actual %.200s",
                     g->earned, g->points, g->name, verdict_word(g->verdict),
                     g->has_failure && f->test_case != NULL ? f->test_case : "?",
                     g->has_failure && f->expected != NULL ? f->expected : "?",
                     g->has_failure && f->actual != NULL ? f->actual : "?");
    }
}

static enum err_code prove_solution(struct proof *p, struct submission *ret, struct err *why)
{
    struct report r;
    enum err_code rc = submission_read_folder(
        p->lab, arena_printf(p->arena, "%s/solution", p->lab->dir), p->arena, ret, why);
    if (rc == OK)
        rc = over_seeds(p, "solution", ret, calibrate, &r, why);
    if (rc != OK)
        return rc;
    memcpy(p->solution, p->last, sizeof p->solution);
    if (r.compile.verdict != VERDICT_ACCEPTED)
        prove_broken(p, "solution", "does not compile");
    want_full_groups(p, &r);
    if (r.score < r.max_score)
        prove_broken(p, "solution", "scores %g of %g", r.score, r.max_score);
    return OK;
}

/* ---- the starter ---- */

/* Par must be the fastest that the course knows, or tiers mean nothing. */
static void want_slower(struct proof *p, const struct report *r)
{
    for (size_t i = 0; i < r->n_performance; i++) {
        const struct report_performance *t = &r->performance[i];
        if (t->interval[0] > 1 + CALIBRATION_BAND)
            prove_broken(p, "solution",
                         "is slower than the starter in '%s', %.2f times [%.2f, %.2f]", t->name,
                         t->ratio, t->interval[0], t->interval[1]);
    }
}

static enum err_code prove_starter(struct proof *p, struct err *why)
{
    struct submission s;
    struct report r;
    enum err_code rc = submission_read_folder(
        p->lab, arena_printf(p->arena, "%s/starter", p->lab->dir), p->arena, &s, why);
    if (rc == OK)
        rc = over_seeds(p, "starter", &s, NULL, &r, why);
    if (rc != OK)
        return rc;
    if (r.compile.verdict != VERDICT_ACCEPTED)
        prove_broken(p, "starter", "does not compile");
    if (r.score > p->lab->starter_max)
        prove_broken(p, "starter", "scores %g, above its ceiling of %g", r.score,
                     p->lab->starter_max);
    want_slower(p, &r);
    return OK;
}

/* ---- the mutants in the folder ---- */

static const struct report_group *group_named(const struct report *r, const char *name)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (strcmp(r->groups[i].name, name) == 0)
            return &r->groups[i];
    return NULL;
}

static void judge_mutant(struct proof *p, const char *who, const struct submission *s,
                         const struct report *r)
{
    const char *names[PROVE_GROUPS];
    size_t n = 0;
    if (r->compile.verdict != VERDICT_ACCEPTED) {
        prove_broken(p, who, "does not compile");
        return;
    }
    if (memcmp(p->last, p->solution, sizeof p->last) == 0) {
        prove_broken(p, who, "compiles to the very program of the solution: it has no mistake");
        return;
    }
    if (prove_groups_of(s->files[0].bytes, p->arena, names, &n, NULL) != OK)
        return; /* prove_files() has told */
    for (size_t i = 0; i < n; i++) {
        const struct report_group *g = group_named(r, names[i]);
        if (g != NULL && g->earned >= g->points)
            prove_broken(p, who, "is not caught in the group '%s'", names[i]);
    }
}

static enum err_code prove_mutant(struct proof *p, const char *path, struct err *why)
{
    const char *who = strrchr(path, '/') + 1;
    struct submission s;
    struct report r;
    enum err_code rc = submission_read_paths(p->lab, &path, 1, p->arena, &s, why);
    if (rc == OK)
        rc = over_seeds(p, who, &s, NULL, &r, why);
    if (rc == OK)
        judge_mutant(p, who, &s, &r);
    return rc;
}

static enum err_code prove_mutants(struct proof *p, struct err *why)
{
    glob_t found;
    if (glob(arena_printf(p->arena, "%s/mutants/*.c", p->lab->dir), 0, NULL, &found) != 0)
        return OK; /* prove_files() has told */
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < found.gl_pathc; i++)
        rc = prove_mutant(p, found.gl_pathv[i], why);
    globfree(&found);
    return rc;
}

/* ---- one lab, in a child ---- */

static enum err_code run_all(struct proof *p, struct err *why)
{
    struct submission solution;
    prove_files(p);
    if (!p->holds)
        return OK; /* the rest would stumble over the same */
    enum err_code rc = prove_solution(p, &solution, why);
    if (rc == OK)
        rc = prove_starter(p, why);
    if (rc == OK)
        rc = prove_mutants(p, why);
    if (rc == OK && p->holds)
        rc = prove_coverage(p, &solution, why);
    if (rc == OK && p->holds)
        rc = prove_automatic(p, &solution, why);
    return rc;
}

static void tell_end(struct proof *p, const char *lab, double seconds)
{
    prove_say(p, "  %s in %.0f s\n", p->holds ? "proved" : "NOT PROVED", seconds);
    json_object_set_new(p->told, "lab", json_string(lab));
    json_object_set_new(p->told, "proved", json_boolean(p->holds));
    json_object_set_new(p->told, "seconds", json_real(seconds));
    if (p->options->json) {
        json_dumpf(p->told, stdout, JSON_COMPACT);
        putchar('\n');
    }
    fflush(stdout);
}

static void record(struct proof *p)
{
    const json_t *first = json_array_get(json_object_get(p->told, "failures"), 0);
    const char *why = p->holds ? NULL
                               : arena_printf(p->arena, "%s: %s",
                                              json_string_value(json_object_get(first, "what")),
                                              json_string_value(json_object_get(first, "why")));
    proof_record_write(p->lab->build_dir, p->lab->version, why);
}

enum { CHILD_PROVED = 0, CHILD_BROKEN = 1, CHILD_FAULT = 3 };

static int prove_here(const struct lab_paths *paths, const char *name,
                      const struct prove_options *options, struct prove_trace *trace)
{
    struct arena a;
    struct lab lab = {.id = name};
    struct err why = {.code = OK};
    struct proof p = {.lab = &lab,
                      .options = options,
                      .arena = &a,
                      .told = json_object(),
                      .holds = true,
                      .trace = trace};
    const double start = now_s();
    arena_init(&a, ARENA_BYTES);
    prove_doing(&p, "loading the lab and its checker");
    watch_start(options->checker_s);
    enum err_code rc = lab_open(&lab, paths, name, &a, &why);
    prove_say(&p, "lab %s %s\n", rc == OK ? lab.id : name, rc == OK ? lab.slug : "");
    if (rc != OK) {
        prove_broken(&p, "lab", "%s", why.text);
    } else {
        snprintf(trace->build_dir, sizeof trace->build_dir, "%s", lab.build_dir);
        snprintf(trace->version, sizeof trace->version, "%s", lab.version);
        if ((rc = run_all(&p, &why)) != OK)
            prove_broken(&p, "grade", "%s: %s", trace->doing, why.text);
        else if (!p.unsure)
            record(&p);
    }
    const bool fault = rc != OK && lab.module != NULL;
    tell_end(&p, rc == OK || fault ? lab.id : name, now_s() - start);
    json_decref(p.told);
    lab_close(&lab);
    arena_done(&a);
    return fault ? CHILD_FAULT : p.holds ? CHILD_PROVED : CHILD_BROKEN;
}

/* ---- the parent ---- */

/* What a dead child has left unsaid. */
static void tell_death(const char *name, const struct prove_options *options, const char *doing,
                       const char *cause)
{
    if (!options->json) {
        printf("  FAILED  %s: the checker or grade died of %s; its last words are on standard "
               "error\n  NOT PROVED\n",
               doing, cause);
    } else {
        json_t *told = json_pack("{s:s, s:b, s:[{s:s, s:s}]}", "lab", name, "proved", 0, "failures",
                                 "what", doing, "why", cause);
        json_dumpf(told, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(told);
    }
    fflush(stdout);
}

/* The exit status of the child, or -1 for one that died or had to be killed; *ret_cause is of what.
 */
static int await(pid_t pid, const char **ret_cause)
{
    int status = 0;
    const int fd = pidfd_open(pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    bool late = false;
    if (fd >= 0) {
        late = poll(&ended, 1, PATIENCE_MS) == 0;
        close(fd);
    }
    if (late)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    *ret_cause = late                          ? "waiting for an hour"
                 : WTERMSIG(status) == SIGXCPU ? "SIGXCPU: a loop"
                                               : sigdescr_np(WTERMSIG(status));
    return -1;
}

/* Its checker has failed, so this lab is not to be used; unless nothing of it could be loaded. */
static void record_death(const struct prove_trace *trace, const char *cause)
{
    char why[512];
    snprintf(why, sizeof why, "%s: the checker or grade died of %s", trace->doing, cause);
    if (trace->build_dir[0] != '\0')
        proof_record_write(trace->build_dir, trace->version, why);
}

enum err_code prove_lab(const struct lab_paths *paths, const char *name,
                        const struct prove_options *options, bool *ret_proved, struct err *why)
{
    struct prove_trace *trace =
        mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *cause = "";
    if (trace == MAP_FAILED)
        return err_sys(why, ERR_IO, errno, "shared memory");
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(prove_here(paths, name, options, trace));
    }
    const int status = pid > 0 ? await(pid, &cause) : CHILD_FAULT;
    if (status < 0) {
        tell_death(name, options, trace->doing, cause);
        record_death(trace, cause);
    }
    munmap(trace, sizeof *trace);
    *ret_proved = status == CHILD_PROVED;
    if (pid < 0)
        return err_sys(why, ERR_IO, errno, "fork");
    return status == CHILD_FAULT ? err_set(why, ERR_INTERNAL, "lab %s: could not be tested", name)
                                 : OK;
}
