#include "grader/sdk/check.h"

#include <string.h>

#include "grader/sdk/draw.h"
#include "ops.h"

static void judge(struct check *k, const char *question, size_t n)
{
    char *want = check_alloc(k, n + 1);
    int64_t lines = n > 0 && question[n - 1] != '\n';
    for (size_t i = 0; i < n; i++) {
        const char q = question[i];
        want[i] = q >= 'a' && q <= 'z' ? (char)(q - 'a' + 'A') : q;
        lines += q == '\n';
    }
    struct call *c = check_call(k, OP_TALK);
    call_in(c, question, n);
    call_out(c, n + 1);
    if (!call_run(c) || !check_i64(k, "bytes of the answer", (int64_t)n, call_result(c, 1)) ||
        !check_bytes(k, "answer", want, call_bytes(c, 1), n))
        return;
    check_i64(k, "serve_one", lines, call_result(c, 0));
}

static void lines(struct check *k)
{
    static const char *const table[] = {"hello\n", "two\nlines\n", "\n\n", "Mixed 123 {z}\n"};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        check_case(k, "%zu bytes, case %zu", strlen(table[i]), i + 1);
        judge(k, table[i], strlen(table[i]));
    }
}

static void streams(struct check *k)
{
    static const size_t sizes[] = {0, 1, 5000, 20000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        check_case(k, "%zu bytes", sizes[s]);
        char *text = check_alloc(k, sizes[s] + 1);
        for (size_t i = 0; i < sizes[s]; i++)
            text[i] = i + 1 == sizes[s] ? 'x' : (char)draw_between(check_rng(k), 10, 126);
        judge(k, text, sizes[s]);
    }
}

static const struct lab_group groups[] = {
    {.name = "lines", .run = lines},
    {.name = "streams", .run = streams},
    {.name = "hygiene", .run = lines, .sanitize = true, .hygiene = true},
};
const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], NULL, 0};
