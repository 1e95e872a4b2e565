/* Kernels with one planted fault each and kernels that only look faulty: what the checks and the
 * executor say of each is held against the lines that the sources mark. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "grader/vgpu/check/check.h"

enum {
    CLEAN = 1000,
    CLEAN_COOPERATIVE,
    FAULT_ADDRESS,
    FAULT_ALIGNMENT,
    FAULT_DEADLOCK, /* nothing can go on */
    FAULT_BUDGET,
    WORDS = 4096,
    LINES = 8,
};

struct fault_case {
    const char *file, *kernel;
    int what;
    uint32_t blocks, threads, y, dynamic;
};

static const struct fault_case cases[] = {
#define CASE(file, kernel, what, blocks, threads, y, dynamic)                                      \
    {#file, #kernel, what, blocks, threads, y, dynamic},
#include "tests/vgpu/faults/cases.def"
#undef CASE
};

struct marks { /* lines of a kernel */
    uint32_t fault[LINES], other[LINES];
    size_t faults, others;
};

struct bench { /* one kernel's run */
    struct arena arena;
    struct ptx_module module;
    struct vg_memory *memory;
    struct vg_program *program;
    struct check *check;
    struct vg_launch launch;
    struct vg_result result;
    struct { /* as the kernels declare them */
        uint64_t in, out, work, gone;
        int32_t n;
    } params;
};

/* ---- the source ---- */

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("no %s", path);
    char *text = calloc(1, 1 << 22);
    assert_non_null(text);
    const size_t n = fread(text, 1, (1 << 22) - 1, f);
    assert_true(n > 0);
    fclose(f);
    return text;
}

static bool in_list(const uint32_t *list, size_t n, uint32_t line)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == line)
            return true;
    return false;
}

static void note_line(struct marks *m, const char *line, uint32_t number)
{
    assert_true(m->faults < LINES && m->others < LINES);
    if (strstr(line, "// FAULT"))
        m->fault[m->faults++] = number;
    if (strstr(line, "// OTHER"))
        m->other[m->others++] = number;
}

/* The marked lines of a kernel: from its KERNEL(name) to the next one. */
static struct marks marks_of(const char *file, const char *kernel)
{
    struct marks m = {0};
    char path[256], head[128];
    snprintf(path, sizeof(path), "tests/vgpu/faults/%s.cu", file);
    snprintf(head, sizeof(head), "KERNEL(%s)", kernel);
    char *text = read_text(path), *rest = text, *line;
    bool inside = false;
    for (uint32_t number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
        if (strncmp(line, "KERNEL(", 7) == 0)
            inside = strcmp(line, head) == 0;
        if (inside)
            note_line(&m, line, number);
    }
    free(text);
    return m;
}

/* ---- a run ---- */

static uint64_t make_buffer(struct bench *b)
{
    uint64_t address = 0;
    struct err why;
    if (vg_memory_allocate(b->memory, WORDS * 4, VG_OWNER_MALLOC, NULL, &address, &why) != OK)
        fail_msg("%s", why.text);
    const struct vg_observer *o = check_observer(b->check);
    o->allocated(o->context, b->memory, address, WORDS * 4);
    return address;
}

static void fill(struct bench *b, uint64_t address, bool count)
{
    struct err why;
    int32_t words[WORDS];
    for (int i = 0; i < WORDS; i++)
        words[i] = count ? i % 7 : 0;
    if (vg_memory_write(b->memory, address, words, sizeof(words), &why) != OK)
        fail_msg("%s", why.text);
    const struct vg_observer *o = check_observer(b->check);
    const struct observer_range to = {address, sizeof(words), 1, sizeof(words)};
    o->copied(o->context, 0, OBSERVER_IN, &to, NULL);
}

static void load(struct bench *b, const char *file)
{
    struct err why;
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.ptx", FAULTS_PTX, file);
    char *text = read_text(path);
    arena_init(&b->arena, 64 << 20);
    if (ptx_parse(text, strlen(text), &b->arena, &b->module, &why) != OK ||
        vg_memory_new(&b->memory, 0, 256 << 20, 64 << 20, &why) != OK ||
        vg_program_load(&b->program, &b->module, b->memory, &why) != OK ||
        check_new(&b->check, &why) != OK)
        fail_msg("%s: %s", file, why.text);
    free(text);
}

static void make_buffers(struct bench *b)
{
    const struct vg_observer *o = check_observer(b->check);
    struct err why;
    b->params.in = make_buffer(b);
    b->params.out = make_buffer(b);
    b->params.work = make_buffer(b);
    b->params.gone = make_buffer(b);
    b->params.n = WORDS;
    fill(b, b->params.in, true);
    fill(b, b->params.work, false);
    o->released(o->context, b->memory, b->params.gone);
    assert_int_equal(vg_memory_release(b->memory, b->params.gone, &why), OK);
}

static void set_launch(struct bench *b, const struct fault_case *t)
{
    b->launch = (struct vg_launch){
        .kernel = vg_program_kernel(b->program, t->kernel),
        .program = b->program,
        .memories = &b->memory,
        .n_devices = 1,
        .grid = {t->blocks, 1, 1},
        .block = {t->threads, t->y, 1},
        .dynamic_shared = t->dynamic,
        .params = &b->params,
        .cooperative = t->what == CLEAN_COOPERATIVE,
        .workers = 1,
        .isa = vg_isa_best(),
        .budget = {.warp_instructions = 1000000, .wall_ms = 60000, .output_bytes = 4096},
        .watchers = {check_watcher(b->check)},
        .sms = 8,
    };
    if (!b->launch.kernel)
        fail_msg("%s.cu has no kernel %s", t->file, t->kernel);
}

static void run_case(struct bench *b, const struct fault_case *t)
{
    struct err why;
    load(b, t->file);
    make_buffers(b);
    set_launch(b, t);
    const struct vg_observer *o = check_observer(b->check);
    o->launching(o->context, 0, &b->launch);
    if (vg_run(&b->launch, &b->result, &why) != OK)
        fail_msg("%s: %s", t->kernel, why.text);
}

static void bench_done(struct bench *b)
{
    vg_result_done(&b->result);
    check_free(b->check);
    vg_program_free(b->program);
    vg_memory_free(b->memory);
    arena_done(&b->arena);
}

/* ---- what was said ---- */

static size_t complain(const struct fault_case *t, const struct bench *b, const char *why)
{
    printf("---- %s.cu, %s: %s\n", t->file, t->kernel, why);
    if (b->result.fault)
        printf("fault %d at line %u: %s\n", b->result.fault, b->result.line, b->result.text);
    check_log_text(check_found(b->check), stdout);
    return 1;
}

/* One side stands at a FAULT line; the other one too, or at an OTHER line where there are any. */
static bool names_lines(const struct check_finding *f, const struct marks *m)
{
    const uint32_t here = f->here.line, there = f->there.known ? f->there.line : here;
    const bool fh = in_list(m->fault, m->faults, here), ft = in_list(m->fault, m->faults, there);
    if (f->kind == CHECK_UNSET) /* `there` is the load, which may be a line of its own */
        return fh;
    if (m->others == 0)
        return fh && ft;
    return (fh && in_list(m->other, m->others, there)) ||
           (ft && in_list(m->other, m->others, here)) || (fh && ft);
}

static size_t judge_findings(const struct fault_case *t, const struct bench *b)
{
    const struct check_log *log = check_found(b->check);
    const struct marks m = marks_of(t->file, t->kernel);
    if (m.faults == 0)
        return complain(t, b, "no line is marked");
    if (b->result.fault)
        return complain(t, b, "a fault that was not planted");
    if (log->n == 0)
        return complain(t, b, "missed");
    for (size_t i = 0; i < log->n; i++) {
        const struct check_finding *f = &log->all[i];
        /* Who reads too early may also read what is not written yet. */
        if (f->kind == CHECK_UNSET && t->what != CHECK_UNSET && log->n > 1)
            continue;
        if (f->kind != (enum check_kind)t->what)
            return complain(t, b, "another kind");
        if (!names_lines(f, &m))
            return complain(t, b, "another line");
        if (strcmp(f->here.kernel, t->kernel) != 0 || !f->hint || !f->what[0])
            return complain(t, b, "says too little");
    }
    return 0;
}

static size_t judge_fault(const struct fault_case *t, const struct bench *b)
{
    static const int faults[] = {[FAULT_ADDRESS - CLEAN] = VG_ILLEGAL_ADDRESS,
                                 [FAULT_ALIGNMENT - CLEAN] = VG_MISALIGNED,
                                 [FAULT_DEADLOCK - CLEAN] = VG_TIMEOUT,
                                 [FAULT_BUDGET - CLEAN] = VG_TIMEOUT};
    const struct marks m = marks_of(t->file, t->kernel);
    if ((int)b->result.fault != faults[t->what - CLEAN])
        return complain(t, b, "another fault");
    if ((t->what == FAULT_DEADLOCK) != (strstr(b->result.text, "deadlock") != NULL))
        return complain(t, b, "another story");
    if (!in_list(m.fault, m.faults, b->result.line))
        return complain(t, b, "another line");
    return check_log_errors(check_found(b->check)) ? complain(t, b, "a finding beside it") : 0;
}

static size_t judge(const struct fault_case *t, const struct bench *b)
{
    if (t->what >= FAULT_ADDRESS)
        return judge_fault(t, b);
    if (t->what < CLEAN)
        return judge_findings(t, b);
    if (b->result.fault)
        return complain(t, b, "a fault in a correct kernel");
    return check_log_errors(check_found(b->check)) ? complain(t, b, "a false alarm") : 0;
}

static void run_all(bool clean)
{
    size_t wrong = 0, ran = 0;
    const char *only = getenv("FAULTS_ONLY"); /* a kernel's name, to look at one */
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct fault_case *t = &cases[i];
        const bool is_clean = t->what == CLEAN || t->what == CLEAN_COOPERATIVE;
        if (is_clean != clean || (only && strcmp(only, t->kernel) != 0))
            continue;
        struct bench b = {0};
        run_case(&b, t);
        wrong += judge(t, &b);
        if (only)
            complain(t, &b, "asked for");
        bench_done(&b);
        ran++;
    }
    printf("%zu of %zu kernels as they should be\n", ran - wrong, ran);
    assert_int_equal(wrong, 0);
}

static void every_planted_fault_is_found_at_its_lines(void **state)
{
    (void)state;
    run_all(false);
}

static void nothing_is_said_of_correct_kernels(void **state)
{
    (void)state;
    run_all(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_planted_fault_is_found_at_its_lines),
        cmocka_unit_test(nothing_is_said_of_correct_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
