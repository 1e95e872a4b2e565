#include "grader/vgpu/real/timing.h"

#include <stdlib.h>

struct stopwatch {
    driver_event from, to;
};

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int watch_new(const struct driver *d, struct stopwatch *w)
{
    const int error = d->event_new(&w->from, 0);
    return error ? error : d->event_new(&w->to, 0);
}

static void watch_free(const struct driver *d, struct stopwatch *w)
{
    if (w->from)
        d->event_free(w->from);
    if (w->to)
        d->event_free(w->to);
}

static int take_time(const struct driver *d, const struct stopwatch *w,
                     const struct timing_side *side, double *ret_ms)
{
    float ms = 0.0f;
    int error = d->event_record(w->from, NULL);
    if (error == DRIVER_OK)
        error = side->run(side->context);
    if (error == DRIVER_OK)
        error = d->event_record(w->to, NULL);
    if (error == DRIVER_OK)
        error = d->context_wait();
    if (error == DRIVER_OK)
        error = d->event_ms(&ms, w->from, w->to);
    *ret_ms = (double)ms;
    return error;
}

/* Times of pair `i` go to [0] for the learner, [1] for the solution; who begins alternates. */
static int take_pair(const struct driver *d, const struct stopwatch *w,
                     const struct timing_side *const sides[2], int i, double ret_ms[2])
{
    const int first = i % 2;
    const int error = take_time(d, w, sides[first], &ret_ms[first]);
    return error ? error : take_time(d, w, sides[1 - first], &ret_ms[1 - first]);
}

static double quantile(double *values, int n, int quarter)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return values[(n - 1) * quarter / 4];
}

enum err_code timing_pair(const struct driver *d, const struct timing_side *learner,
                          const struct timing_side *solution, const struct timing_config *config,
                          struct timing_result *ret, struct err *why)
{
    const struct timing_side *const sides[] = {learner, solution};
    double ms[2] = {0}, ratio[TIMING_PAIRS_MAX], a[TIMING_PAIRS_MAX], b[TIMING_PAIRS_MAX];
    struct stopwatch w = {.from = NULL};
    const int n = config->pairs;
    if (n < 1 || n > TIMING_PAIRS_MAX || n % 2 == 0 || config->warm < 0)
        return err_set(why, ERR_INVALID, "%d pairs: expected an odd number to %d", n,
                       TIMING_PAIRS_MAX);
    int error = watch_new(d, &w);
    enum err_code rc = OK;
    for (int i = -config->warm; error == DRIVER_OK && rc == OK && i < n; i++) {
        error = take_pair(d, &w, sides, i & 1, ms);
        if (i < 0 || error != DRIVER_OK)
            continue;
        if (!(ms[0] > 0.0) || !(ms[1] > 0.0))
            rc = err_set(why, ERR_RANGE, "a run too short for events: %g and %g ms", ms[0], ms[1]);
        a[i] = ms[0];
        b[i] = ms[1];
        ratio[i] = ms[1] / ms[0];
    }
    watch_free(d, &w);
    if (rc == OK)
        rc = driver_check(d, error, why, "timing a pair");
    if (rc == OK)
        *ret = (struct timing_result){.ratio = quantile(ratio, n, 2),
                                      .ratio_low = quantile(ratio, n, 1),
                                      .ratio_high = quantile(ratio, n, 3),
                                      .learner_ms = quantile(a, n, 2),
                                      .solution_ms = quantile(b, n, 2)};
    return rc;
}

struct copying {
    const struct driver *d;
    driver_address to, from;
    size_t bytes;
};

static int run_copy(void *context)
{
    const struct copying *c = context;
    return c->d->copy(c->to, c->from, c->bytes, NULL);
}

static int best_copy(struct copying *c, const struct stopwatch *w, int repeats, double *ret_ms)
{
    const struct timing_side side = {run_copy, c};
    double ms = 0.0;
    int error = c->d->fill8(c->from, c->bytes, 1, c->bytes, 1, NULL);
    if (error == DRIVER_OK)
        error = take_time(c->d, w, &side, &ms); /* the first one warms up */
    for (int i = 0; error == DRIVER_OK && i < repeats; i++) {
        error = take_time(c->d, w, &side, &ms);
        if (i == 0 || ms < *ret_ms)
            *ret_ms = ms;
    }
    return error;
}

enum err_code timing_copy_bandwidth(const struct driver *d, size_t bytes, int repeats, double *ret,
                                    struct err *why)
{
    struct copying c = {.d = d, .bytes = bytes};
    struct stopwatch w = {.from = NULL};
    double ms = 0.0;
    int error = watch_new(d, &w);
    if (error == DRIVER_OK)
        error = d->memory_new(&c.from, bytes);
    if (error == DRIVER_OK)
        error = d->memory_new(&c.to, bytes);
    if (error == DRIVER_OK)
        error = best_copy(&c, &w, repeats, &ms);
    if (c.from)
        d->memory_free(c.from);
    if (c.to)
        d->memory_free(c.to);
    watch_free(d, &w);
    const enum err_code rc = driver_check(d, error, why, "copying %zu bytes", bytes);
    if (rc != OK)
        return rc;
    if (!(ms > 0.0))
        return err_set(why, ERR_RANGE, "a copy of %zu bytes is too short for events", bytes);
    *ret = 2.0 * (double)bytes / (ms * 1e-3);
    return OK;
}

double timing_share(double bytes, double ms, double copy_bandwidth)
{
    return bytes / (ms * 1e-3) / copy_bandwidth;
}
