#include "grader/sdk/check.h"

#include "grader/sdk/draw.h"
#include "ops.h"

enum { TEXT_MAX = 400, LOG_BYTES = 64 * 1024 };
static const char *const kinds[] = {[LOG_WORD] = "word"};

static bool is_space(char c)
{
    return c == ' ' || c == '\n';
}

/* The words of the text as entries, at most `stop_after` of them where that is not 0. */
static size_t truth(const char *text, size_t n, int64_t stop_after, struct log_entry *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < n && (stop_after == 0 || (int64_t)count < stop_after);) {
        size_t end = i;
        while (end < n && !is_space(text[end]))
            end++;
        if (end > i)
            ret[count++] = (struct log_entry){LOG_WORD, end - i, text + i};
        i = end + 1;
    }
    return count;
}

static void judge(struct check *k, const char *text, size_t n, int64_t stop_after)
{
    struct log_entry *want = check_alloc(k, (n + 1) * sizeof *want);
    const size_t count = truth(text, n, stop_after, want);
    struct call *c = check_call(k, OP_WORDS);
    call_in(c, text, n);
    call_out(c, LOG_BYTES);
    call_i64(c, stop_after);
    if (!call_run(c))
        return;
    if (!check_log(k, kinds, want, count, c, 1))
        check_hint(k, stop_after > 0 ? "does the walk end when the callback says so?"
                                     : "a word is a longest run, and never empty");
    check_i64(k, "calls", (int64_t)count, call_result(c, 0));
}

/* About one byte in four is a space. */
static char *draw_text(struct check *k, size_t n)
{
    char *text = check_alloc(k, n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = " \nabcdef"[draw_below(check_rng(k), 8)];
    return text;
}

static void all_words(struct check *k)
{
    size_t sizes[64];
    const size_t count = draw_border_sizes(4, TEXT_MAX, sizes, 64);
    for (size_t i = 0; i < count; i++) {
        check_case(k, "%zu bytes", sizes[i]);
        judge(k, draw_text(k, sizes[i]), sizes[i], 0);
    }
}

static void stops(struct check *k)
{
    for (int64_t after = 1; after <= 8; after++) {
        check_case(k, "%d bytes, stop at the %lldth word", TEXT_MAX, (long long)after);
        judge(k, draw_text(k, TEXT_MAX), TEXT_MAX, after);
    }
}

static const struct lab_group groups[] = {{.name = "words", .run = all_words},
                                          {.name = "stops", .run = stops}};
const struct lab_module lab_module = {.sdk = LAB_SDK, .groups = groups, .n_groups = 2};
