/* The known ladders come out in the known order, and about as far apart as on devices. Bands are
 * wide: they hold the model to its purpose, not to its constants. Sizes are a quarter of what the
 * benchmark shows, on four SMs, so that the best rungs fill them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vgpu/ladders/ladders.h"

struct band { /* of a rung's time over that of the best, the last one */
    double least, most;
};

/* What all rungs of a ladder agree on: a sum of what the blocks left, else a value of the output.
 */
static double result_of(struct rungs *r, const struct ladder *l, size_t rung)
{
    if (strcmp(l->name, "sum") != 0)
        return (double)rungs_result(r, 12345);
    double sum = 0;
    for (uint32_t b = 0; b < l->rungs[rung].grid[0]; b++)
        sum += (double)rungs_result(r, b);
    return sum;
}

static void climb(const char *profile, const struct ladder *l, const struct band *bands)
{
    struct rungs r;
    double ns[LADDER_RUNGS], first = 0;
    rungs_open(&r, profile);
    for (size_t i = 0; i < l->n; i++) {
        ns[i] = rungs_go(&r, &l->rungs[i])->ns;
        const double result = result_of(&r, l, i);
        if (i == 0)
            first = result;
        if (first == 0 || fabs(result - first) > 1e-4 * fabs(first))
            fail_msg("%s: %g, but %s: %g", l->rungs[i].name, result, l->rungs[0].name, first);
    }
    for (size_t i = 0; i < l->n; i++) {
        const double ratio = ns[i] / ns[l->n - 1];
        if (i > 0 && ns[i] >= ns[i - 1])
            fail_msg("%s: %s is no faster than %s", profile, l->rungs[i].name,
                     l->rungs[i - 1].name);
        if (ratio < bands[i].least || ratio > bands[i].most)
            fail_msg("%s: %s takes %.2f of the best, not %g to %g", profile, l->rungs[i].name,
                     ratio, bands[i].least, bands[i].most);
    }
    rungs_close(&r);
}

/* Published shares of cuBLAS on an A6000 at 4096 (siboehm/SGEMM_CUDA) make 72, 11, 7.3, 2.6, 1.36
 * and 1.2 of the best rung. */
static void sgemm_climbs_as_on_an_a6000(void **state)
{
    (void)state;
    const struct band bands[] = {{30, 150},  {4, 20},     {3, 10}, {2, 5},
                                 {1.3, 2.7}, {1.03, 1.4}, {1, 1}};
    const struct ladder l = ladder_sgemm(256);
    climb("a6000/4", &l, bands);
}

static void sgemm_climbs_on_an_a100(void **state)
{
    (void)state;
    const struct band bands[] = {{30, 150},  {4, 20},     {3, 10}, {2, 5},
                                 {1.3, 2.7}, {1.03, 1.4}, {1, 1}};
    const struct ladder l = ladder_sgemm(256);
    climb("a100/4", &l, bands);
}

static void reductions_climb(void **state)
{
    (void)state;
    const struct band bands[] = {{1.5, 4}, {1.15, 2.5}, {1.01, 1.5}, {1.005, 1.3}, {1, 1}};
    const struct ladder l = ladder_sum();
    climb("a100/8", &l, bands);
}

static void transposes_climb(void **state)
{
    (void)state;
    const struct band bands[] = {{1.6, 4}, {1.1, 2}, {1, 1}};
    const struct ladder l = ladder_transpose();
    climb("a100/8", &l, bands);
}

static void softmaxes_climb(void **state)
{
    (void)state;
    const struct band bands[] = {{1.15, 2.5}, {1.05, 2}, {1, 1}};
    const struct ladder l = ladder_softmax();
    climb("a100/8", &l, bands);
}

/* ---- counts that can be told by hand ---- */

static struct cost_kernel once(const struct rung *rung)
{
    struct rungs r;
    rungs_open(&r, "a100/8");
    struct cost_kernel k = *rungs_go(&r, rung);
    k.name = rung->name;
    rungs_close(&r);
    return k;
}

static void transposes_have_the_sectors_and_conflicts_of_their_addresses(void **state)
{
    (void)state;
    enum { WARPS = 2048 * 1024 / 32 };
    const struct ladder l = ladder_transpose();
    const struct cost_kernel naive = once(&l.rungs[0]), tiled = once(&l.rungs[1]),
                             padded = once(&l.rungs[2]);
    assert_int_equal(naive.total.requests, 2 * WARPS);
    assert_int_equal(naive.total.sectors_ideal, 8 * WARPS);
    assert_int_equal(naive.total.sectors, (4 + 32) * WARPS); /* 4.5 of the fewest */
    assert_int_equal(tiled.total.sectors, 8 * WARPS);
    assert_int_equal(tiled.total.conflicts, 31 * WARPS); /* 2,031,616 */
    assert_int_equal(padded.total.conflicts, 0);
}

static void four_at_a_time_quarters_the_requests_and_no_sector(void **state)
{
    (void)state;
    enum { N = 1 << 22 };
    const struct cost_kernel one =
        once(&(struct rung){"saxpy", {N / 256, 1, 1}, {256, 1, 1}, N, 0});
    const struct cost_kernel four =
        once(&(struct rung){"saxpy_four", {N / 1024, 1, 1}, {256, 1, 1}, N, 0});
    assert_int_equal(one.total.sectors, 3 * N / 8); /* 1,572,864: the fewest */
    assert_int_equal(one.total.sectors_ideal, 3 * N / 8);
    assert_int_equal(four.total.sectors, 3 * N / 8);
    assert_int_equal(one.total.requests, 3 * N / 32);
    assert_int_equal(four.total.requests * 4, one.total.requests);
    assert_int_equal(one.dram_read, 2 * 4 * N);
    assert_true(four.ns < one.ns);
}

/* ---- what must pay ---- */

static void fusing_pays(void **state)
{
    (void)state;
    enum { N = 1 << 18 };
    const struct cost_kernel
        add = once(&(struct rung){"add_only", {N / 256, 1, 1}, {256, 1, 1}, N, 0}),
        scale = once(&(struct rung){"scale_only", {N / 256, 1, 1}, {256, 1, 1}, N, 0}),
        both = once(&(struct rung){"add_and_scale", {N / 256, 1, 1}, {256, 1, 1}, N, 0});
    assert_true(both.ns < 0.8 * (add.ns + scale.ns));
    assert_true(both.ns > add.ns); /* an instruction more */
}

static void fewer_bytes_pay(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    const struct cost_kernel floats = once(
                                 &(struct rung){"scale_only", {N / 256, 1, 1}, {256, 1, 1}, N, 0}),
                             bytes = once(
                                 &(struct rung){"scale_bytes", {N / 256, 1, 1}, {256, 1, 1}, N, 0});
    assert_true(bytes.dram_read * 4 == floats.dram_read);
    assert_true(bytes.ns < 0.9 * floats.ns);
}

static void independent_work_pays_where_few_warps_hide_latency(void **state)
{
    (void)state;
    enum { PRODUCTS = 4096 };
    const struct cost_kernel one = once(
                                 &(struct rung){"one_chain", {8, 1, 1}, {32, 1, 1}, 0, PRODUCTS}),
                             four = once(
                                 &(struct rung){"four_chains", {8, 1, 1}, {32, 1, 1}, 0, PRODUCTS});
    assert_int_equal(one.bound, COST_LATENCY);
    assert_true(four.cycles[COST_LATENCY] < 0.6 * one.cycles[COST_LATENCY]);
    assert_true(four.ns < one.ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgemm_climbs_as_on_an_a6000),
        cmocka_unit_test(sgemm_climbs_on_an_a100),
        cmocka_unit_test(reductions_climb),
        cmocka_unit_test(transposes_climb),
        cmocka_unit_test(softmaxes_climb),
        cmocka_unit_test(transposes_have_the_sectors_and_conflicts_of_their_addresses),
        cmocka_unit_test(four_at_a_time_quarters_the_requests_and_no_sector),
        cmocka_unit_test(fusing_pays),
        cmocka_unit_test(fewer_bytes_pay),
        cmocka_unit_test(independent_work_pays_where_few_warps_hide_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
