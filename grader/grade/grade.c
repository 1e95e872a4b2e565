#include "grader/grade/grade.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grader/grade/check.h"
#include "grader/grade/core.h"
#include "grader/grade/findings.h"
#include "grader/grade/timed.h"
#include "grader/grade/trace.h"
#include "sandbox/cell.h"

enum {
    TOTAL_INCIDENTS = 8, /* crashes and limits of one submission, before the rest is not run */
    TOTAL_CPU_MS = 600 * 1000, /* of one runner: the last resort behind the limits of calls */
    TIMED_BUDGET_MS = 1500,
    UNSCORED_BUDGET_MS = 150, /* of timed cases that only inform: nobody waits for their digits */
    SANITIZER_FINDINGS = 8,
    SANITIZER_MEMORY = 6, /* times the lab's limit: shadow, redzones, quarantine */
};

/* One grading under way. */
struct session {
    const struct lab *lab;
    const struct grade_options *options;
    struct arena *arena;
    struct events events;
    struct grade_builds *builds;
    struct runner_slot slot;
    struct report_group groups[LAB_GROUPS];
    size_t n_groups;
    int crashed_case[LAB_GROUPS]; /* of the group with the same index; 0: it did not crash */
    struct report_performance performance[LAB_TIMED];
    size_t n_performance;
    struct report_finding findings[SANITIZER_FINDINGS];
    struct report report;
    int core;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_included(const struct lab_group_rule *rule, bool visible_only)
{
    return rule->visible || !visible_only;
}

static bool included(const struct session *g, const struct lab_group_rule *rule)
{
    if (g->options->only_group != NULL)
        return strcmp(g->options->only_group, rule->name) == 0;
    return is_included(rule, g->options->visible_only);
}

/* ---- building ---- */

static bool wants_sanitizer(const struct lab *lab, bool visible_only)
{
    for (size_t i = 0; i < lab->n_groups; i++)
        if (is_included(&lab->groups[i], visible_only) &&
            lab_group_code(lab, lab->groups[i].name)->hygiene)
            return true;
    return false;
}

enum err_code grade_builds_open(struct grade_builds *ret, const struct lab *lab,
                                const struct submission *s, const struct grade_options *options,
                                struct arena *a, struct err *why)
{
    *ret = (struct grade_builds){.plain = {.image_fd = -1}, .sanitized = {.image_fd = -1}};
    compile_cache_open(&ret->cache, options->cache_dir,
                       options->cache_bytes > 0 ? options->cache_bytes : COMPILE_CACHE_BYTES);
    const bool both = wants_sanitizer(lab, options->visible_only);
    enum err_code rc = build_start(&ret->plain, lab, s, BUILD_PLAIN, &ret->cache, a, why);
    if (rc == OK && both)
        rc = build_start(&ret->sanitized, lab, s, BUILD_SANITIZE, &ret->cache, a, why);
    if (rc == OK) {
        cell_prepare(2); /* for the runners to come, while the compilers work */
        rc = build_finish(&ret->plain, both ? &ret->sanitized : NULL, a, &ret->plain_said, why);
    }
    if (rc != OK)
        grade_builds_close(ret);
    return rc;
}

static enum err_code finish_sanitized(struct grade_builds *b, struct arena *a, struct err *why)
{
    if (b->sanitized_done)
        return OK;
    b->sanitized_done = true;
    return build_finish(&b->sanitized, NULL, a, &b->sanitized_said, why);
}

void grade_builds_close(struct grade_builds *b)
{
    build_close(&b->plain);
    build_close(&b->sanitized);
    compile_cache_close(&b->cache);
}

/* ---- groups ---- */

struct runner_config grade_runner_config(const struct lab *lab, int image_fd, bool sanitize,
                                         int core)
{
    const struct lab_limits *l = &lab->limits;
    const int64_t share = l->memory_bytes / lab->allow.runners;
    return (struct runner_config){
        .image_fd = image_fd,
        .profile = sanitize ? CELL_SANITIZE : CELL_RUN,
        .memory_bytes = sanitize ? share * SANITIZER_MEMORY : share,
        .stack_bytes = l->stack_bytes,
        .output_bytes = l->output_bytes,
        .arena_bytes = l->arena_bytes,
        .total_cpu_ms = TOTAL_CPU_MS,
        .core = core,
        .allow = lab->allow,
    };
}

static struct runner_config runner_config_of(const struct session *g, int image_fd, bool sanitize)
{
    return grade_runner_config(g->lab, image_fd, sanitize, g->core);
}

/* Rounded down to tenths, so that only a full group shows full points. */
static double points_for(double points, double share)
{
    return share >= 1 ? points : floor(points * share * 10 + 1e-6) / 10;
}

static struct report_group group_result(const struct lab_group_rule *rule, const struct check *k,
                                        int64_t ms)
{
    return (struct report_group){.name = rule->name,
                                 .points = rule->points,
                                 .earned = points_for(rule->points, check_share(k)),
                                 .visible = rule->visible,
                                 .verdict = k->verdict,
                                 .cases = k->cases,
                                 .passed = k->passed,
                                 .ms = ms,
                                 .has_failure = k->shown.there,
                                 .first_failure = k->shown.failure};
}

static bool is_visible(const struct session *g, const char *group)
{
    for (size_t i = 0; i < g->lab->n_groups; i++)
        if (group != NULL && strcmp(g->lab->groups[i].name, group) == 0)
            return g->lab->groups[i].visible;
    return false;
}

/* What was found in a hidden group is told in our words here too: hygiene may be a visible group.
 */
static const char *finding_words(const struct session *g, const struct report_finding *f)
{
    const char *words = f->message;
    if (!is_visible(g, f->group) && (words = finding_meaning(f->kind)) == NULL)
        words = "a finding";
    return f->file != NULL ? arena_printf(g->arena, "%s:%d: %s", f->file, f->line, words) : words;
}

/* A finding costs the hygiene group all of its points. */
static void apply_findings(const struct session *g, struct report_group *r)
{
    if (g->report.sanitizer.n_findings == 0)
        return;
    const struct report_finding *f = &g->findings[0];
    r->earned = 0;
    r->verdict = VERDICT_RUNTIME_ERROR;
    r->has_failure = true;
    r->first_failure = (struct report_failure){
        .test_case = "sanitizer build",
        .expected = "no finding of AddressSanitizer or UndefinedBehaviorSanitizer",
        .actual = finding_words(g, f),
        .hint = "compile with -g -fsanitize=address,undefined,float-cast-overflow and run your own "
                "tests under it"};
}

/* What shows the failing case again. Alone where it fails alone; else the cases before it are
 * needed, and so are all groups. */
static const char *reproduce_line(const struct session *g, const struct check *k)
{
    const struct lab *lab = g->lab;
    struct str line;
    if (!k->shown.there)
        return NULL;
    str_init(&line, 4096);
    str_printf(&line, "grade run %s", lab->id);
    for (size_t i = 0; i < lab->n_files; i++)
        str_printf(&line, " %s", lab->files[i].name);
    str_printf(&line, " --seed %llu", (unsigned long long)g->options->seed);
    if (k->shown.alone && strpbrk(k->group, " '") == NULL)
        str_printf(&line, " --case %s:%d", k->group, k->shown.number);
    else if (k->shown.alone)
        str_printf(&line, " --case '%s:%d'", k->group, k->shown.number);
    const char *copy = arena_strdup(g->arena, line.text);
    str_done(&line);
    return copy;
}

static enum err_code run_group(struct session *g, const struct lab_group_rule *rule,
                               struct err *why)
{
    const struct lab_group *code = lab_group_code(g->lab, rule->name);
    events_group_started(&g->events, rule->name);
    const int64_t start = now_ms();
    struct check k;
    check_init(&k, g->lab, rule->name, &g->slot, g->arena, g->options->seed);
    k.only = g->options->only_case;
    k.full = k.only != 0;
    code->run(&k);
    check_finish(&k);
    struct report_group r = group_result(rule, &k, now_ms() - start);
    r.first_failure.reproduce = reproduce_line(g, &k);
    g->crashed_case[g->n_groups] = k.shown.crashed ? k.shown.number : 0;
    enum err_code rc = k.rc;
    if (rc != OK)
        err_set(why, rc, "group '%s': %s", rule->name, k.why.text);
    else if (k.only > k.begun)
        rc = err_set(why, ERR_NOT_FOUND, "group '%s' has %d cases, and no case %d", rule->name,
                     k.begun, k.only);
    check_done(&k);
    if (code->hygiene)
        apply_findings(g, &r);
    g->groups[g->n_groups++] = r;
    if (rc == OK)
        events_group(&g->events, &r);
    build_tend(&g->builds->sanitized);
    return rc;
}

static enum err_code run_groups(struct session *g, bool hygiene, struct err *why)
{
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < g->lab->n_groups; i++) {
        const struct lab_group_rule *rule = &g->lab->groups[i];
        if (included(g, rule) && lab_group_code(g->lab, rule->name)->hygiene == hygiene)
            rc = run_group(g, rule, why);
    }
    return rc;
}

/* ---- the sanitizer pass ---- */

static struct report_finding finding_of(const struct session *g, const struct check *k)
{
    struct finding_access access;
    struct report_finding f = {.kind = "forbidden-call"};
    if (k->last_end.verdict == CELL_FORBIDDEN_CALL)
        f.message = arena_printf(g->arena, "the system call %s", k->last_end.system_call);
    else
        f = finding_read(g->builds->plain.s, k->last_stderr.text, k->last_stderr.length, g->arena,
                         &access);
    f.group = k->group;
    return f;
}

static void add_finding(struct session *g, const struct check *k)
{
    struct report_sanitizer *r = &g->report.sanitizer;
    const struct report_finding f = finding_of(g, k);
    for (size_t i = 0; i < r->n_findings; i++)
        if (g->findings[i].line == f.line && strcmp(g->findings[i].kind, f.kind) == 0)
            return;
    if (r->n_findings < SANITIZER_FINDINGS)
        g->findings[r->n_findings++] = f;
}

/* One group again, for its crashes only; wrong answers were judged in the plain build. */
static enum err_code sanitize_group(struct session *g, struct runner_slot *slot, const char *name,
                                    struct err *why)
{
    struct check k;
    check_init(&k, g->lab, name, slot, g->arena, g->options->seed);
    k.sanitizing = true;
    k.slow = true;
    k.max_incidents = 1;
    lab_group_code(g->lab, name)->run(&k);
    check_end_case(&k);
    const enum err_code rc = k.rc;
    if (rc != OK)
        err_set(why, rc, "sanitizer pass of group '%s': %s", name, k.why.text);
    /* Without an incident of its own it was not run any more, after those of other groups. */
    if (k.incidents > 0 &&
        (k.verdict == VERDICT_RUNTIME_ERROR || k.verdict == VERDICT_SECURITY_VIOLATION))
        add_finding(g, &k);
    check_done(&k);
    return rc;
}

/* So often that nothing is run any more: here a loop would cost ten times its limit once more. */
static bool ended_at_limits(const struct session *g)
{
    const enum verdict last = g->slot.last_incident;
    return g->slot.incidents >= g->slot.max_incidents &&
           (last == VERDICT_TIME_LIMIT || last == VERDICT_MEMORY_LIMIT ||
            last == VERDICT_OUTPUT_LIMIT);
}

/* Where the plain build ran into a limit or a forbidden call, the slower one has nothing to add. */
static bool worth_sanitizing(const struct session *g, const char *name)
{
    const struct lab_group *code = lab_group_code(g->lab, name);
    /* Hygiene has no verdict yet: this pass makes it. */
    if (!code->sanitize || code->hygiene)
        return code->sanitize && !ended_at_limits(g);
    for (size_t i = 0; i < g->n_groups; i++)
        if (strcmp(g->groups[i].name, name) == 0)
            return verdict_rank(g->groups[i].verdict) <= verdict_rank(VERDICT_WRONG_ANSWER) ||
                   g->groups[i].verdict == VERDICT_RUNTIME_ERROR;
    return false;
}

static enum err_code sanitize_groups(struct session *g, struct err *why)
{
    struct runner_slot slot = {.config = runner_config_of(g, g->builds->sanitized.image_fd, true),
                               .max_incidents = TOTAL_INCIDENTS};
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < g->lab->n_groups; i++) {
        const struct lab_group_rule *rule = &g->lab->groups[i];
        if (worth_sanitizing(g, rule->name))
            rc = sanitize_group(g, &slot, rule->name, why);
    }
    runner_slot_close(&slot);
    return rc;
}

static enum err_code judge_sanitized(struct session *g, struct err *why)
{
    struct report_sanitizer *r = &g->report.sanitizer;
    r->ran = g->builds->sanitized_said.verdict == VERDICT_ACCEPTED;
    if (!r->ran) {
        /* Or one #ifdef would be worth the points of hygiene. */
        g->findings[r->n_findings++] = (struct report_finding){
            .kind = "no-build", .message = "the sources do not compile with the sanitizers"};
        r->verdict = g->builds->sanitized_said.verdict;
        return OK;
    }
    const enum err_code rc = sanitize_groups(g, why);
    if (r->n_findings > 0)
        r->verdict = VERDICT_RUNTIME_ERROR;
    return rc;
}

static enum err_code sanitize(struct session *g, struct err *why)
{
    struct report_sanitizer *r = &g->report.sanitizer;
    r->findings = g->findings;
    r->verdict = VERDICT_ACCEPTED;
    if (!wants_sanitizer(g->lab, g->options->visible_only) || g->options->only_group != NULL)
        return OK;
    events_simple(&g->events, "sanitizer_started");
    enum err_code rc = finish_sanitized(g->builds, g->arena, why);
    if (rc == OK)
        rc = judge_sanitized(g, why);
    if (rc == OK)
        events_sanitized(&g->events, r);
    return rc;
}

/* ---- where crashes were ---- */

/* For crashes alone, where no group wanted the build. */
static enum err_code build_for_traces(struct session *g, struct err *why)
{
    struct grade_builds *b = g->builds;
    enum err_code rc = OK;
    if (b->sanitized.s == NULL)
        rc = build_start(&b->sanitized, g->lab, b->plain.s, BUILD_SANITIZE, &b->cache, g->arena,
                         why);
    return rc == OK ? finish_sanitized(b, g->arena, why) : rc;
}

static enum err_code trace_group(struct session *g, size_t i, struct runner_slot *slot,
                                 struct err *why)
{
    const struct trace trace = {.lab = g->lab,
                                .submission = g->builds->plain.s,
                                .group = g->groups[i].name,
                                .number = g->crashed_case[i],
                                .seed = g->options->seed,
                                .slot = slot,
                                .arena = g->arena};
    return trace_crash(&trace, &g->groups[i].first_failure, why);
}

static enum err_code trace_crashes(struct session *g, struct err *why)
{
    size_t i = 0;
    while (i < g->n_groups && g->crashed_case[i] == 0)
        i++;
    if (i == g->n_groups)
        return OK;
    enum err_code rc = build_for_traces(g, why);
    if (rc != OK || g->builds->sanitized_said.verdict != VERDICT_ACCEPTED)
        return rc;
    struct runner_slot slot = {.config = runner_config_of(g, g->builds->sanitized.image_fd, true),
                               .max_incidents = LAB_GROUPS};
    for (; rc == OK && i < g->n_groups; i++)
        if (g->crashed_case[i] != 0)
            rc = trace_group(g, i, &slot, why);
    runner_slot_close(&slot);
    return rc;
}

/* ---- timed cases ---- */

static bool visible_groups_full(const struct session *g)
{
    for (size_t i = 0; i < g->n_groups; i++)
        if (g->groups[i].visible && g->groups[i].verdict != VERDICT_ACCEPTED)
            return false;
    return true;
}

static bool wants_roof(const struct lab *lab)
{
    for (size_t i = 0; i < lab->module->n_timed; i++)
        if (lab->module->timed[i].bytes > 0 || lab->module->timed[i].flops > 0)
            return true;
    return false;
}

static enum err_code time_one(struct session *g, struct runner_slot *par,
                              const struct lab_timed_rule *rule, const struct roofline *roof,
                              struct err *why)
{
    const struct timed timed = {.rule = rule,
                                .code = lab_timed_code(g->lab, rule->name),
                                .budget_ms =
                                    rule->points > 0 ? TIMED_BUDGET_MS : UNSCORED_BUDGET_MS,
                                .warm = g->n_performance > 0,
                                .roof = roof,
                                .counters = &counters_kernel};
    events_timed_started(&g->events, rule->name);
    struct check k;
    check_init(&k, g->lab, rule->name, &g->slot, g->arena, g->options->seed);
    struct report_performance *p = &g->performance[g->n_performance++];
    const enum err_code rc = timed_run(&k, par, &timed, p, why);
    check_done(&k);
    if (rc == OK)
        events_timed(&g->events, p);
    return rc;
}

static enum err_code time_all(struct session *g, struct err *why)
{
    if (g->lab->n_timed == 0 || g->options->untimed || g->options->only_group != NULL ||
        !visible_groups_full(g))
        return OK;
    int par_fd = -1;
    enum err_code rc =
        build_load_image(arena_printf(g->arena, "%s/par", g->lab->build_dir), &par_fd, why);
    if (rc != OK)
        return err_wrap(why, rc, "par of lab %s", g->lab->id);
    struct runner_slot par = {.config = runner_config_of(g, par_fd, false), .max_incidents = 1};
    struct roofline roof;
    const bool roofed = wants_roof(g->lab);
    if (roofed)
        rc = roofline_find(g->options->cache_dir, &roof, why);
    for (size_t i = 0; rc == OK && i < g->lab->n_timed; i++)
        rc = time_one(g, &par, &g->lab->timed[i], roofed ? &roof : NULL, why);
    runner_slot_close(&par);
    close(par_fd);
    return rc;
}

/* ---- the report ---- */

static void add_points(struct session *g)
{
    struct report *r = &g->report;
    for (size_t i = 0; i < g->lab->n_groups; i++)
        if (included(g, &g->lab->groups[i]))
            r->max_score += g->lab->groups[i].points;
    for (size_t i = 0; i < g->lab->n_timed && g->options->only_group == NULL; i++)
        r->max_score += g->lab->timed[i].points;
    for (size_t i = 0; i < g->n_groups; i++)
        r->score += g->groups[i].earned;
    for (size_t i = 0; i < g->n_performance; i++)
        r->score += g->performance[i].earned;
    r->score = round(r->score * 10) / 10;
    r->pass = r->score >= g->lab->pass / 100 * r->max_score - 1e-9;
}

/* docs/words.md: accepted when every group is full; partial when answers are wrong but some group
 * of substance is full; else what tells most. */
static enum verdict overall(const struct session *g)
{
    if (g->report.compile.verdict != VERDICT_ACCEPTED)
        return VERDICT_COMPILE_ERROR;
    enum verdict worst = VERDICT_ACCEPTED;
    bool some_full = false;
    for (size_t i = 0; i < g->n_groups; i++) {
        const struct report_group *r = &g->groups[i];
        if (verdict_rank(r->verdict) > verdict_rank(worst))
            worst = r->verdict;
        if (r->verdict == VERDICT_ACCEPTED && !lab_group_code(g->lab, r->name)->hygiene)
            some_full = true;
    }
    return worst == VERDICT_WRONG_ANSWER && some_full ? VERDICT_PARTIAL : worst;
}

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    return n;
}

static const char *cpu_name(struct arena *a)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256];
    const char *name = "unknown";
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        name = arena_strndup(a, colon + 2, strcspn(colon + 2, "\n"));
        break;
    }
    if (f != NULL)
        fclose(f);
    return name;
}

static void describe(struct session *g)
{
    struct report *r = &g->report;
    struct cell_guarantees cell;
    cell_guarantees(&cell);
    r->lab = g->lab->id;
    r->lab_version = g->lab->version;
    r->lab_title = g->lab->title;
    r->seed = g->options->seed;
    r->groups = g->groups;
    r->performance = g->performance;
    r->sanitizer.findings = g->findings;
    r->device_kind = "cpu";
    r->device_name = cpu_name(g->arena);
    r->guarantees = cell.held;
    r->n_guarantees = count(cell.held);
    r->degraded = cell.degraded;
    r->n_degraded = count(cell.degraded);
    r->resources.limit_cpu_ms = g->lab->limits.case_cpu_ms;
    r->resources.limit_memory_bytes = g->lab->limits.memory_bytes;
}

static void sum_up(struct session *g, int64_t start_ms)
{
    struct report *r = &g->report;
    r->n_groups = g->n_groups;
    r->n_performance = g->n_performance;
    add_points(g);
    r->verdict = overall(g);
    r->resources.wall_ms = now_ms() - start_ms + (r->compile.cached ? 0 : r->compile.ms);
    r->resources.cpu_ms = g->slot.cpu_us / 1000;
    r->resources.peak_bytes = g->slot.peak_bytes;
}

static enum err_code run_all(struct session *g, struct err *why)
{
    g->slot = (struct runner_slot){.config = runner_config_of(g, g->builds->plain.image_fd, false),
                                   .max_incidents = TOTAL_INCIDENTS};
    const struct core_before before = core_pin(g->core);
    enum err_code rc = run_groups(g, false, why);
    if (rc == OK)
        rc = sanitize(g, why);
    if (rc == OK)
        rc = run_groups(g, true, why);
    if (rc == OK)
        rc = trace_crashes(g, why);
    if (rc == OK)
        rc = time_all(g, why);
    runner_slot_close(&g->slot);
    core_release(&before);
    return rc;
}

enum err_code grade_judge(const struct lab *lab, struct grade_builds *b,
                          const struct grade_options *options, struct arena *a, struct report *ret,
                          struct err *why)
{
    const int64_t start = now_ms();
    struct session *g = arena_alloc(a, sizeof *g);
    if (g == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a grading");
    *g = (struct session){.lab = lab,
                          .options = options,
                          .arena = a,
                          .events = {.fd = options->events_fd},
                          .builds = b,
                          .core = /* a lab's own threads run where they like */
                          lab->allow.threads > 1 ? -1 : core_pick(options->core)};
    describe(g);
    g->report.compile = b->plain_said;
    if (options->only_group != NULL)
        g->report.message = arena_printf(a, "Only case %d of the group %s was run.",
                                         options->only_case, options->only_group);
    if (b->plain_said.verdict == VERDICT_ACCEPTED) {
        const enum err_code rc = run_all(g, why);
        if (rc != OK)
            return rc;
    }
    sum_up(g, start);
    events_finished(&g->events, &g->report);
    *ret = g->report;
    return OK;
}

enum err_code grade_run(const struct lab *lab, const struct submission *s,
                        const struct grade_options *options, struct arena *a, struct report *ret,
                        struct err *why)
{
    struct events events = {.fd = options->events_fd};
    struct grade_builds builds;
    events_simple(&events, "compile_started");
    enum err_code rc = grade_builds_open(&builds, lab, s, options, a, why);
    if (rc != OK)
        return rc;
    events_compiled(&events, &builds.plain_said);
    rc = grade_judge(lab, &builds, options, a, ret, why);
    if (options->cache_why != NULL && builds.cache.trouble.code != OK)
        *options->cache_why = builds.cache.trouble;
    grade_builds_close(&builds);
    return rc;
}
