#include "grader/sdk/check.h"

#include "ops.h"

static void sums(struct check *k)
{
    for (int i = 0; i < 10; i++) {
        check_case(k, "pair %d", i);
        const uint64_t a = lab_rng_next(check_rng(k)), b = lab_rng_next(check_rng(k));
        struct call *c = check_call(k, OP_SUM);
        call_i64(c, (int64_t)a);
        call_i64(c, (int64_t)b);
        if (call_run(c))
            check_i64(k, "sum", (int64_t)(a + b), call_result(c, 0));
    }
}

static const struct lab_group groups[] = {{.name = "sums", .run = sums}};
const struct lab_module lab_module = {.sdk = LAB_SDK, .groups = groups, .n_groups = 1};
