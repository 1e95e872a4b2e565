#include "grader/grade/calibrate.h"

#include <math.h>
#include <unistd.h>

#include "grader/grade/build.h"
#include "grader/grade/core.h"
#include "grader/grade/grade.h"
#include "grader/grade/quiet.h"
#include "grader/grade/timed.h"

enum { CASES_MAX = 64, TEXT_MAX = 256 * 1024 };

struct calibration calibrate_judge(const struct pairs_result *r)
{
    struct calibration c = {.result = *r};
    c.holds_one = r->low <= 1 && 1 <= r->high;
    c.smallest = r->high - r->low;
    c.fit = c.smallest <= CALIBRATE_TOLD && (c.holds_one || fabs(r->ratio - 1) <= CALIBRATE_EQUAL);
    return c;
}

static enum err_code race_par(const struct lab *lab, const struct lab_timed_rule *rule,
                              struct runner_slot slots[2], struct arena *a, struct calibration *ret,
                              struct err *why)
{
    const struct timed timed = {.rule = rule,
                                .code = lab_timed_code(lab, rule->name),
                                .budget_ms = CALIBRATE_BUDGET_MS,
                                .to_the_end = true};
    struct check k;
    struct pairs_result r;
    bool right = false;
    check_init(&k, lab, rule->name, &slots[0], a, 1);
    enum err_code rc = timed_race(&k, &slots[1], &timed, &right, &r, why);
    check_done(&k);
    if (rc == OK && !right)
        rc = err_set(why, ERR_INTERNAL, "timed case '%s': par gave a wrong answer", rule->name);
    if (rc != OK)
        return rc;
    *ret = calibrate_judge(&r);
    ret->lab = arena_strdup(a, lab->id);
    ret->name = arena_strdup(a, rule->name);
    return OK;
}

enum err_code calibrate_lab(const struct lab *lab, int core, struct arena *a,
                            struct calibration ret[LAB_TIMED], struct err *why)
{
    int fd = -1;
    enum err_code rc = build_load_image(arena_printf(a, "%s/par", lab->build_dir), &fd, why);
    if (rc != OK)
        return err_wrap(why, rc, "par of lab %s", lab->id);
    struct runner_slot slots[2];
    for (size_t i = 0; i < 2; i++)
        slots[i] = (struct runner_slot){.config = grade_runner_config(lab, fd, false, core),
                                        .max_incidents = 1};
    const struct core_before before = core_pin(core);
    for (size_t i = 0; rc == OK && i < lab->n_timed; i++)
        rc = race_par(lab, &lab->timed[i], slots, a, &ret[i], why);
    core_release(&before);
    runner_slot_close(&slots[1]);
    runner_slot_close(&slots[0]);
    close(fd);
    return rc == OK ? OK : err_wrap(why, rc, "lab %s", lab->id);
}

/* Adds the cases of one lab, as far as there is room. */
static enum err_code add_lab(const struct calibrate_command *c, const char *name, int core,
                             struct arena *a, struct calibration cases[CASES_MAX], size_t *n,
                             struct err *why)
{
    struct lab lab;
    enum err_code rc = lab_open(&lab, &c->paths, name, a, why);
    if (rc != OK)
        return rc;
    if (lab.n_timed > CASES_MAX - *n)
        rc = err_set(why, ERR_LIMIT, "more than %d timed cases: name some labs", CASES_MAX);
    else if (lab.n_timed > 0)
        rc = calibrate_lab(&lab, core, a, &cases[*n], why);
    if (rc == OK)
        *n += lab.n_timed;
    lab_close(&lab);
    return rc;
}

static enum err_code all_cases(const struct calibrate_command *c, int core, struct arena *a,
                               struct calibration cases[CASES_MAX], size_t *n, struct err *why)
{
    const char *const *names = c->names;
    size_t n_names = c->n_names;
    enum err_code rc = OK;
    *n = 0;
    if (n_names == 0)
        rc = lab_list(&c->paths, a, &names, &n_names, why);
    for (size_t i = 0; rc == OK && i < n_names; i++)
        rc = add_lab(c, names[i], core, a, cases, n, why);
    if (rc == OK && *n == 0)
        rc = err_set(why, ERR_NOT_FOUND, "none of these labs has a timed case");
    return rc;
}

static size_t look_at_priority(struct quiet_finding *ret)
{
    if (core_raise(0, CORE_CLOCK)) {
        core_lower(0);
        return 0;
    }
    *ret = (struct quiet_finding){
        "timed calls have no real-time priority here",
        "give the grader CAP_SYS_NICE, or an RLIMIT_RTPRIO of 2 (systemd: LimitRTPRIO=2)"};
    return 1;
}

/* Before we make a load of our own. */
static size_t look_around(int core, struct arena *a, struct quiet_finding *ret)
{
    size_t n = quiet_look("", core, a, ret);
    n += quiet_cells(a, ret + n, QUIET_MAX);
    return n + look_at_priority(ret + n);
}

enum err_code calibrate_run(const struct calibrate_command *c, struct arena *a, FILE *out,
                            bool *ret_fit, struct err *why)
{
    struct calibration cases[CASES_MAX] = {0};
    struct quiet_finding findings[2 * QUIET_MAX + 1];
    struct calibrate_result r = {
        .cases = cases, .findings = findings, .core = core_pick(c->core), .fit = true};
    r.n_findings = look_around(r.core, a, findings);
    const enum err_code rc = all_cases(c, r.core, a, cases, &r.n_cases, why);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < r.n_cases; i++)
        r.fit = r.fit && cases[i].fit;
    struct str text;
    str_init(&text, TEXT_MAX);
    if (c->json)
        calibrate_write_json(&r, &text);
    else
        calibrate_write_text(&r, &text);
    fwrite(text.text, 1, text.length, out);
    str_done(&text);
    *ret_fit = r.fit;
    return OK;
}
