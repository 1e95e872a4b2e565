/* A launch: checks, workers, and what they do merged in the order of blocks.
 *
 * Where the order of blocks can be seen (vg_is_ordered), or blocks of a cooperative launch wait for
 * each other, one worker runs all of them by turns: a block that only spins makes room for the
 * next. Everywhere else blocks run on all workers. Either way results do not depend on their
 * number. */
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/exec/block.h"
#include "grader/vgpu/exec/program.h"

enum {
    INVALID_CONFIGURATION = 9,
    OUT_OF_RESOURCES = 701,
    REGISTERS_OF_BLOCK = 65536,
    RESIDENT_MAX = 64, /* blocks that spin, in a launch that is not cooperative */
};

struct run {
    const struct vg_launch *launch;
    struct vg_code *const *codes;
    struct vg_result *result;
    uint64_t n_blocks;
    int64_t end_ms;

    pthread_mutex_t lock;
    pthread_cond_t merged_one;
    uint64_t next, merged; /* positions */
    bool stop;             /* a fault: what comes after it is not merged */
    bool no_memory;
    bool parallel;
};

/* ---- checks of the launch ---- */

static enum err_code refuse(struct vg_result *ret, int error, struct err *why, const char *format,
                            ...) PRINTF_LIKE(4, 5);
static enum err_code refuse(struct vg_result *ret, int error, struct err *why, const char *format,
                            ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ret->text, sizeof ret->text, format, args);
    va_end(args);
    ret->fault = (enum vg_fault)error;
    return err_set(why, ERR_INVALID, "%.*s", ERR_TEXT_MAX - 1, ret->text);
}

static bool is_shape(const uint32_t grid[3], const uint32_t block[3])
{
    return grid[0] && grid[1] && grid[2] && grid[0] <= INT32_MAX && grid[1] <= 65535 &&
           grid[2] <= 65535 && block[0] && block[1] && block[2] && block[0] <= VG_THREADS_MAX &&
           block[1] <= VG_THREADS_MAX && block[2] <= 64;
}

static enum err_code check_bounds(const struct vg_launch *l, uint32_t threads,
                                  struct vg_result *ret, struct err *why)
{
    const struct ptx_func *f = l->kernel->info.func;
    const uint64_t max = (uint64_t)f->max_threads[0] * (f->max_threads[1] ? f->max_threads[1] : 1) *
                         (f->max_threads[2] ? f->max_threads[2] : 1);
    if (max && threads > max)
        return refuse(ret, OUT_OF_RESOURCES, why,
                      "%s: %u threads in a block, %" PRIu64 " by its launch bounds", f->name,
                      threads, max);
    const uint32_t *exact = f->exact_threads;
    if (exact[0] && (l->block[0] != exact[0] || (exact[1] && l->block[1] != exact[1]) ||
                     (exact[2] && l->block[2] != exact[2])))
        return refuse(ret, INVALID_CONFIGURATION, why, "%s: its blocks have (%u,%u,%u) threads",
                      f->name, exact[0], exact[1], exact[2]);
    return OK;
}

static enum err_code check_launch(const struct vg_launch *l, struct vg_result *ret, struct err *why)
{
    const char *name = l->kernel->info.name;
    const uint32_t threads =
        is_shape(l->grid, l->block) ? l->block[0] * l->block[1] * l->block[2] : 0;
    if (threads == 0 || threads > VG_THREADS_MAX)
        return refuse(ret, INVALID_CONFIGURATION, why,
                      "%s: a grid of (%u,%u,%u) blocks of (%u,%u,%u) threads is not possible", name,
                      l->grid[0], l->grid[1], l->grid[2], l->block[0], l->block[1], l->block[2]);
    const uint64_t shared = (uint64_t)l->kernel->info.static_shared + l->dynamic_shared;
    if (shared > VG_SHARED_MAX)
        return refuse(ret, OUT_OF_RESOURCES, why,
                      "%s: %" PRIu64 " bytes of shared memory, a block has at most %d", name,
                      shared, VG_SHARED_MAX);
    /* Registers are given to warps by 256 (CUDA C++ Programming Guide, compute capabilities). */
    const uint64_t registers = (uint64_t)((l->kernel->info.registers + 7) / 8 * 8) * VG_WARP *
                               ((threads + VG_WARP - 1) / VG_WARP);
    if (registers > REGISTERS_OF_BLOCK)
        return refuse(ret, OUT_OF_RESOURCES, why,
                      "%s: %u threads of %u registers, a block has %d registers", name, threads,
                      l->kernel->info.registers, REGISTERS_OF_BLOCK);
    return check_bounds(l, threads, ret, why);
}

/* ---- merging ---- */

static void count_block(struct vg_result *r, const struct vg_live_block *live)
{
    const struct vg_kernel *k = live->kernel;
    const struct vg_launch *l = live->block.launch;
    for (uint32_t n = 0; n < k->n_reached; n++) {
        const struct vg_code *code = live->codes[k->reached[n]];
        for (uint32_t pc = code->first_pc; pc <= code->first_pc + code->n; pc++) {
            r->warp_instructions += live->block.issued[pc];
            r->lane_instructions += live->block.active[pc];
            if (l->issued)
                l->issued[pc] += live->block.issued[pc];
            if (l->active)
                l->active[pc] += live->block.active[pc];
        }
    }
}

static void spent(struct run *run, struct vg_live_block *live)
{
    struct vg_result *f = &live->fault;
    f->fault = VG_TIMEOUT;
    memcpy(f->block, live->block.index, sizeof f->block);
    memset(f->thread, 0, sizeof f->thread);
    f->file = NULL;
    f->line = 0;
    snprintf(f->text, sizeof f->text,
             "%s: the launch's budget of %" PRIu64 " instructions is spent",
             live->kernel->info.name, run->launch->budget.warp_instructions);
}

static void take_fault(struct run *run, const struct vg_live_block *live)
{
    struct vg_result *r = run->result;
    const struct vg_result *f = &live->fault;
    r->fault = f->fault;
    memcpy(r->text, f->text, sizeof r->text);
    r->file = f->file;
    r->line = f->line;
    memcpy(r->block, f->block, sizeof r->block);
    memcpy(r->thread, f->thread, sizeof r->thread);
    run->stop = true;
}

static void tell_end(const struct vg_launch *l, struct vg_live_block *live, bool dropped)
{
    live->block.dropped = dropped;
    for (int k = 0; k < VG_WATCHERS; k++) {
        const struct vg_watcher *watcher = l->watchers[k];
        if (watcher && watcher->block_end)
            watcher->block_end(watcher->context, &live->block);
    }
    for (int k = 0; k < VG_WATCHERS && !dropped; k++) {
        const struct vg_watcher *watcher = l->watchers[k];
        if (watcher && watcher->block_merge)
            watcher->block_merge(watcher->context, &live->block);
    }
}

/* In block order; one thread at a time. */
static void merge(struct run *run, struct vg_live_block *live)
{
    const struct vg_launch *l = run->launch;
    struct vg_result *r = run->result;
    str_add_bytes(&r->output, live->output.text, live->output.length);
    r->output_cut = r->output_cut || live->output.cut || r->output.cut;
    count_block(r, live);
    if (live->fault.fault == VG_FINE && r->warp_instructions > l->budget.warp_instructions)
        spent(run, live);
    tell_end(l, live, false);
    if (live->fault.fault != VG_FINE)
        take_fault(run, live);
    run->merged++;
}

/* ---- blocks on many workers ---- */

static bool take_position(struct run *run, uint64_t *ret)
{
    pthread_mutex_lock(&run->lock);
    const bool any = run->next < run->n_blocks && !run->stop;
    *ret = run->next;
    run->next += any;
    pthread_mutex_unlock(&run->lock);
    return any;
}

static void merge_in_turn(struct run *run, struct vg_live_block *live)
{
    pthread_mutex_lock(&run->lock);
    while (run->merged != live->position && !run->stop)
        pthread_cond_wait(&run->merged_one, &run->lock);
    if (!run->stop)
        merge(run, live);
    else
        tell_end(run->launch, live, true);
    pthread_cond_broadcast(&run->merged_one);
    pthread_mutex_unlock(&run->lock);
}

static void *work(void *context)
{
    struct run *run = context;
    const struct vg_launch *l = run->launch;
    struct vg_live_block *live = vg_live_new(l, run->codes);
    struct vg_clock clock = {.end_ms = run->end_ms};
    uint64_t position;
    if (!live) {
        pthread_mutex_lock(&run->lock);
        run->no_memory = true;
        run->stop = true;
        pthread_cond_broadcast(&run->merged_one);
        pthread_mutex_unlock(&run->lock);
        return NULL;
    }
    live->shared_atomics = run->parallel;
    while (take_position(run, &position)) {
        const uint64_t number = vg_order_at(l->order, run->n_blocks, position);
        vg_live_begin(live, l, position, number, l->budget.warp_instructions);
        (void)vg_live_run(live, &clock); /* spins end with the budget; nobody else is waited for */
        while (live->fault.fault == VG_FINE && !vg_live_done(live))
            (void)vg_live_run(live, &clock);
        merge_in_turn(run, live);
    }
    vg_live_free(live);
    return NULL;
}

static void run_parallel(struct run *run, int workers)
{
    enum { WORKERS_MAX = 64 };
    pthread_t threads[WORKERS_MAX];
    int n = 0;
    run->parallel = workers > 1;
    while (n + 1 < workers && n < WORKERS_MAX && pthread_create(&threads[n], NULL, work, run) == 0)
        n++;
    work(run);
    for (int k = 0; k < n; k++)
        pthread_join(threads[k], NULL);
}

/* ---- blocks that wait for each other ---- */

struct residents { /* blocks at positions [run->merged, run->next), in that order */
    struct vg_live_block **blocks;
    bool *done;
    uint64_t n, room;
    struct vg_live_block *spare;
};

static bool add_resident(struct run *run, struct residents *r)
{
    const struct vg_launch *l = run->launch;
    struct vg_live_block *live = r->spare ? r->spare : vg_live_new(l, run->codes);
    r->spare = NULL;
    if (!live) {
        run->no_memory = run->n_blocks > 0 && r->n == 0;
        return false;
    }
    vg_live_begin(live, l, run->next, vg_order_at(l->order, run->n_blocks, run->next), 0);
    run->next++;
    r->done[r->n] = false;
    r->blocks[r->n++] = live;
    return true;
}

/* Those at the front that are done, in order. */
static void merge_front(struct run *run, struct residents *r)
{
    uint64_t n = 0;
    while (n < r->n && r->done[n] && !run->stop) {
        merge(run, r->blocks[n]);
        if (r->spare)
            vg_live_free(r->blocks[n]);
        else
            r->spare = r->blocks[n];
        n++;
    }
    r->n -= n;
    memmove(r->blocks, r->blocks + n, r->n * sizeof(struct vg_live_block *));
    memmove(r->done, r->done + n, r->n * sizeof *r->done);
}

/* The next block that is not done, from `from` on. */
static uint64_t next_resident(const struct residents *r, uint64_t from)
{
    for (uint64_t k = 0; k < r->n; k++)
        if (!r->done[(from + k) % r->n])
            return (from + k) % r->n;
    return 0;
}

static enum vg_block_state run_resident(struct run *run, struct vg_live_block *live,
                                        struct vg_clock *clock, uint64_t *left)
{
    const uint64_t before = live->warp_instructions;
    live->limit = before + *left;
    const enum vg_block_state state = vg_live_run(live, clock);
    const uint64_t steps = live->warp_instructions - before;
    *left -= steps < *left ? steps : *left;
    if (state == VG_BLOCK_FAULT) { /* what came before it in time counts, done or not */
        merge(run, live);
        live->block.launch = NULL;
    }
    return state;
}

static void run_by_turns(struct run *run, struct residents *r)
{
    struct vg_clock clock = {.end_ms = run->end_ms};
    uint64_t left = run->launch->budget.warp_instructions, at = 0;
    while (!run->stop && (r->n > 0 || run->next < run->n_blocks)) {
        if (r->n == 0) {
            if (!add_resident(run, r))
                return;
            at = 0;
        }
        const enum vg_block_state state = run_resident(run, r->blocks[at], &clock, &left);
        if (state == VG_BLOCK_DONE)
            r->done[at] = true;
        const uint64_t before = r->n;
        merge_front(run, r);
        if (state == VG_BLOCK_SPINS && run->next < run->n_blocks && r->n < r->room &&
            add_resident(run, r)) {
            at = r->n - 1;
            continue;
        }
        const uint64_t gone = before - r->n;
        if (r->n > 0)
            at = next_resident(r, at + 1 > gone ? at + 1 - gone : 0);
    }
}

static void run_ordered(struct run *run)
{
    struct residents r = {.room = run->launch->cooperative ? run->n_blocks : RESIDENT_MAX};
    if (r.room > run->n_blocks)
        r.room = run->n_blocks;
    r.blocks = calloc(r.room, sizeof(struct vg_live_block *));
    r.done = calloc(r.room, sizeof *r.done);
    if (r.blocks && r.done)
        run_by_turns(run, &r);
    else
        run->no_memory = true;
    for (uint64_t k = 0; k < r.n; k++) {
        if (r.blocks[k]->block.launch) /* stopped by another's fault */
            tell_end(run->launch, r.blocks[k], true);
        vg_live_free(r.blocks[k]);
    }
    vg_live_free(r.spare);
    free(r.blocks);
    free(r.done);
}

/* ---- a launch ---- */

static void tell_launch(const struct vg_launch *l, bool end)
{
    for (int k = 0; k < VG_WATCHERS; k++) {
        const struct vg_watcher *watcher = l->watchers[k];
        if (watcher && !end && watcher->launch_begin)
            watcher->launch_begin(watcher->context, l);
        if (watcher && end && watcher->launch_end)
            watcher->launch_end(watcher->context, l);
    }
}

static void run_blocks(struct run *run)
{
    const struct vg_launch *l = run->launch;
    const int workers = (uint64_t)l->workers < run->n_blocks ? l->workers : (int)run->n_blocks;
    tell_launch(l, false);
    if (l->cooperative || l->kernel->ordered)
        run_ordered(run);
    else
        run_parallel(run, workers);
    tell_launch(l, true);
}

static int64_t end_of(const struct vg_budget *b)
{
    const int64_t now = vg_now_ms();
    return b->wall_ms > INT64_MAX - now ? INT64_MAX : now + b->wall_ms;
}

enum err_code vg_run(const struct vg_launch *l, struct vg_result *ret, struct err *why)
{
    memset(ret, 0, sizeof *ret);
    str_init(&ret->output, l->budget.output_bytes);
    enum err_code rc = check_launch(l, ret, why);
    if (rc != OK)
        return rc;
    struct run run = {
        .launch = l,
        .result = ret,
        .n_blocks = (uint64_t)l->grid[0] * l->grid[1] * l->grid[2],
        .end_ms = end_of(&l->budget),
    };
    /* Decoded at load for the best instruction set; others are for tests. */
    rc = vg_kernel_code((struct vg_kernel *)(uintptr_t)l->kernel, l->isa, &run.codes, why);
    if (rc != OK)
        return rc;
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.merged_one, NULL);
    run_blocks(&run);
    pthread_cond_destroy(&run.merged_one);
    pthread_mutex_destroy(&run.lock);
    return run.no_memory ? err_set(why, ERR_NOMEM, "no memory to run %s", l->kernel->info.name)
                         : OK;
}

void vg_result_done(struct vg_result *r)
{
    str_done(&r->output);
}
