#include "grader/sdk/check.h"

#include "ops.h"

static void each_index(struct check *k, int threads, size_t n)
{
    check_case(k, "%zu indices, %d thread%s", n, threads, threads == 1 ? "" : "s");
    uint32_t *want = check_alloc(k, n * sizeof *want);
    for (size_t i = 0; i < n; i++)
        want[i] = 1;
    struct call *c = check_call(k, OP_EACH);
    call_i64(c, (int64_t)n);
    call_i64(c, threads);
    call_out(c, n * sizeof *want);
    if (!call_run(c) || !check_i64(k, "par_for", 0, call_result(c, 0)))
        return;
    if (!check_bytes(k, "calls of each index (uint32_t)", want, call_bytes(c, 2), n * sizeof *want))
        check_hint(k, "is every index in exactly one thread's share, also where n is no multiple?");
}

static void each(struct check *k)
{
    static const size_t sizes[] = {0, 1, 7, 8, 1001};
    for (int threads = 1; threads <= 8; threads += 7)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            each_index(k, threads, sizes[i]);
}

static void together(struct check *k)
{
    static const int threads[] = {2, 8};
    for (int i = 0; i < 2; i++) {
        check_case(k, "%d threads meet", threads[i]);
        struct call *c = check_call(k, OP_TOGETHER);
        call_i64(c, threads[i] * 4);
        call_i64(c, threads[i]);
        if (call_run(c) && !check_i64(k, "calls at once", threads[i], call_result(c, 1)))
            check_hint(k, "the calls wait for each other: do all threads run at the same time?");
    }
}

static const struct lab_group groups[] = {
    {.name = "each", .run = each},
    {.name = "together", .run = together},
    {.name = "hygiene", .run = each, .sanitize = true, .hygiene = true},
};
const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], NULL, 0};
