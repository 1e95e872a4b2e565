#include "grader/sdk/check.h"

#include <string.h>

#include "grader/sdk/draw.h"
#include "lab.h"
#include "ops.h"

enum { PAGE = 4096, LARGEST = 3 * PAGE };

static void judge(struct check *k, const char *path, int status, uint64_t bytes, uint64_t sum)
{
    struct call *c = check_call(k, OP_SUM);
    call_in(c, path, strlen(path) + 1);
    if (!call_run(c) || !check_i64(k, "load_sum", status, call_result(c, 0)) || status != LOAD_OK)
        return;
    check_i64(k, "bytes", (int64_t)bytes, call_result(c, 1));
    check_i64(k, "sum", (int64_t)sum, call_result(c, 2));
}

/* A file of n random bytes; returns their sum. */
static uint64_t put(struct check *k, const char *name, size_t n)
{
    uint8_t *bytes = check_alloc(k, n);
    uint64_t sum = 0;
    draw_bytes(check_rng(k), bytes, n);
    for (size_t i = 0; i < n; i++)
        sum += bytes[i];
    check_file(k, name, bytes, n);
    return sum;
}

static void sums(struct check *k)
{
    static const size_t sizes[] = {1, 100, PAGE - 1, PAGE, PAGE + 1, LARGEST};
    const size_t count = check_sanitizing(k) ? 2 : sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < count; i++) {
        check_case(k, "a file of %zu bytes", sizes[i]);
        judge(k, "weights.bin", LOAD_OK, sizes[i], put(k, "weights.bin", sizes[i]));
    }
}

static void errors(struct check *k)
{
    check_case(k, "an empty file");
    judge(k, "empty", LOAD_OK, 0, put(k, "empty", 0));
    check_case(k, "a file that the case before had");
    judge(k, "empty", LOAD_MISSING, 0, 0);
    check_case(k, "the second of two, in a folder");
    put(k, "first", 10);
    judge(k, "models/second", LOAD_OK, 20, put(k, "models/second", 20));
    check_case(k, "a folder");
    put(k, "models/second", 20);
    judge(k, "models", LOAD_MISSING, 0, 0);
}

static const struct lab_group groups[] = {
    {.name = "sums", .run = sums},
    {.name = "errors", .run = errors},
    {.name = "hygiene", .run = sums, .sanitize = true, .hygiene = true},
};
const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], NULL, 0};
