#include "grader/sdk/check.h"

#include <string.h>

#include "base/bytes.h"
#include "grader/sdk/draw.h"
#include "ops.h"

enum { HEAD = 4, SCRATCH = 65536 /* as lab.json says */, JOURNAL_MAX = 2 * SCRATCH };
static const char path[] = "journal";

/* The journal as it has to be. */
struct journal {
    uint8_t *bytes;
    size_t size;
};

static struct journal begin(struct check *k)
{
    check_fresh(k); /* without the journal of the case before */
    return (struct journal){.bytes = check_alloc(k, JOURNAL_MAX)};
}

static bool append(struct check *k, struct journal *j, size_t n, int status)
{
    uint8_t *record = check_alloc(k, n);
    draw_bytes(check_rng(k), record, n);
    struct call *c = check_call(k, OP_APPEND);
    call_in(c, path, sizeof path);
    call_in(c, record, n);
    if (!call_run(c) || !check_i64(k, "journal_append", status, call_result(c, 0)))
        return false;
    if (status == 0) {
        wr_u32le(j->bytes + j->size, (uint32_t)n);
        memcpy(j->bytes + j->size + HEAD, record, n);
        j->size += HEAD + n;
    }
    return true;
}

static void judge(struct check *k, const struct journal *j)
{
    struct call *c = check_call(k, OP_READ_BACK);
    call_in(c, path, sizeof path);
    call_out(c, j->size + 1);
    if (call_run(c) && check_i64(k, "bytes in the file", (int64_t)j->size, call_result(c, 0)))
        check_bytes(k, "journal", j->bytes, call_bytes(c, 1), j->size);
}

static void records(struct check *k)
{
    for (int count = 1; count <= 16; count *= 4) {
        check_case(k, "%d records", count);
        struct journal j = begin(k);
        bool right = true;
        for (int i = 0; right && i < count; i++)
            right = append(k, &j, draw_below(check_rng(k), 200), 0);
        if (right)
            judge(k, &j);
    }
}

static void full(struct check *k)
{
    static const size_t sizes[] = {SCRATCH, SCRATCH + 1, SCRATCH * 3 / 2};
    for (int i = 0; i < 3; i++) {
        check_case(k, "%zu bytes where %d have room", sizes[i], SCRATCH);
        struct journal j = begin(k);
        if (append(k, &j, 100, 0) && append(k, &j, sizes[i], -1) && append(k, &j, 100, 0))
            judge(k, &j);
        if (check_failed(k))
            check_hint(k, "write() may take a part only; who gives up cuts it off again");
    }
}

static const struct lab_group groups[] = {{.name = "records", .run = records},
                                          {.name = "full", .run = full}};
const struct lab_module lab_module = {.sdk = LAB_SDK, .groups = groups, .n_groups = 2};
