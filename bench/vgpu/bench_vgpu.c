/* How fast one worker of the virtual GPU runs real kernels, with bounds checks on: thread
 * instructions a second, and how many fused multiply-adds this core does meanwhile in plain scalar
 * C, measured in the same run. Usage: bench_vgpu kernels.ptx */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grader/vgpu/exec/exec.h"

enum { VALUES = 1 << 20, ROUNDS = 5 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may use this core too */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct setup {
    struct arena arena;
    struct ptx_module module;
    struct vg_memory *memory;
    struct vg_program *program;
    uint64_t out, a, b;
};

struct kernel_case {
    const char *name;
    uint32_t grid[2], threads;
    int32_t n;
};
static const struct kernel_case cases[] = {
    {"softmax", {64, 1}, 128, 1024}, {"layernorm", {256, 1}, 256, 2048},
    {"sgemm", {4, 4}, 256, 256},     {"attention", {16, 1}, 128, 256},
    {"reduce", {256, 1}, 256, 4096},
};

static void die(const struct err *why)
{
    fprintf(stderr, "bench_vgpu: %s\n", why->text);
    exit(1);
}

static void make_values(struct setup *s, uint64_t to, struct err *why)
{
    float *values = malloc(VALUES * sizeof *values);
    for (uint32_t k = 0; values && k < VALUES; k++)
        values[k] = (float)(k * 2654435761u >> 8) / 16777216.0f - 0.5f;
    if (!values || vg_memory_write(s->memory, to, values, VALUES * sizeof *values, why) != OK)
        die(why);
    free(values);
}

static void load(struct setup *s, const char *path)
{
    struct err why = {.text = "no memory"};
    struct str text;
    arena_init(&s->arena, 256 << 20);
    str_init(&text, 64 << 20);
    FILE *f = fopen(path, "re");
    char part[4096];
    size_t n;
    while (f && (n = fread(part, 1, sizeof part, f)) > 0)
        str_add_bytes(&text, part, n);
    if (!f || fclose(f) != 0)
        die(&why);
    if (ptx_parse(text.text, text.length, &s->arena, &s->module, &why) != OK ||
        vg_memory_new(&s->memory, 0, 1 << 30, 1 << 30, &why) != OK ||
        vg_program_load(&s->program, &s->module, s->memory, &why) != OK)
        die(&why);
    const uint64_t bytes = VALUES * sizeof(float);
    if (vg_memory_allocate(s->memory, bytes, VG_OWNER_MALLOC, NULL, &s->out, &why) != OK ||
        vg_memory_allocate(s->memory, bytes, VG_OWNER_MALLOC, NULL, &s->a, &why) != OK ||
        vg_memory_allocate(s->memory, bytes, VG_OWNER_MALLOC, NULL, &s->b, &why) != OK)
        die(&why);
    make_values(s, s->a, &why);
    make_values(s, s->b, &why);
    str_done(&text);
}

/* Thread instructions a second, the best of some rounds. */
static double measure(struct setup *s, const struct kernel_case *c)
{
    const struct {
        uint64_t out, a, b;
        int32_t n;
    } params = {s->out, s->a, s->b, c->n};
    struct vg_launch l = {
        .kernel = vg_program_kernel(s->program, c->name),
        .program = s->program,
        .memories = &s->memory,
        .n_devices = 1,
        .grid = {c->grid[0], c->grid[1], 1},
        .block = {c->threads, 1, 1},
        .params = &params,
        .workers = 1,
        .isa = vg_isa_best(),
        .budget = {UINT64_C(1) << 40, 60000, 4096},
        .sms = 8,
    };
    double best = 0;
    for (int k = 0; k < ROUNDS; k++) {
        struct vg_result result;
        struct err why;
        const double begin = now();
        if (vg_run(&l, &result, &why) != OK)
            die(&why);
        const double rate = (double)result.lane_instructions / (now() - begin);
        if (result.fault != VG_FINE) {
            fprintf(stderr, "bench_vgpu: %s\n", result.text);
            exit(1);
        }
        best = rate > best ? rate : best;
        vg_result_done(&result);
    }
    return best;
}

/* What one core does in scalar C: independent chains of multiply-add, one value at a time. */
static double scalar_rate(void)
{
    enum { CHAINS = 8, STEPS = 1 << 24 };
    volatile float seed = 1.0f;
    float x[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        x[c] = seed + (float)c;
    const double begin = now();
    for (int k = 0; k < STEPS; k++)
        for (int c = 0; c < CHAINS; c++) {
            x[c] = x[c] * 0.999f + 0.5f;
            __asm__ volatile("" : "+x"(x[c])); /* no vectors */
        }
    return (double)CHAINS * STEPS / (now() - begin);
}

int main(int argc, char **argv)
{
    struct setup s = {0};
    double product = 1;
    const size_t n = sizeof cases / sizeof *cases;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_vgpu kernels.ptx\n");
        return 2;
    }
    load(&s, argv[1]);
    const double scalar = scalar_rate();
    for (size_t k = 0; k < n; k++) {
        const double rate = measure(&s, &cases[k]);
        printf("%-10s %6.2f G thread instructions/s  %5.2f of scalar C\n", cases[k].name,
               rate * 1e-9, rate / scalar);
        product *= rate;
    }
    const double mean = pow(product, 1.0 / (double)n);
    printf("%-10s %6.2f G thread instructions/s  %5.2f of scalar C\n", "mean", mean * 1e-9,
           mean / scalar);
    vg_program_free(s.program);
    vg_memory_free(s.memory);
    arena_done(&s.arena);
    return 0;
}
