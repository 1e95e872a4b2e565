/* A failing case is made again with smaller sizes while it fails in the same way. First alone, in a
 * runner that no case was in before: so the command that is printed for it shows it again. Equal
 * submissions shrink alike: the order of trials is fixed, and time that runs out takes all back. */
#include <string.h>

#include "grader/grade/check.h"

enum {
    SHRINK_TRIALS = 64,
    SHRINK_CRASHES = 16,  /* of them; each needs a new runner */
    SHRINK_CPU_MS = 1000, /* of all */
    TRIAL_CPU_MS =
        50, /* a case that is smaller has ten times the time of the large one, and this */
};

static const char STATE_HINT[] = "alone, in a fresh process, this case passes: what is kept from "
                                 "one call to the next (static or "
                                 "global variables, memory that was not set)?";

struct shrinking {
    struct check *k;
    struct check_fault best;
    int trials, crashes;
};

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* With the same verdict and, where a mistake was recognised, the same one: a smaller case must not
 * slip to another fault, nor be so small that it could be several. */
static bool is_alike(const struct check *k, const struct check_fault *f)
{
    if (!k->now.failed || k->now.verdict != f->verdict || k->now.crashed != f->crashed)
        return false;
    if (f->crashed && !same_text(k->now.actual, f->failure.actual))
        return false;
    return f->failure.hint == NULL || same_text(k->now.hint, f->failure.hint);
}

static bool in_budget(const struct shrinking *s)
{
    return s->k->rc == OK && s->trials < SHRINK_TRIALS && s->crashes < SHRINK_CRASHES &&
           s->k->trial.cpu_us < SHRINK_CPU_MS * 1000;
}

static bool fails_alike(struct shrinking *s, const struct check_shape *shape)
{
    struct check *k = s->k;
    s->best.body(k, shape);
    k->now.open = false;
    s->trials++;
    s->crashes += k->now.crashed;
    return k->rc == OK && is_alike(k, &s->best);
}

static bool fails_alike_afresh(struct shrinking *s, const struct check_shape *shape)
{
    runner_slot_close(s->k->first);
    return fails_alike(s, shape);
}

/* One size, as far down as it goes: all at once, then by halves of the distance. */
static bool shrink_size(struct shrinking *s, size_t i)
{
    bool smaller = false;
    for (int64_t step = s->best.shape.size[i] - s->best.shape.least[i]; step > 0; step /= 2)
        while (in_budget(s) && s->best.shape.size[i] - step >= s->best.shape.least[i]) {
            struct check_shape shape = s->best.shape;
            shape.size[i] -= step;
            if (!fails_alike(s, &shape))
                break;
            s->best.shape = shape;
            smaller = true;
        }
    return smaller;
}

static void shrink_all(struct shrinking *s)
{
    bool smaller = true;
    while (smaller && in_budget(s)) {
        smaller = false;
        for (size_t i = 0; i < CHECK_SIZES; i++)
            smaller = shrink_size(s, i) || smaller;
    }
}

static void take_smaller(struct check *k, const struct check_fault *small)
{
    const char *found_as = k->shown.failure.test_case;
    k->shown.shape = small->shape;
    k->shown.failure = check_story(k);
    if (strcmp(found_as, k->shown.failure.test_case) != 0) /* sizes may not be named */
        k->shown.failure.found_as = found_as;
}

static void fails_in_company_only(struct check *k)
{
    k->shown.alone = false;
    if (k->shown.failure.hint == NULL)
        k->shown.failure.hint = STATE_HINT;
}

static void shrink(struct check *k)
{
    struct shrinking s = {.k = k, .best = k->shown};
    k->trial.on = true;
    k->trial.number = k->shown.number;
    k->trial.limit_cpu_ms = k->shown.cpu_us / 100 + TRIAL_CPU_MS;
    if (!fails_alike_afresh(&s, &k->shown.shape)) {
        fails_in_company_only(k);
    } else {
        shrink_all(&s);
        const bool changed = memcmp(&s.best.shape, &k->shown.shape, sizeof s.best.shape) != 0;
        if (changed && k->trial.cpu_us < SHRINK_CPU_MS * 1000 &&
            fails_alike_afresh(&s, &s.best.shape))
            take_smaller(k, &s.best);
    }
    k->trial.on = false;
}

void check_finish(struct check *k)
{
    check_end_case(k);
    const struct check_fault *f = &k->shown;
    const bool clear = f->verdict == VERDICT_WRONG_ANSWER || f->crashed;
    if (k->rc == OK && f->ran && clear && f->body != NULL)
        shrink(k);
}
