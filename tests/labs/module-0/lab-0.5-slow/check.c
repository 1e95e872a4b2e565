#include "grader/sdk/check.h"

#include "ops.h"

enum { MANY = 128 * 1024 };

static struct call *prepare(struct check *k, size_t n)
{
    uint64_t *x = check_alloc(k, n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = lab_rng_next(check_rng(k));
    struct call *c = check_call(k, OP_SUM);
    call_in(c, x, n * sizeof *x);
    return c;
}

static void verify(struct check *k, const struct call *c, size_t n)
{
    const uint64_t *x = call_input(c, 0);
    uint64_t want = 0;
    for (size_t i = 0; i < n; i++)
        want += x[i];
    check_i64(k, "sum", (int64_t)want, call_result(c, 0));
}

static void one_case(struct check *k, size_t n)
{
    check_case(k, "%zu numbers", n);
    struct call *c = prepare(k, n);
    if (call_run(c))
        verify(k, c, n);
}

static void sums(struct check *k)
{
    for (size_t n = 0; n <= 8; n += 2)
        one_case(k, n);
}

static void more(struct check *k)
{
    for (size_t n = 100; n <= 300; n += 100)
        one_case(k, n);
}

static struct call *prepare_many(struct check *k)
{
    return prepare(k, MANY);
}

static void verify_many(struct check *k, struct call *c)
{
    verify(k, c, MANY);
}

static const struct lab_group groups[] = {{.name = "sums", .run = sums},
                                          {.name = "more", .run = more}};
static const struct lab_timed timed[] = {
    {.name = "many", .prepare = prepare_many, .verify = verify_many, .work = MANY * 8e-9}};
const struct lab_module lab_module = {
    .sdk = LAB_SDK, .groups = groups, .n_groups = 2, .timed = timed, .n_timed = 1};
