#include "bench/reference/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMITS = 3, ROUNDS_MAX = 101 };

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others' turns on this core do not count */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

uint8_t *bench_window(const struct bench *bench, size_t bytes, size_t turn)
{
    const size_t step = (bytes + 4095) / 4096 * 4096;
    return bench->cold + turn % (BENCH_COLD_BYTES / step) * step;
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

/* The slowest of the limits, as they stand at this moment. */
static double limit_seconds(const struct bench *bench, const struct bench_case *c, size_t turn)
{
    double start = bench_now(), slowest = 0.0;
    if (c->loads > 0)
        bench_keep(bench_load(bench_window(bench, c->loads, turn), c->loads));
    slowest = fmax(slowest, bench_now() - start);
    start = bench_now();
    if (c->stores > 0)
        bench_store(bench->hot, c->stores);
    slowest = fmax(slowest, bench_now() - start);
    start = bench_now();
    if (c->fmas > 0)
        bench_keep((uint64_t)bench_fma(c->fmas));
    return fmax(slowest, bench_now() - start);
}

struct times {
    double limit[ROUNDS_MAX];
    double rung[BENCH_RUNGS][ROUNDS_MAX];
    double cached[BENCH_RUNGS][ROUNDS_MAX];
};

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
        ret->limit[at] = limit_seconds(bench, c, turn++);
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

void bench_run(const struct bench *bench, const struct bench_case *c)
{
    if (bench->only && !strstr(c->name, bench->only))
        return;
    static struct times t;
    measure(bench, c, &t);
    for (size_t r = 0; r < c->n_rungs; r++) {
        const double seconds = median(t.rung[r], bench->rounds);
        printf("%-24s %-8s %10.1f us %8.2f GB/s %8.2f GFLOP/s %6.1f %% of the limit %8.2f x",
               c->name, c->rungs[r].name, seconds * 1e6, c->bytes / seconds * 1e-9,
               c->flops / seconds * 1e-9, 100.0 * median_ratio(t.limit, t.rung[r], bench->rounds),
               median_ratio(t.rung[0], t.rung[r], bench->rounds));
        if (c->rungs[r].cached)
            printf(" %8.2f GB/s cached", c->bytes / median(t.cached[r], bench->rounds) * 1e-9);
        putchar('\n');
    }
    fflush(stdout);
}
