/* The cost model behind `vgpu run --profile`: launches of one kernel are added up, and told. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/cost/cost.h"
#include "grader/vgpu/device/observer.h"

enum { KERNELS = 512, LINES = 8192 };

struct entry {              /* all launches of a kernel */
    struct cost_kernel sum; /* counters added; what is no sum is the last launch's */
    uint64_t launches;
    char name[256];
};

struct line { /* of the learner's source, in all launches */
    char file[200];
    uint32_t number;
    struct cost_counts counts;
};

struct profile {
    struct cost *cost;
    struct vg_clock clock;
    struct entry *kernels;
    size_t n_kernels;
    struct line *lines;
    size_t n_lines;
    bool cut;      /* more kernels or lines than there is room for */
    size_t failed; /* launches that could not be counted */
};

/* ---- collecting ---- */

static struct entry *entry_of(struct profile *p, const char *name)
{
    for (size_t i = 0; i < p->n_kernels; i++)
        if (strncmp(p->kernels[i].name, name, sizeof(p->kernels[i].name) - 1) == 0)
            return &p->kernels[i];
    if (p->n_kernels == KERNELS) {
        p->cut = true;
        return NULL;
    }
    struct entry *e = &p->kernels[p->n_kernels++];
    snprintf(e->name, sizeof(e->name), "%s", name);
    return e;
}

static void add_launch(struct entry *e, const struct cost_kernel *k)
{
    struct cost_kernel sum = *k;
    const struct cost_kernel *old = &e->sum;
    if (e->launches++) {
        cost_counts_add(&sum.total, &old->total);
        for (int i = 0; i < VG_PIPES; i++)
            sum.by_pipe[i] += old->by_pipe[i];
        for (int i = 0; i < COST_TERMS; i++)
            sum.cycles[i] += old->cycles[i];
        sum.l1_hits += old->l1_hits;
        sum.l1_sectors += old->l1_sectors;
        sum.l2_hits += old->l2_hits;
        sum.l2_sectors += old->l2_sectors;
        sum.dram_read += old->dram_read;
        sum.dram_written += old->dram_written;
        sum.barriers += old->barriers;
        sum.total_cycles += old->total_cycles;
        sum.ns += old->ns;
        for (int i = 0; i < COST_TERMS; i++)
            if (sum.cycles[i] > sum.cycles[sum.bound])
                sum.bound = (enum cost_term)i;
    }
    sum.name = e->name;
    e->sum = sum;
}

static struct line *line_of(struct profile *p, const char *file, uint32_t number)
{
    for (size_t i = p->n_lines; i-- > 0;)
        if (p->lines[i].number == number && strcmp(p->lines[i].file, file) == 0)
            return &p->lines[i];
    if (p->n_lines == LINES) {
        p->cut = true;
        return NULL;
    }
    struct line *l = &p->lines[p->n_lines++];
    snprintf(l->file, sizeof(l->file), "%s", file);
    l->number = number;
    return l;
}

static void add_lines(struct profile *p, const struct vg_launch *l)
{
    uint32_t n = 0;
    const struct cost_counts *counts = cost_last_lines(p->cost, &n);
    for (uint32_t pc = 0; pc < n; pc++) {
        const char *file = NULL;
        uint32_t number = 0;
        const struct ptx_instr *i =
            counts[pc].issued ? vg_program_instr(l->program, pc, NULL) : NULL;
        if (!i || !ptx_source(vg_program_module(l->program), i, &file, &number))
            continue;
        struct line *line = line_of(p, file, number);
        if (line)
            cost_counts_add(&line->counts, &counts[pc]);
    }
}

/* The device asks once after each launch, which is the moment to add it. */
static uint64_t kernel_ns(void *context, const struct vg_launch *l, const struct vg_result *r)
{
    struct profile *p = context;
    (void)r;
    const struct cost_kernel *k = cost_last(p->cost);
    if (!k) {
        p->failed++;
        return 0;
    }
    struct entry *e = entry_of(p, k->name);
    if (e)
        add_launch(e, k);
    add_lines(p, l);
    return (uint64_t)k->ns;
}

/* ---- telling ---- */

static const char *const pipes[VG_PIPES] = {"fp32",       "integer", "fp64",    "special",
                                            "load/store", "tensor",  "control", "sync"};
static const char *const limiters[] = {"warps", "blocks", "registers", "shared memory"};

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static void tell_kernel(FILE *to, const struct entry *e)
{
    const struct cost_kernel *k = &e->sum;
    const struct cost_counts *n = &k->total;
    fprintf(to, "%s  <<<(%u, %u, %u), (%u, %u, %u)>>>  %llu launch%s\n", e->name, k->grid[0],
            k->grid[1], k->grid[2], k->block[0], k->block[1], k->block[2],
            (unsigned long long)e->launches, e->launches == 1 ? "" : "es");
    fprintf(to, "  time        %.2f us, bound by %s\n", k->ns / 1e3, cost_term_text(k->bound));
    fprintf(to, "  issued      %llu warp instructions, %.1f %% of lanes active\n",
            (unsigned long long)n->issued, 100 * ratio(n->lanes, 32 * n->issued));
    fprintf(to, "  global      %llu requests, %.2f sectors each (%.2f at best)\n",
            (unsigned long long)n->requests, ratio(n->sectors, n->requests),
            ratio(n->sectors_ideal, n->requests));
    fprintf(to, "  caches      L1 %.1f %%, L2 %.1f %% hits; DRAM %llu bytes read, %llu written\n",
            100 * ratio(k->l1_hits, k->l1_sectors), 100 * ratio(k->l2_hits, k->l2_sectors),
            (unsigned long long)k->dram_read, (unsigned long long)k->dram_written);
    fprintf(to, "  shared      %llu wavefronts, %llu of them conflicts\n",
            (unsigned long long)n->wavefronts, (unsigned long long)n->conflicts);
    fprintf(to, "  occupancy   %.1f %%: %u blocks per SM, limited by %s\n", 100 * k->occupancy,
            k->blocks_per_sm, limiters[k->limiter]);
    fprintf(to, "  cycles     ");
    for (int t = 0; t < COST_TERMS; t++)
        if (k->cycles[t] >= 1)
            fprintf(to, " %s %.0f;", cost_term_text((enum cost_term)t), k->cycles[t]);
    fprintf(to, "\n  pipes      ");
    for (int i = 0; i < VG_PIPES; i++)
        if (k->by_pipe[i] > 0)
            fprintf(to, " %s %.0f;", pipes[i], k->by_pipe[i]);
    fprintf(to, "\n");
}

static int by_issued(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->counts.issued != y->counts.issued)
        return x->counts.issued < y->counts.issued ? 1 : -1;
    const int files = strcmp(x->file, y->file);
    return files ? files : (x->number > y->number) - (x->number < y->number);
}

static void tell_lines(FILE *to, const struct profile *p)
{
    fprintf(to, "%12s %6s %10s %8s %10s  %s\n", "issued", "lanes", "requests", "sectors",
            "conflicts", "line");
    for (size_t i = 0; i < p->n_lines; i++) {
        const struct cost_counts *n = &p->lines[i].counts;
        fprintf(to, "%12llu %5.1f%% %10llu %8.2f %10llu  %s:%u\n", (unsigned long long)n->issued,
                100 * ratio(n->lanes, 32 * n->issued), (unsigned long long)n->requests,
                ratio(n->sectors, n->requests), (unsigned long long)n->conflicts, p->lines[i].file,
                p->lines[i].number);
    }
}

static json_t *json_of_counts(const struct cost_counts *n)
{
    return json_pack("{sI sI sI sI sI sI sI sI sI}", "issued", (json_int_t)n->issued, "lanes",
                     (json_int_t)n->lanes, "requests", (json_int_t)n->requests, "sectors",
                     (json_int_t)n->sectors, "sectors_ideal", (json_int_t)n->sectors_ideal,
                     "shared_wavefronts", (json_int_t)n->wavefronts, "shared_conflicts",
                     (json_int_t)n->conflicts, "local_requests", (json_int_t)n->local_requests,
                     "atomics", (json_int_t)n->atomics);
}

static json_t *json_of_kernel(const struct entry *e)
{
    const struct cost_kernel *k = &e->sum;
    json_t *all = json_pack(
        "{ss sI s[iii] s[iii] so sI sI sI sI sI sI sI si sf ss sf sf ss}", "name", e->name,
        "launches", (json_int_t)e->launches, "grid", (int)k->grid[0], (int)k->grid[1],
        (int)k->grid[2], "block", (int)k->block[0], (int)k->block[1], (int)k->block[2], "counts",
        json_of_counts(&k->total), "l1_hits", (json_int_t)k->l1_hits, "l1_sectors",
        (json_int_t)k->l1_sectors, "l2_hits", (json_int_t)k->l2_hits, "l2_sectors",
        (json_int_t)k->l2_sectors, "dram_read_bytes", (json_int_t)k->dram_read,
        "dram_written_bytes", (json_int_t)k->dram_written, "barriers", (json_int_t)k->barriers,
        "blocks_per_sm", (int)k->blocks_per_sm, "occupancy", k->occupancy, "limiter",
        limiters[k->limiter], "modelled_ns", k->ns, "modelled_cycles", k->total_cycles, "bound",
        cost_term_text(k->bound));
    json_t *terms = json_object(), *uses = json_object();
    for (int t = 0; t < COST_TERMS; t++)
        json_object_set_new(terms, cost_term_text((enum cost_term)t), json_real(k->cycles[t]));
    for (int i = 0; i < VG_PIPES; i++)
        json_object_set_new(uses, pipes[i], json_real(k->by_pipe[i]));
    json_object_set_new(all, "cycles", terms);
    json_object_set_new(all, "pipes", uses);
    return all;
}

static void tell_json(FILE *to, const struct profile *p, bool lines)
{
    json_t *kernels = json_array(), *all = json_object();
    for (size_t i = 0; i < p->n_kernels; i++)
        json_array_append_new(kernels, json_of_kernel(&p->kernels[i]));
    json_object_set_new(all, "kernels", kernels);
    if (lines) {
        json_t *list = json_array();
        for (size_t i = 0; i < p->n_lines; i++)
            json_array_append_new(list, json_pack("{ss si so}", "file", p->lines[i].file, "line",
                                                  (int)p->lines[i].number, "counts",
                                                  json_of_counts(&p->lines[i].counts)));
        json_object_set_new(all, "lines", list);
    }
    json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fprintf(to, "\n");
    json_decref(all);
}

static size_t report(void *context, FILE *to, bool lines, bool json)
{
    struct profile *p = context;
    qsort(p->lines, p->n_lines, sizeof(*p->lines), by_issued);
    if (json) {
        tell_json(to, p, lines);
    } else {
        for (size_t i = 0; i < p->n_kernels; i++)
            tell_kernel(to, &p->kernels[i]);
        if (lines)
            tell_lines(to, p);
        if (p->cut)
            fprintf(to, "more than %d kernels or %d lines: the rest is not shown\n", KERNELS,
                    LINES);
    }
    if (p->failed)
        fprintf(stderr, "vgpu: no memory to count %zu launches; they are left out\n", p->failed);
    return 0; /* a profile finds nothing */
}

static void done(void *context)
{
    struct profile *p = context;
    if (!p)
        return;
    cost_free(p->cost);
    free(p->kernels);
    free(p->lines);
    free(p);
}

enum err_code vg_cost_tool(const char *profile, struct vg_tool *ret, struct err *why)
{
    struct profile *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(why, ERR_NOMEM, "no memory for a profile");
    p->kernels = calloc(KERNELS, sizeof(*p->kernels));
    p->lines = calloc(LINES, sizeof(*p->lines));
    enum err_code rc = p->kernels && p->lines ? cost_new(&p->cost, profile, why)
                                              : err_set(why, ERR_NOMEM, "no memory for a profile");
    if (rc != OK) {
        done(p);
        return rc;
    }
    p->clock = (struct vg_clock){.context = p, .kernel_ns = kernel_ns};
    *ret = (struct vg_tool){.watcher = cost_watcher(p->cost),
                            .clock = &p->clock,
                            .report = report,
                            .done = done,
                            .context = p};
    return OK;
}
