#include "bench/reference/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 101 };

enum limit { LIMIT_READS, LIMIT_STORES, LIMIT_ARITHMETIC, LIMIT_COPY, LIMITS };
static const char *const limit_names[LIMITS] = {"reads", "stores", "multiply-adds", "copy"};

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others' turns on this core do not count */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

uint8_t *bench_window_of(uint8_t *memory, size_t bytes, size_t turn)
{
    const size_t step = (bytes + 4095) / 4096 * 4096;
    return step > 0 ? memory + turn % (BENCH_COLD_BYTES / step) * step : memory;
}

uint8_t *bench_window(const struct bench *bench, size_t bytes, size_t turn)
{
    return bench_window_of(bench->cold, bytes, turn);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int n)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, (size_t)n * sizeof values[0]);
    qsort(sorted, (size_t)n, sizeof sorted[0], compare);
    return n % 2 != 0 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0;
}

void bench_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value));
}

float *bench_floats(size_t n)
{
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    if (x == NULL) {
        fprintf(stderr, "bench_reference: no memory for %zu floats\n", n);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < n; i++)
        x[i] = sinf((float)(i % 4093));
    return x;
}

static void run_limit(const struct bench *bench, const struct bench_case *c, enum limit limit,
                      size_t turn)
{
    const uint8_t *in = bench_window(bench, c->loads, turn);
    switch (limit) {
    case LIMIT_READS:
        bench_keep(bench_load(in, c->loads));
        break;
    case LIMIT_STORES:
        bench_store(bench->hot, c->stores);
        break;
    case LIMIT_ARITHMETIC:
        bench_keep((uint64_t)bench_fma(c->fmas));
        break;
    case LIMIT_COPY:
        bench_keep(bench_copy(in, c->loads, bench_window_of(c->out, c->stores, turn), c->stores));
        break;
    case LIMITS:
        break;
    }
}

static bool has_limit(const struct bench_case *c, enum limit limit)
{
    const bool has[LIMITS] = {c->loads > 0 && c->out == NULL, c->stores > 0 && c->out == NULL,
                              c->fmas > 0, c->out != NULL};
    return has[limit];
}

struct times {
    double limit[LIMITS][ROUNDS_MAX];
    double roofline[ROUNDS_MAX]; /* the slowest limit of each round */
    double rung[BENCH_RUNGS][ROUNDS_MAX];
    double cached[BENCH_RUNGS][ROUNDS_MAX];
};

/* All the limits, as they stand at this moment. */
static void measure_limits(const struct bench *bench, const struct bench_case *c, int at,
                           size_t turn, struct times *ret)
{
    ret->roofline[at] = 0.0;
    for (int l = 0; l < LIMITS; l++) {
        const double start = bench_now();
        if (has_limit(c, (enum limit)l))
            run_limit(bench, c, (enum limit)l, turn);
        ret->limit[l][at] = bench_now() - start;
        ret->roofline[at] = fmax(ret->roofline[at], ret->limit[l][at]);
    }
}

static double seconds_of(const struct bench_rung *rung, void *context, size_t turn)
{
    const double start = bench_now();
    rung->run(context, turn);
    return bench_now() - start;
}

/* Each part of a round has a window of its own, so that none finds another's data in a cache. */
static void measure(const struct bench *bench, const struct bench_case *c, struct times *ret)
{
    size_t turn = 0;
    for (int round = -1; round < bench->rounds; round++) { /* the first one warms up */
        const int at = round < 0 ? 0 : round;
        measure_limits(bench, c, at, turn++, ret);
        for (size_t r = 0; r < c->n_rungs; r++) {
            ret->rung[r][at] = seconds_of(&c->rungs[r], c->rungs[r].context, turn++);
            if (c->rungs[r].cached)
                ret->cached[r][at] = seconds_of(&c->rungs[r], c->rungs[r].cached, 0);
        }
    }
}

static double median_ratio(const double *a, const double *b, int n)
{
    double ratio[ROUNDS_MAX];
    for (int i = 0; i < n; i++)
        ratio[i] = a[i] / b[i];
    return median(ratio, n);
}

/* The roofline's name: the limit that takes longest in the median. */
static const char *slowest_limit(const struct times *t, int rounds)
{
    enum limit slowest = LIMIT_READS;
    for (int l = 1; l < LIMITS; l++)
        if (median(t->limit[l], rounds) > median(t->limit[slowest], rounds))
            slowest = (enum limit)l;
    return limit_names[slowest];
}

/* What a rung could not beat: the roofline, or itself without memory to wait for. */
static void print_bound(const struct bench_case *c, const struct times *t, size_t r, int rounds)
{
    double bound[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++)
        bound[i] = fmax(t->roofline[i], t->cached[r][i]);
    const double seconds = median(t->cached[r], rounds);
    printf(" %8.2f GB/s cached %6.1f %% of its bound, %s", c->bytes / seconds * 1e-9,
           100.0 * median_ratio(bound, t->rung[r], rounds),
           seconds > median(t->roofline, rounds) ? "instructions" : slowest_limit(t, rounds));
}

void bench_run(const struct bench *bench, const struct bench_case *c)
{
    if (bench->only && !strstr(c->name, bench->only))
        return;
    static struct times t;
    measure(bench, c, &t);
    for (size_t r = 0; r < c->n_rungs; r++) {
        const double seconds = median(t.rung[r], bench->rounds);
        printf("%-24s %-8s %10.1f us %8.2f GB/s %8.2f GFLOP/s %6.1f %% of %s %8.2f x", c->name,
               c->rungs[r].name, seconds * 1e6, c->bytes / seconds * 1e-9,
               c->flops / seconds * 1e-9,
               100.0 * median_ratio(t.roofline, t.rung[r], bench->rounds),
               slowest_limit(&t, bench->rounds), median_ratio(t.rung[0], t.rung[r], bench->rounds));
        if (c->rungs[r].cached)
            print_bound(c, &t, r, bench->rounds);
        putchar('\n');
    }
    fflush(stdout);
}
