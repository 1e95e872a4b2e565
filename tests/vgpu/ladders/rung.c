#include "tests/vgpu/ladders/rung.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "grader/vgpu/tool/registers.h"

enum { FILE_MAX = 8 << 20, LOG_MAX = 1 << 20 };

static _Noreturn void die(const char *what, const char *text)
{
    fprintf(stderr, "%s: %s\n", what, text);
    exit(EXIT_FAILURE);
}

static void must(enum err_code rc, const char *what, const struct err *why)
{
    if (rc != OK)
        die(what, why->text);
}

/* ---- opening ---- */

/* Lines of "NAME COUNT". */
static void set_registers(struct rungs *r, char *lines)
{
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        char *space = strchr(line, ' ');
        uint64_t count;
        struct err why;
        if (!space)
            die("registers of ptxas", line);
        *space = '\0';
        must(parse_u64(space + 1, "registers", 1, 255, &count, &why), line, &why);
        struct vg_kernel *k = (struct vg_kernel *)(uintptr_t)vg_program_kernel(r->program, line);
        if (!k)
            die("ptxas knows a kernel that the module lacks", line);
        vg_kernel_set_registers(k, (uint32_t)count);
    }
}

static void read_registers(struct rungs *r, const char *path)
{
    char *log;
    size_t size;
    struct err why;
    struct str lines;
    str_init(&lines, LOG_MAX);
    must(file_read(AT_FDCWD, path, LOG_MAX, &r->arena, &log, &size, &why), path, &why);
    registers_read(log, &lines);
    if (lines.length == 0)
        die(path, "ptxas says nothing of registers");
    set_registers(r, lines.text);
    str_done(&lines);
}

static uint64_t buffer(struct rungs *r, const char *name)
{
    enum { BYTES = RUNG_FLOATS * sizeof(float) };
    uint64_t address;
    struct err why;
    must(vg_memory_allocate(r->memory, BYTES, VG_OWNER_MALLOC, name, &address, &why), name, &why);
    float *x = vg_memory_at(r->memory, address, BYTES);
    for (size_t i = 0; i < RUNG_FLOATS; i++)
        x[i] = (float)((int)(i * 2654435761u >> 8 & 0xffff) - 32768) / 32768.0f;
    return address;
}

static void open_text(struct rungs *r, const char *profile, const char *text, size_t size)
{
    struct err why;
    must(vg_memory_new(&r->memory, 0, 256 << 20, 128 << 20, &why), "memory", &why);
    must(ptx_parse(text, size, &r->arena, &r->module, &why), "PTX", &why);
    must(vg_program_load(&r->program, &r->module, r->memory, &why), "PTX", &why);
    must(cost_new(&r->cost, profile, &why), profile, &why);
    const uint32_t n = vg_program_pcs(r->program);
    r->issued = calloc(n, sizeof(*r->issued));
    r->active = calloc(n, sizeof(*r->active));
    if (!r->issued || !r->active)
        die(profile, "no memory for counters");
    r->a = buffer(r, "a");
    r->b = buffer(r, "b");
    r->c = buffer(r, "c");
    r->base =
        (struct vg_launch){.workers = 1, .isa = vg_isa_best(), .sms = cost_rates(r->cost)->sms};
}

void rungs_open_text(struct rungs *r, const char *profile, const char *text)
{
    memset(r, 0, sizeof(*r));
    arena_init(&r->arena, 64 << 20);
    open_text(r, profile, text, strlen(text));
}

void rungs_open(struct rungs *r, const char *profile)
{
    char *text;
    size_t size;
    struct err why;
    memset(r, 0, sizeof(*r));
    arena_init(&r->arena, 64 << 20);
    must(file_read(AT_FDCWD, LADDERS_PTX, FILE_MAX, &r->arena, &text, &size, &why), LADDERS_PTX,
         &why);
    open_text(r, profile, text, size);
    read_registers(r, LADDERS_LOG);
}

void rungs_close(struct rungs *r)
{
    free(r->issued);
    free(r->active);
    cost_free(r->cost);
    vg_program_free(r->program);
    vg_memory_free(r->memory);
    arena_done(&r->arena);
}

/* ---- launches ---- */

struct params { /* of every kernel of ladders.cu */
    uint64_t a, b, c;
    int32_t n, m;
};

static void launch(struct rungs *r, const struct rung *rung, struct vg_launch *l)
{
    const struct params params = {r->a, r->b, r->c, rung->n, rung->m};
    struct vg_result result;
    struct err why;
    l->kernel = vg_program_kernel(r->program, rung->name);
    if (!l->kernel)
        die(rung->name, "no such kernel");
    l->program = r->program;
    l->memories = &r->memory;
    l->n_devices = 1;
    memcpy(l->grid, rung->grid, sizeof(l->grid));
    memcpy(l->block, rung->block, sizeof(l->block));
    l->params = &params;
    l->budget = (struct vg_budget){.warp_instructions = UINT64_C(1) << 40, .wall_ms = 600000};
    must(vg_run(l, &result, &why), rung->name, &why);
    if (result.fault != VG_FINE)
        die(rung->name, result.text);
    r->instructions = result.lane_instructions;
    l->params = NULL; /* it lies here */
    vg_result_done(&result);
}

void rungs_run(struct rungs *r, const struct rung *rung)
{
    struct vg_launch l = r->base;
    launch(r, rung, &l);
}

const struct cost_kernel *rungs_go(struct rungs *r, const struct rung *rung)
{
    struct vg_launch l = r->base;
    const size_t bytes = vg_program_pcs(r->program) * sizeof(*r->issued);
    memset(r->issued, 0, bytes);
    memset(r->active, 0, bytes);
    l.issued = r->issued;
    l.active = r->active;
    l.watchers[1] = cost_watcher(r->cost);
    cost_cold(r->cost);
    launch(r, rung, &l);
    const struct cost_kernel *k = cost_last(r->cost);
    if (!k)
        die(rung->name, "the model has no memory");
    return k;
}

float rungs_result(struct rungs *r, size_t index)
{
    float x;
    struct err why;
    must(vg_memory_read(r->memory, &x, r->c + index * sizeof(x), sizeof(x), &why), "c", &why);
    return x;
}
