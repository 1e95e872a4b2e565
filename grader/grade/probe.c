#include "grader/grade/probe.h"

#include <setjmp.h>

#include "grader/grade/check.h"
#include "grader/grade/grade.h"

enum { CRASHES = 8 };

/* A group under way, and the way out of it once a case has failed: what its checker would still do
 * is of no interest, and takes most of the time. */
struct sprint {
    struct check check; /* first, so that a pointer to it is one to all of this */
    const char *failed; /* the case, the arena's; NULL: none */
    jmp_buf out;
};

static void leave(struct check *k)
{
    struct sprint *s = (struct sprint *)(void *)k;
    s->failed = arena_strdup(k->report, k->now.name);
    longjmp(s->out, 1);
}

static void run_until_failure(struct sprint *s, const struct lab_group *code)
{
    if (setjmp(s->out) != 0)
        return;
    code->run(&s->check);
    check_end_case(&s->check);
}

static enum err_code run_group(const struct lab *lab, const struct lab_group *code,
                               struct runner_slot *slot, const struct probe_options *o,
                               struct arena *a, struct probe *ret, struct err *why)
{
    struct sprint *s = arena_alloc(a, sizeof *s);
    if (s == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a group");
    check_init(&s->check, lab, code->name, slot, a, o->seed);
    s->check.on_failure = o->whole ? NULL : leave;
    run_until_failure(s, code);
    const enum err_code rc = s->check.rc;
    if (rc != OK)
        err_set(why, rc, "group '%s': %s", code->name, s->check.why.text);
    if (rc == OK && s->failed != NULL)
        *ret = (struct probe){.failed = true, .group = code->name, .test_case = s->failed};
    check_done(&s->check);
    return rc;
}

enum err_code probe_run(const struct lab *lab, int image_fd, const struct probe_options *options,
                        struct arena *a, struct probe *ret, struct err *why)
{
    struct lab patient = *lab;
    const int slowness = options->slowness > 1 ? options->slowness : 1;
    patient.limits.case_cpu_ms *= slowness;
    patient.limits.group_cpu_ms *= slowness;
    struct runner_slot slot = {.config = grade_runner_config(lab, image_fd, false, options->core),
                               .max_incidents = options->whole ? CRASHES : 1};
    slot.config.cover_fd = options->cover_fd;
    struct probe found = {.failed = false};
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < lab->n_groups && (options->whole || !found.failed); i++) {
        const struct lab_group *code = lab_group_code(lab, lab->groups[i].name);
        rc = run_group(&patient, code, &slot, options, a, &found, why);
    }
    if (options->cover_fd > 0)
        runner_hang_up(&slot.runner);
    runner_slot_close(&slot);
    if (rc == OK)
        *ret = found;
    return rc;
}
