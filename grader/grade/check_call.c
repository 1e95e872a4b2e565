/* Calls: their arguments, how they are made, and what became of them. */
#include <assert.h>
#include <signal.h>
#include <string.h>

#include "grader/grade/check.h"

/* ---- arguments ---- */

struct call *check_call(struct check *k, uint32_t op)
{
    struct call *c = &k->slot->call;
    assert((c->slot == NULL || !c->slot->runner.call.open || c->slot->started != c) &&
           "the call before is still open");
    *c = (struct call){.check = k, .slot = k->slot, .op = op};
    call_limit_ms(c, k->lab->limits.case_cpu_ms);
    return c;
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

/* ---- ends ---- */

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

void check_count_incident(struct check *k)
{
    if (!k->trial.on) {
        const int cost = k->now.verdict == VERDICT_RUNTIME_ERROR ? 1 : 2;
        struct runner_slot *counts = check_main_slot(k);
        k->incidents += cost;
        counts->incidents += cost;
        counts->last_incident = k->now.verdict;
    }
    runner_slot_close(k->slot);
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
    check_count_incident(k);
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
    const struct runner_slot *counts = check_main_slot(k);
    const bool out_of_time = k->cpu_us > k->limit_cpu_ms * 1000 * (k->slow ? 10 : 1);
    if (!out_of_time && k->incidents < k->max_incidents &&
        counts->incidents < counts->max_incidents)
        return false;
    check_fail_as(k, out_of_time ? VERDICT_TIME_LIMIT : counts->last_incident, "the call returns",
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

static uint64_t bytes_of(const struct call *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->n_args; i++)
        bytes += c->args[i].size;
    return bytes;
}

void check_spend(struct check *k, int64_t cpu_us)
{
    k->now.cpu_us += cpu_us;
    *(k->trial.on ? &k->trial.cpu_us : &k->cpu_us) += cpu_us;
}

static bool came_back(struct check *k, struct call *c, enum runner_outcome outcome)
{
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

void check_take_end(struct check *k, struct call *c, const struct runner_end *end)
{
    struct runner_slot *chosen = k->slot;
    k->slot = c->slot; /* whatever fails now is this one's fault */
    c->reply = end->reply;
    c->times = end->times;
    check_spend(k, end->times.cpu_us);
    c->held = came_back(k, c, end->outcome);
    k->slot = chosen;
}

/* ---- making them ---- */

static enum err_code start(struct call *c, struct err *why)
{
    struct runner_slot *slot = c->slot;
    slot->started = c;
    enum err_code rc = runner_slot_ready(slot, why);
    if (rc == OK)
        rc = shm_write_call(&slot->runner.shm, c->op, c->args, c->n_args, why);
    if (rc == OK)
        rc = runner_start(&slot->runner, c->limit_cpu_ms, why);
    return rc;
}

bool call_start(struct call *c)
{
    struct check *k = c->check;
    assert((c->needs == 0 || c->slot == k->slot) && "its objects are another runner's");
    c->slot = k->slot;
    c->held = false;
    if (refuses(k) || !check_settle(k, c))
        return false;
    if ((k->rc = start(c, &k->why)) != OK) {
        check_fail(k, NULL, NULL);
        return false;
    }
    k->now.called = true;
    k->now.bytes = bytes_of(c);
    return true;
}

static bool finish(struct call *c)
{
    while (c->slot->runner.call.open && c->slot->started == c && c->check->rc == OK)
        check_wait(c->check);
    return c->held;
}

bool call_finish(struct call *c)
{
    if (check_failed(c->check)) /* a server may wait for what nobody will say any more */
        check_break_off(c->check, c->slot);
    return finish(c);
}

bool call_run(struct call *c)
{
    return call_start(c) && finish(c);
}
