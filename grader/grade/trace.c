#include "grader/grade/trace.h"

#include <string.h>

enum { NEAR_NULL = 1 << 16, NEAR = 2 * FRAME_PAGE };

static const char *verb(const struct finding_access *access)
{
    return access->writes ? "a write" : access->reads ? "a read" : "a use";
}

/* Of inputs alone: behind an output follow bytes that may be written, and those are counted. */
static const char *near_input(const struct finding_access *access, const struct frame_call *call,
                              struct arena *a)
{
    for (unsigned i = 0; i < FRAME_ARGS; i++) {
        const struct frame_arg *arg = &call->args[i];
        const uint64_t start = FRAME_INPUT_AT + arg->offset, end = start + arg->size;
        if (arg->kind != FRAME_IN || access->address + NEAR < start ||
            access->address >= end + NEAR)
            continue;
        if (access->address >= end)
            return arena_printf(a, "%s, %llu bytes behind the end of argument %u", verb(access),
                                (unsigned long long)(access->address - end), i);
        if (access->address >= start)
            return arena_printf(a, "%s inside of argument %u, which is read-only", verb(access), i);
    }
    return NULL;
}

const char *trace_access(const struct finding_access *access, const struct frame_call *call,
                         struct arena *a)
{
    if (!access->has_address)
        return NULL;
    if (access->address < NEAR_NULL)
        return arena_printf(a, "%s of NULL+%u", verb(access), (unsigned)access->address);
    const char *near = near_input(access, call, a);
    return near != NULL
               ? near
               : arena_printf(a, "%s of an address that is part of no buffer", verb(access));
}

static bool is_stack_overflow(const struct report_finding *f)
{
    return strcmp(f->kind, "stack-overflow") == 0;
}

/* What the sanitizer build said, in words of ours where there are some. */
static const char *describe(const struct report_finding *f, const struct finding_access *access,
                            const struct frame_call *call, struct arena *a)
{
    if (is_stack_overflow(f))
        return finding_meaning(f->kind);
    if (strcmp(f->kind, "SEGV") == 0 || strcmp(f->kind, "BUS") == 0)
        return trace_access(access, call, a);
    return strcmp(f->kind, "crash") != 0 ? f->message : NULL;
}

static void add_trace(const struct trace *t, const struct check *k, struct report_failure *f)
{
    struct finding_access access;
    const struct report_finding finding =
        finding_read(t->submission, k->last_stderr.text, k->last_stderr.length, t->arena, &access);
    const char *what = describe(&finding, &access, &k->last_call, t->arena);
    if (what != NULL)
        f->actual = arena_printf(t->arena, "%s\n%s", f->actual, what);
    f->stack = finding.stack;
    f->n_stack = finding.n_stack;
}

enum err_code trace_crash(const struct trace *t, struct report_failure *f, struct err *why)
{
    struct check k;
    check_init(&k, t->lab, t->group, t->slot, t->arena, t->seed);
    k.slow = true;
    k.only = t->number;
    k.max_incidents = 1;
    lab_group_code(t->lab, t->group)->run(&k);
    check_end_case(&k);
    const enum err_code rc = k.rc;
    if (rc != OK)
        err_set(why, rc, "group '%s' with sanitizers: %s", t->group, k.why.text);
    else if (k.shown.crashed)
        add_trace(t, &k, f);
    check_done(&k);
    return rc;
}
