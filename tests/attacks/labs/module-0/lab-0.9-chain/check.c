#include "grader/sdk/check.h"

#include "ops.h"

enum { TIMED_NUMBERS = 128 * 1024 };

static uint64_t truth(const uint64_t *x, uint64_t *ret, size_t n)
{
    uint64_t y = n;
    for (size_t i = 0; i < n; i++)
        ret[i] = y = ((y << 17 | y >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return n > 0 ? y : 0;
}

static struct call *prepare(struct check *k, size_t n)
{
    uint64_t *x = check_alloc(k, n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = lab_rng_next(check_rng(k));
    struct call *c = check_call(k, OP_CHAIN);
    call_in(c, x, n * sizeof *x);
    call_out(c, n * sizeof *x);
    return c;
}

static void verify(struct check *k, const struct call *c, size_t n)
{
    uint64_t *want = check_alloc(k, n * sizeof *want);
    const uint64_t last = truth(call_input(c, 0), want, n);
    check_i64(k, "chain", (int64_t)last, call_result(c, 0));
    check_bytes(k, "y", want, call_bytes(c, 1), n * sizeof *want);
}

static void one_case(struct check *k, size_t n)
{
    check_case(k, "%zu numbers", n);
    struct call *c = prepare(k, n);
    if (call_run(c))
        verify(k, c, n);
}

static void short_chains(struct check *k)
{
    for (size_t n = 0; n <= 40; n += 4)
        one_case(k, n);
}

static void long_chains(struct check *k)
{
    for (size_t n = 1000; n <= 8000; n += 1000)
        one_case(k, n);
}

static struct call *prepare_timed(struct check *k)
{
    return prepare(k, TIMED_NUMBERS);
}

static void verify_timed(struct check *k, struct call *c)
{
    verify(k, c, TIMED_NUMBERS);
}

static const struct lab_group groups[] = {{.name = "short", .run = short_chains},
                                          {.name = "long", .run = long_chains}};
static const struct lab_timed timed[] = {{.name = "chain",
                                          .prepare = prepare_timed,
                                          .verify = verify_timed,
                                          .work = TIMED_NUMBERS * 16e-9}};
const struct lab_module lab_module = {
    .sdk = LAB_SDK, .groups = groups, .n_groups = 2, .timed = timed, .n_timed = 1};
