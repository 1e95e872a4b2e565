/* A checker that is right unless the environment's BAD asks for a fault: assert, segv, loop, driver
 * or truth. Tests need each of them, and no other lab may read the environment. */
#include "grader/sdk/check.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"

static bool is_bad(const char *fault)
{
    const char *bad = getenv("BAD");
    return bad != NULL && strcmp(bad, fault) == 0;
}

static void go_wrong(void)
{
    assert(!is_bad("assert"));
    if (is_bad("segv"))
        raise(SIGSEGV);
    volatile bool forever = is_bad("loop");
    while (forever)
        ;
}

static void one_case(struct check *k, size_t n)
{
    check_case(k, "%zu numbers", n);
    uint64_t *x = check_alloc(k, n * sizeof *x);
    uint64_t want = is_bad("truth") ? 1 : 0;
    for (size_t i = 0; i < n; i++)
        want += x[i] = lab_rng_next(check_rng(k));
    if (n == 4)
        go_wrong();
    struct call *c = check_call(k, is_bad("driver") ? OP_CRASH : OP_SUM);
    call_in(c, x, n * sizeof *x);
    if (call_run(c))
        check_i64(k, "sum", (int64_t)want, call_result(c, 0));
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

static const struct lab_group groups[] = {{.name = "sums", .run = sums},
                                          {.name = "more", .run = more}};
const struct lab_module lab_module = {.sdk = LAB_SDK, .groups = groups, .n_groups = 2};
