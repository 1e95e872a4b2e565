#include "grader/sdk/check.h"

#include "ops.h"

enum { TIMED_BYTES = 320 * 1024 }; /* a third of a millisecond and more */

static uint64_t truth(const uint8_t *bytes, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 1099511628211u;
    return h;
}

static struct call *prepare(struct check *k, size_t n)
{
    uint64_t *words = check_alloc(k, n + sizeof *words);
    for (size_t i = 0; i <= n / sizeof *words; i++)
        words[i] = lab_rng_next(check_rng(k));
    struct call *c = check_call(k, OP_HASH);
    call_in(c, words, n);
    return c;
}

static void verify(struct check *k, const struct call *c, size_t n)
{
    check_i64(k, "hash", (int64_t)truth(call_input(c, 0), n), call_result(c, 0));
}

static void texts(struct check *k)
{
    for (size_t n = 0; n <= 1000; n += 100) {
        check_case(k, "%zu bytes", n);
        struct call *c = prepare(k, n);
        if (call_run(c))
            verify(k, c, n);
    }
}

static struct call *prepare_timed(struct check *k)
{
    return prepare(k, TIMED_BYTES);
}

static void verify_timed(struct check *k, struct call *c)
{
    verify(k, c, TIMED_BYTES);
}

static const struct lab_group groups[] = {{.name = "texts", .run = texts}};
static const struct lab_timed timed[] = {{.name = "hash",
                                          .prepare = prepare_timed,
                                          .verify = verify_timed,
                                          .work = TIMED_BYTES * 1e-9,
                                          .bytes = TIMED_BYTES}};
const struct lab_module lab_module = {
    .sdk = LAB_SDK, .groups = groups, .n_groups = 1, .timed = timed, .n_timed = 1};
