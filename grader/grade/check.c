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

enum err_code runner_slot_ready(struct runner_slot *slot, struct err *why)
{
    if (runner_alive(&slot->runner))
        return OK;
    runner_close(&slot->runner);
    slot->starts++;
    return runner_open(&slot->runner, &slot->config, why);
}

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
    slot_account(slot);
    runner_close(&slot->runner);
}

/* ---- cases ---- */

void check_init(struct check *k, const struct lab *lab, const char *group, struct runner_slot *slot,
                struct arena *report, uint64_t seed)
{
    *k = (struct check){.lab = lab,
                        .group = group,
                        .slot = slot,
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

/* ---- calls ---- */

struct call *check_call(struct check *k, uint32_t op)
{
    k->call = (struct call){.check = k, .op = op};
    call_limit_ms(&k->call, k->lab->limits.case_cpu_ms);
    return &k->call;
}

static struct shm_arg *add(struct call *c, enum frame_arg_kind kind)
{
    assert(c->n_args < FRAME_ARGS);
    struct shm_arg *arg = &c->args[c->n_args++];
    arg->kind = kind;
    return arg;
}

void call_i64(struct call *c, int64_t value)
{
    add(c, FRAME_I64)->i64 = value;
}

void call_f64(struct call *c, double value)
{
    add(c, FRAME_F64)->f64 = value;
}

void call_in_skewed(struct call *c, const void *bytes, size_t size, size_t skew)
{
    struct shm_arg *arg = add(c, FRAME_IN);
    arg->bytes = bytes;
    arg->size = size;
    arg->skew = skew;
}

void call_in(struct call *c, const void *bytes, size_t size)
{
    call_in_skewed(c, bytes, size, 0);
}

void call_out_skewed(struct call *c, size_t size, size_t skew)
{
    struct shm_arg *arg = add(c, FRAME_OUT);
    arg->size = size;
    arg->skew = skew;
}

void call_out(struct call *c, size_t size)
{
    call_out_skewed(c, size, 0);
}

void call_inout(struct call *c, const void *bytes, size_t size)
{
    struct shm_arg *arg = add(c, FRAME_OUT);
    arg->bytes = bytes;
    arg->size = size;
}

void call_show(struct call *c, enum call_show as)
{
    assert(c->n_args > 0);
    c->show[c->n_args - 1] = as;
}

void call_limit_ms(struct call *c, int64_t cpu_ms)
{
    const struct check *k = c->check;
    c->limit_cpu_ms = k->slow ? cpu_ms * 10 : cpu_ms;
    if (k->trial.on && k->trial.limit_cpu_ms < c->limit_cpu_ms)
        c->limit_cpu_ms = k->trial.limit_cpu_ms;
}

int64_t call_result(const struct call *c, unsigned result)
{
    assert(result < FRAME_RESULTS);
    return c->reply.result[result];
}

const void *call_bytes(const struct call *c, unsigned argument)
{
    assert(argument < c->n_args && c->outputs[argument] != NULL);
    return c->outputs[argument];
}

const void *call_input(const struct call *c, unsigned argument)
{
    assert(argument < c->n_args && c->args[argument].kind == FRAME_IN);
    return c->args[argument].bytes;
}

int64_t call_cpu_us(const struct call *c)
{
    return c->times.cpu_us;
}

int64_t call_wall_us(const struct call *c)
{
    return c->times.wall_ns / 1000;
}

/* All steps are ours but the last: exec may refuse what was linked, such as a program that names a
 * loader of its own. Were that our fault, a submission could have itself graded again and again. */
static void fail_to_start(struct check *k, const struct cell_exit *end)
{
    static const char exec_step[] = "run the command: ";
    if (strncmp(end->message, exec_step, sizeof exec_step - 1) == 0)
        check_fail_as(k, VERDICT_RUNTIME_ERROR, "the program starts",
                      check_printf(k, "it cannot be run: %s", end->message + sizeof exec_step - 1));
    else
        k->rc = err_set(&k->why, ERR_INTERNAL, "the runner did not start: %s", end->message);
}

/* How an end reads to the learner. */
static void fail_by_end(struct check *k, const struct cell_exit *end)
{
    static const char expected[] = "the call returns";
    switch (end->verdict) {
    case CELL_EXITED:
        check_fail_as(
            k, VERDICT_RUNTIME_ERROR, expected,
            check_printf(k, "the program ended with status %d during the call", end->status));
        return;
    case CELL_SIGNALED:
        check_fail_as(k, VERDICT_RUNTIME_ERROR, expected,
                      check_printf(k, "crashed: SIG%s (%s)", sigabbrev_np(end->signal),
                                   sigdescr_np(end->signal)));
        if (end->signal == SIGSEGV || end->signal == SIGBUS)
            check_hint(k, "an address outside of every buffer was used; inputs are read-only and "
                          "end right in front of a page that may not be touched");
        return;
    case CELL_CPU_LIMIT:
    case CELL_WALL_LIMIT:
    case CELL_KILLED:
        check_fail_as(k, VERDICT_TIME_LIMIT, expected, "it was still running at the time limit");
        return;
    case CELL_MEMORY_LIMIT:
        check_fail_as(k, VERDICT_MEMORY_LIMIT,
                      check_printf(k, "at most %lld MiB of memory",
                                   (long long)(k->slot->config.memory_bytes >> 20)),
                      "more was used");
        return;
    case CELL_OUTPUT_LIMIT:
        check_fail_as(
            k, VERDICT_OUTPUT_LIMIT,
            check_printf(k, "at most %lld bytes printed", (long long)k->slot->config.output_bytes),
            "more was printed");
        return;
    case CELL_FORBIDDEN_CALL:
        check_fail_as(k, VERDICT_SECURITY_VIOLATION,
                      "no system call besides memory, read and write",
                      check_printf(k, "the code called %s", end->system_call));
        return;
    case CELL_SETUP_FAILED:
        fail_to_start(k, end);
        return;
    }
}

static void take_end(struct check *k)
{
    k->last_call = *(const struct frame_call *)(const void *)k->slot->runner.shm.input;
    cell_result(k->slot->runner.cell, &k->last_end);
    const struct str *said = cell_stderr(k->slot->runner.cell);
    str_clear(&k->last_stderr);
    str_add_bytes(&k->last_stderr, said->text, said->length);
}

static void incident(struct check *k, enum runner_outcome outcome, const struct call *c)
{
    take_end(k);
    switch (outcome) {
    case RUNNER_TOO_SLOW:
        check_fail_as(k, VERDICT_TIME_LIMIT,
                      check_printf(k, "at most %lld ms of CPU time", (long long)c->limit_cpu_ms),
                      "it was still running");
        break;
    case RUNNER_LIED:
        check_fail_as(k, VERDICT_RUNTIME_ERROR, "a reply to this call",
                      "the bell was rung without one");
        break;
    case RUNNER_ENDED:
        fail_by_end(k, &k->last_end);
        k->now.crashed = k->now.verdict == VERDICT_RUNTIME_ERROR;
        break;
    case RUNNER_REPLIED:
        break;
    }
    if (!k->trial.on) {
        const int cost = k->now.verdict == VERDICT_RUNTIME_ERROR ? 1 : 2;
        k->incidents += cost;
        k->slot->incidents += cost;
        k->slot->last_incident = k->now.verdict;
    }
    runner_slot_close(k->slot);
}

/* Nothing is run any more: after too many incidents, or when the group's time is used up. */
static bool refuses(struct check *k)
{
    if (k->rc != OK || k->now.skipped) {
        check_fail(k, NULL, NULL);
        return true;
    }
    if (k->trial.on)
        return false;
    const bool out_of_time = k->cpu_us > k->limit_cpu_ms * 1000 * (k->slow ? 10 : 1);
    if (!out_of_time && k->incidents < k->max_incidents &&
        k->slot->incidents < k->slot->max_incidents)
        return false;
    check_fail_as(k, out_of_time ? VERDICT_TIME_LIMIT : k->slot->last_incident, "the call returns",
                  out_of_time ? check_printf(k, "not run: the group used its %lld ms of CPU time",
                                             (long long)k->limit_cpu_ms)
                              : "not run: too many cases before it crashed or hit a limit");
    return true;
}

/* Copies the outputs while the runner is frozen; only the copies are judged. */
static bool take_outputs(struct check *k, struct call *c)
{
    for (size_t i = 0; i < c->n_args; i++) {
        if (c->args[i].kind != FRAME_OUT)
            continue;
        c->outputs[i] = check_alloc(k, c->args[i].size + 1);
        const int spoiled = shm_read_output(&k->slot->runner.shm, i, c->outputs[i]);
        if (spoiled == 0)
            continue;
        check_fail(k, check_printf(k, "%zu bytes written", c->args[i].size),
                   check_printf(k, "%d of the %d bytes %s the buffer were overwritten",
                                spoiled < 0 ? -spoiled : spoiled, FRAME_CANARY,
                                spoiled < 0 ? "in front of" : "behind"));
        check_hint(k, "an output buffer was overrun");
        return false;
    }
    return true;
}

static enum err_code run(struct check *k, struct call *c, enum runner_outcome *ret)
{
    struct runner_slot *slot = k->slot;
    enum err_code rc = runner_slot_ready(slot, &k->why);
    if (rc == OK)
        rc = shm_write_call(&slot->runner.shm, c->op, c->args, c->n_args, &k->why);
    if (rc == OK)
        rc = runner_call(&slot->runner, c->limit_cpu_ms, ret, &c->reply, &c->times, &k->why);
    return rc;
}

static uint64_t bytes_of(const struct call *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->n_args; i++)
        bytes += c->args[i].size;
    return bytes;
}

bool call_run(struct call *c)
{
    struct check *k = c->check;
    if (refuses(k) || !check_settle(k, c))
        return false;
    enum runner_outcome outcome = RUNNER_ENDED;
    if ((k->rc = run(k, c, &outcome)) != OK) {
        check_fail(k, NULL, NULL);
        return false;
    }
    k->now.called = true;
    k->now.bytes = bytes_of(c);
    k->now.cpu_us += c->times.cpu_us;
    *(k->trial.on ? &k->trial.cpu_us : &k->cpu_us) += c->times.cpu_us;
    if (outcome != RUNNER_REPLIED) {
        incident(k, outcome, c);
        return false;
    }
    if (!take_outputs(k, c))
        return false;
    if (c->times.cpu_us > c->limit_cpu_ms * 1000) {
        check_fail_as(k, VERDICT_TIME_LIMIT,
                      check_printf(k, "at most %lld ms of CPU time", (long long)c->limit_cpu_ms),
                      check_printf(k, "%.1f ms", (double)c->times.cpu_us / 1000));
        return false;
    }
    return true;
}
