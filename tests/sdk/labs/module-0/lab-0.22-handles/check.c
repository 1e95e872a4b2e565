#include "grader/sdk/check.h"

#include <string.h>

#include "grader/sdk/draw.h"
#include "ops.h"

enum { MANY = 8, STEPS = 40, NUMBERS = 9 };
#define TOLERANCE 1e-12

/* One object over there, and what it has to be. */
struct twin {
    struct check_handle handle;
    double decay, m;
};

static bool make(struct check *k, double decay, struct twin *ret)
{
    struct call *c = check_call(k, OP_NEW);
    call_f64(c, decay);
    if (!call_run(c))
        return false;
    *ret = (struct twin){.handle = call_new_handle(c, 0), .decay = decay};
    if (ret->handle.id == 0)
        check_fail(k, "mean_new gives a mean", "it gave NULL");
    return ret->handle.id != 0;
}

static bool add(struct check *k, struct twin *t, double x)
{
    struct call *c = check_call(k, OP_ADD);
    call_handle(c, t->handle);
    call_f64(c, x);
    call_out(c, sizeof(double));
    if (!call_run(c))
        return false;
    double m;
    memcpy(&m, call_bytes(c, 2), sizeof m);
    t->m = t->decay * x + (1.0 - t->decay) * t->m;
    return check_f64_near(k, "mean_add", t->m, m, TOLERANCE);
}

/* The numbers are changed where they lie. */
static bool subtract(struct check *k, const struct twin *t)
{
    double *x = check_alloc(k, NUMBERS * sizeof *x), got[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        x[i] = draw_normal(check_rng(k));
    struct call *c = check_call(k, OP_SUBTRACT);
    call_handle(c, t->handle);
    call_inout(c, x, NUMBERS * sizeof *x);
    if (!call_run(c))
        return false;
    memcpy(got, call_bytes(c, 1), sizeof got);
    bool right = true;
    for (int i = 0; right && i < NUMBERS; i++)
        right = check_f64_near(k, check_printf(k, "x[%d]", i), x[i] - t->m, got[i], TOLERANCE);
    return right;
}

static int64_t drop(struct check *k, const struct twin *t)
{
    struct call *c = check_call(k, OP_FREE);
    call_handle(c, t->handle);
    return call_run(c) ? call_result(c, 0) : -1;
}

static void one(struct check *k)
{
    static const double decays[] = {1.0, 0.5, 0.01};
    for (int d = 0; d < 3; d++) {
        struct twin t;
        check_case(k, "decay %g, %d steps", decays[d], STEPS);
        bool right = make(k, decays[d], &t);
        for (int i = 0; right && i < STEPS; i++)
            right = add(k, &t, draw_normal(check_rng(k)));
        if (right && subtract(k, &t))
            drop(k, &t);
    }
}

/* Any order of steps. */
static void many(struct check *k)
{
    struct twin t[MANY];
    check_case(k, "%d means, %d steps in any order", MANY, STEPS);
    for (int i = 0; i < MANY; i++)
        if (!make(k, draw_uniform(check_rng(k), 0.1, 1.0), &t[i]))
            return;
    for (int i = 0; i < STEPS; i++)
        if (!add(k, &t[draw_below(check_rng(k), MANY)], draw_normal(check_rng(k)))) {
            check_hint(k, "is there anything that all means share?");
            return;
        }
    for (int i = 0; i < MANY; i++)
        drop(k, &t[i]);
}

static void nothing_is_left(struct check *k)
{
    struct twin t;
    int64_t first;
    check_case(k, "made and freed twice");
    if (!make(k, 0.5, &t) || (first = drop(k, &t)) < 0 || !make(k, 0.5, &t))
        return;
    if (!check_i64(k, "bytes on the heap after the second", first, drop(k, &t)))
        check_hint(k, "mean_free gives back all that mean_new took");
}

static void refusals(struct check *k)
{
    static const double decays[] = {0.0, -0.5, 1.5};
    for (int d = 0; d < 3; d++) {
        check_case(k, "decay %g", decays[d]);
        struct call *c = check_call(k, OP_NEW);
        call_f64(c, decays[d]);
        if (call_run(c) && call_new_handle(c, 0).id != 0)
            check_fail(k, "NULL", "a mean");
    }
}

static void many_and_rules(struct check *k)
{
    check_part(k, "many", 3);
    many(k);
    check_part(k, "heap", 2);
    nothing_is_left(k);
    check_part(k, "refusals", 1);
    refusals(k);
}

static const struct lab_group groups[] = {{.name = "one", .run = one},
                                          {.name = "many", .run = many_and_rules}};
const struct lab_module lab_module = {.sdk = LAB_SDK, .groups = groups, .n_groups = 2};
