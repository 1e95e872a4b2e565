#include "grader/grade/prove.h"

#include <glob.h>
#include <string.h>
#include <time.h>

#include "grader/grade/grade.h"

enum { SEEDS = 5, ARENA_BYTES = 256 << 20 };

struct proof {
    const struct lab *lab;
    FILE *out;
    int core;
    const char *cache_dir;
    bool holds;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void broken(struct proof *p, const char *who, const char *what)
{
    fprintf(p->out, "  FAILED  %s: %s\n", who, what);
    p->holds = false;
}

static const struct report_group *group_named(const struct report *r, const char *name)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (strcmp(r->groups[i].name, name) == 0)
            return &r->groups[i];
    return NULL;
}

/* The same submission under five seeds: other cases, the same verdict in every group. */
static bool same_verdicts(const struct report *a, const struct report *b)
{
    if (a->verdict != b->verdict || a->n_groups != b->n_groups)
        return false;
    for (size_t i = 0; i < a->n_groups; i++)
        if (a->groups[i].verdict != b->groups[i].verdict)
            return false;
    return true;
}

static const char *first_difference(const struct report *a, const struct report *b)
{
    for (size_t i = 0; i < a->n_groups && i < b->n_groups; i++)
        if (a->groups[i].verdict != b->groups[i].verdict)
            return a->groups[i].name;
    return "the whole";
}

static void tell(struct proof *p, const char *who, const struct report *r, double seconds)
{
    fprintf(p->out, "  %-28s %5.1f  %-18s %4.1f s ", who, r->score, verdict_word(r->verdict),
            seconds);
    for (size_t i = 0; i < r->n_groups; i++)
        if (r->groups[i].earned < r->groups[i].points)
            fprintf(p->out, " %s %g/%g", r->groups[i].name, r->groups[i].earned,
                    r->groups[i].points);
    if (r->compile.verdict != VERDICT_ACCEPTED)
        fprintf(p->out, "\n%s", r->compile.log);
    fputc('\n', p->out);
}

/* The builds serve all seeds. Timed cases run once: their points are no verdict. */
static enum err_code judge_seeds(struct proof *p, const char *who, struct grade_builds *builds,
                                 struct arena *a, struct report *ret, struct err *why)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct grade_options options = {
            .seed = seed, .untimed = seed > 1, .core = p->core, .events_fd = -1};
        struct report r;
        const double start = now_s();
        const enum err_code rc = grade_judge(p->lab, builds, &options, a, &r, why);
        if (rc != OK)
            return rc;
        if (seed == 1) {
            *ret = r;
            tell(p, who, ret, now_s() - start);
        } else if (!same_verdicts(ret, &r)) {
            broken(p, who,
                   arena_printf(a, "seed %d gives another verdict than seed 1 in %s", (int)seed,
                                first_difference(ret, &r)));
        }
    }
    return OK;
}

static enum err_code over_seeds(struct proof *p, const char *who, const struct submission *s,
                                struct arena *a, struct report *ret, struct err *why)
{
    struct grade_builds builds;
    const struct grade_options options = {.cache_dir = p->cache_dir};
    enum err_code rc = grade_builds_open(&builds, p->lab, s, &options, a, why);
    if (rc != OK)
        return rc;
    rc = judge_seeds(p, who, &builds, a, ret, why);
    grade_builds_close(&builds);
    return rc;
}

static enum err_code prove_solution(struct proof *p, struct arena *a, struct err *why)
{
    struct submission s;
    struct report r;
    enum err_code rc =
        submission_read_folder(p->lab, arena_printf(a, "%s/solution", p->lab->dir), a, &s, why);
    if (rc == OK)
        rc = over_seeds(p, "solution", &s, a, &r, why);
    if (rc == OK && r.score < r.max_score)
        broken(p, "solution", arena_printf(a, "scores %g of %g", r.score, r.max_score));
    return rc;
}

static enum err_code prove_starter(struct proof *p, struct arena *a, struct err *why)
{
    struct submission s;
    struct report r;
    enum err_code rc =
        submission_read_folder(p->lab, arena_printf(a, "%s/starter", p->lab->dir), a, &s, why);
    if (rc == OK)
        rc = over_seeds(p, "starter", &s, a, &r, why);
    if (rc == OK && r.compile.verdict != VERDICT_ACCEPTED)
        broken(p, "starter", "does not compile");
    if (rc == OK && r.score > p->lab->starter_max)
        broken(p, "starter",
               arena_printf(a, "scores %g, above its ceiling of %g", r.score, p->lab->starter_max));
    return rc;
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

static void judge_mutant(struct proof *p, const char *who, const struct submission *s,
                         const struct report *r, struct arena *a)
{
    const char *names[PROVE_GROUPS];
    size_t n = 0;
    struct err why;
    if (r->compile.verdict != VERDICT_ACCEPTED)
        broken(p, who, "does not compile");
    else if (prove_groups_of(s->files[0].bytes, a, names, &n, &why) != OK)
        broken(p, who, why.text);
    for (size_t i = 0; i < n; i++) {
        const struct report_group *g = group_named(r, names[i]);
        if (g == NULL)
            broken(p, who,
                   arena_printf(a, "names the group '%s', which the lab does not have", names[i]));
        else if (g->earned >= g->points)
            broken(p, who, arena_printf(a, "is not caught in the group '%s'", names[i]));
    }
}

static enum err_code prove_mutant(struct proof *p, const char *path, struct arena *a,
                                  struct err *why)
{
    const char *who = strrchr(path, '/') + 1;
    struct submission s;
    struct report r;
    enum err_code rc = submission_read_paths(p->lab, &path, 1, a, &s, why);
    if (rc == OK)
        rc = over_seeds(p, who, &s, a, &r, why);
    if (rc == OK)
        judge_mutant(p, who, &s, &r, a);
    return rc;
}

static enum err_code prove_mutants(struct proof *p, struct arena *a, struct err *why)
{
    glob_t found;
    if (glob(arena_printf(a, "%s/mutants/*.c", p->lab->dir), 0, NULL, &found) != 0) {
        broken(p, "mutants", "there are none");
        return OK;
    }
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < found.gl_pathc; i++)
        rc = prove_mutant(p, found.gl_pathv[i], a, why);
    globfree(&found);
    return rc;
}

enum err_code prove_lab(const struct lab *lab, int core, const char *cache_dir, FILE *out,
                        bool *ret_proved, struct err *why)
{
    struct proof p = {.lab = lab, .out = out, .core = core, .cache_dir = cache_dir, .holds = true};
    struct arena a;
    arena_init(&a, ARENA_BYTES);
    fprintf(out, "lab %s %s\n", lab->id, lab->slug);
    enum err_code rc = prove_solution(&p, &a, why);
    if (rc == OK)
        rc = prove_starter(&p, &a, why);
    if (rc == OK)
        rc = prove_mutants(&p, &a, why);
    arena_done(&a);
    if (rc == OK)
        fprintf(out, "  %s\n", p.holds ? "proved" : "NOT PROVED");
    *ret_proved = p.holds;
    return rc;
}
