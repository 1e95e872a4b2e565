#include "grader/grade/check.h"

#include <assert.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "grader/grade/watch.h"

enum { LAST_STDERR_MAX = 64 * 1024 };

/* ---- the runner of a slot ---- */

static void slot_account(struct runner_slot *slot)
{
    if (slot->runner.cell == NULL)
        return;
    const int64_t peak = cell_peak_bytes(slot->runner.cell);
    slot->cpu_us += cell_cpu_us(slot->runner.cell);
    if (peak > slot->peak_bytes)
        slot->peak_bytes = peak;
}

void runner_slot_close(struct runner_slot *slot)
{
    /* Counts of what was run are told by a process that ends by itself. */
    if (slot->config.cover_fd > 0 && !slot->runner.call.open)
        runner_hang_up(&slot->runner);
    slot_account(slot);
    runner_close(&slot->runner);
}

enum err_code runner_slot_ready(struct runner_slot *slot, struct err *why)
{
    if (runner_alive(&slot->runner))
        return OK;
    runner_slot_close(slot);
    slot->starts++;
    return runner_open(&slot->runner, &slot->config, why);
}

/* ---- cases ---- */

void check_init(struct check *k, const struct lab *lab, const char *group, struct runner_slot *slot,
                struct arena *report, uint64_t seed)
{
    *k = (struct check){.lab = lab,
                        .group = group,
                        .slot = slot,
                        .first = slot,
                        .report = report,
                        .seed = seed,
                        .max_incidents = CHECK_GROUP_INCIDENTS,
                        .limit_cpu_ms = lab->limits.group_cpu_ms,
                        .verdict = VERDICT_ACCEPTED};
    arena_init(&k->memory, CHECK_CASE_MEMORY);
    str_init(&k->last_stderr, LAST_STDERR_MAX);
    watch_check(k);
}

void check_done(struct check *k)
{
    watch_check(NULL);
    check_part_company(k);
    arena_done(&k->memory);
    str_done(&k->last_stderr);
}

static const char *keep(struct check *k, const char *text)
{
    return text != NULL ? arena_strdup(k->report, text) : NULL;
}

struct report_failure check_story(struct check *k)
{
    struct report_failure f = {.test_case = keep(k, k->now.name),
                               .expected = keep(k, k->now.expected),
                               .actual = keep(k, k->now.actual),
                               .hint = keep(k, k->now.hint),
                               .arguments = keep(k, k->now.arguments)};
    /* "the call returns" and how it crashed have no element in common. */
    f.has_difference = k->now.verdict == VERDICT_WRONG_ANSWER &&
                       report_difference(f.expected, f.actual, k->report, &f.difference);
    return f;
}

/* Of two failing cases, does `a` tell a person more than `b`? One that was run; with the verdict
 * that the group gets; whose mistake was recognised; of few bytes. Else the first. */
static bool tells_more(const struct check_fault *a, const struct check_fault *b)
{
    if (!b->there || a->ran != b->ran)
        return !b->there || a->ran;
    if (verdict_rank(a->verdict) != verdict_rank(b->verdict))
        return verdict_rank(a->verdict) > verdict_rank(b->verdict);
    if ((a->failure.hint != NULL) != (b->failure.hint != NULL))
        return a->failure.hint != NULL;
    return a->bytes < b->bytes;
}

static void keep_failure(struct check *k)
{
    struct check_fault f = {.there = true,
                            .verdict = k->now.verdict,
                            .ran = k->now.called,
                            .crashed = k->now.crashed,
                            .alone = true,
                            .bytes = k->now.bytes,
                            .number = k->now.number,
                            .cpu_us = k->now.cpu_us,
                            .body = k->now.body,
                            .shape = k->now.shape,
                            .failure = {.hint = k->now.hint}};
    if (!tells_more(&f, &k->shown))
        return;
    f.failure = check_story(k);
    k->shown = f;
}

void check_end_case(struct check *k)
{
    check_part_company(k);
    if (!k->now.open)
        return;
    k->now.open = false;
    if (k->now.skipped || k->trial.on)
        return;
    struct check_part *part = &k->parts[k->part];
    part->cases++;
    k->cases++;
    if (!k->now.failed)
        part->credit += k->now.credit;
    const bool full = !k->now.failed && k->now.credit >= 1;
    if (full) {
        k->passed++;
        return;
    }
    if (k->on_failure != NULL)
        k->on_failure(k);
    if (verdict_rank(k->now.verdict) > verdict_rank(k->verdict))
        k->verdict = k->now.verdict;
    keep_failure(k);
}

static size_t part_named(struct check *k, const char *name, double weight)
{
    for (size_t i = 0; i < k->n_parts; i++)
        if (strcmp(k->parts[i].name, name) == 0)
            return i;
    assert(k->n_parts < CHECK_PARTS);
    k->parts[k->n_parts] = (struct check_part){.name = keep(k, name), .weight = weight};
    return k->n_parts++;
}

void check_part(struct check *k, const char *name, double weight)
{
    check_end_case(k);
    k->part = part_named(k, name, weight);
}

/* splitmix64's finaliser: neighbouring seeds give unrelated streams. (Steele, Lea, Flood, "Fast
 * splittable pseudorandom number generators", 2014.) */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static lab_rng case_rng(const struct check *k, int number)
{
    uint64_t s = mix(k->seed);
    for (const char *c = k->group; *c != '\0'; c++)
        s = mix(s ^ (unsigned char)*c);
    s = mix(s ^ (uint64_t)(number - 1));
    return (lab_rng){.s = s != 0 ? s : 1};
}

void check_case(struct check *k, const char *format, ...)
{
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    check_end_case(k);
    if (k->n_parts == 0)
        k->part = part_named(k, "", 1);
    arena_reset(&k->memory);
    memset(&k->now, 0, sizeof k->now);
    k->slot = k->first;
    k->now.open = true;
    k->now.number = k->trial.on ? k->trial.number : ++k->begun;
    k->now.skipped = k->only != 0 && k->now.number != k->only;
    k->now.name = arena_strdup(&k->memory, name);
    k->now.credit = 1;
    k->now.verdict = VERDICT_WRONG_ANSWER;
    k->now.rng = case_rng(k, k->now.number);
}

void check_shrinkable(struct check *k, check_body *body, const struct check_shape *shape)
{
    const int before = k->begun;
    body(k, shape);
    assert(k->begun == before + 1 && k->now.open && "a body begins exactly one case");
    k->now.body = body;
    k->now.shape = *shape;
}

double check_share(const struct check *k)
{
    double weights = 0, earned = 0;
    for (size_t i = 0; i < k->n_parts; i++) {
        const struct check_part *p = &k->parts[i];
        if (p->cases == 0)
            continue;
        weights += p->weight;
        earned += p->weight * p->credit / p->cases;
    }
    return weights > 0 ? earned / weights : 0;
}

bool check_sanitizing(const struct check *k)
{
    return k->sanitizing;
}

lab_rng *check_rng(struct check *k)
{
    return &k->now.rng;
}

void *check_alloc(struct check *k, size_t bytes)
{
    void *p = arena_alloc(&k->memory, bytes);
    assert(p != NULL && "a case needs more memory than CHECK_CASE_MEMORY");
    return p;
}

char *check_printf(struct check *k, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arena_strdup(&k->memory, text);
}

char *check_text(struct check *k, const struct str *text)
{
    return arena_strndup(&k->memory, text->text, text->length);
}

/* ---- judging ---- */

bool check_failed(const struct check *k)
{
    return k->now.failed || k->now.skipped;
}

void check_fail_as(struct check *k, enum verdict verdict, const char *expected, const char *actual)
{
    if (k->now.failed || k->now.skipped)
        return; /* the first fault of a case is its story */
    k->now.failed = true;
    k->now.arguments = check_arguments(k);
    k->now.verdict = verdict;
    k->now.expected = expected;
    k->now.actual = actual;
}

void check_fail(struct check *k, const char *expected, const char *actual)
{
    check_fail_as(k, VERDICT_WRONG_ANSWER, expected, actual);
}

void check_hint(struct check *k, const char *format, ...)
{
    if (k->now.hint != NULL)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    k->now.hint = arena_strdup(&k->memory, text);
}

void check_credit(struct check *k, double share, const char *note)
{
    assert(share >= 0 && share <= 1);
    k->now.credit = share;
    if (share < 1 && note != NULL)
        check_hint(k, "%s", note);
}
