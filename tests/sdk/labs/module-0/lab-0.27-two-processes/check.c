#include "grader/sdk/check.h"

#include <string.h>

#include "grader/sdk/draw.h"
#include "ops.h"

/* What was packed, copied: the call that made it is over when the other one begins. */
struct blob {
    uint8_t *bytes;
    size_t size;
};

static bool pack(struct check *k, const uint8_t *x, size_t n, size_t capacity, struct blob *ret)
{
    struct call *c = check_call(k, OP_PACK);
    call_in(c, x, n);
    call_out(c, capacity);
    if (!call_run(c))
        return false;
    const int64_t size = call_result(c, 0);
    if (size <= 0 || (size_t)size > capacity) {
        check_fail(k, check_printf(k, "1 to %zu bytes", capacity),
                   check_printf(k, "%lld", (long long)size));
        return false;
    }
    *ret = (struct blob){.bytes = check_alloc(k, (size_t)size), .size = (size_t)size};
    memcpy(ret->bytes, call_bytes(c, 1), ret->size);
    return true;
}

static void judge(struct check *k, const uint8_t *x, size_t n, size_t capacity)
{
    struct blob b;
    if (!pack(k, x, n, capacity, &b))
        return;
    check_fresh(k); /* the other process has the blob, and nothing else */
    struct call *c = check_call(k, OP_UNPACK);
    call_in(c, b.bytes, b.size);
    call_out(c, n);
    if (!call_run(c) || !check_i64(k, "runs_unpack", (int64_t)n, call_result(c, 0)) ||
        !check_bytes(k, "unpacked", x, call_bytes(c, 1), n))
        check_hint(k, "all that unpacking needs has to be in the packed bytes");
}

static void round_trip(struct check *k)
{
    static const size_t sizes[] = {1, 3, 257, 4000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        check_case(k, "%zu bytes, random", n);
        uint8_t *x = check_alloc(k, n);
        draw_bytes(check_rng(k), x, n);
        judge(k, x, n, n + n / 64 + 16);
    }
}

static void small(struct check *k)
{
    static const size_t sizes[] = {16, 1000, 20000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        check_case(k, "one byte, %zu times", n);
        uint8_t *x = check_alloc(k, n);
        memset(x, (int)draw_below(check_rng(k), 256), n);
        judge(k, x, n, n / 16 + 64);
    }
}

static const struct lab_group groups[] = {{.name = "round-trip", .run = round_trip},
                                          {.name = "small", .run = small}};
const struct lab_module lab_module = {.sdk = LAB_SDK, .groups = groups, .n_groups = 2};
