/* From counts to a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/cost/inside.h"

/* Between a launch and its first instruction; a device takes 2 to 5 us, which pipelining of a
 * stream halves. */
static const double LAUNCH_US = 2.5;
static const double SCHEDULERS = 4; /* of an SM: warp instructions per clock */

const char *cost_term_text(enum cost_term t)
{
    static const char *const texts[] = {
        [COST_ISSUE] = "issue slots",     [COST_FP32] = "fp32",
        [COST_INT] = "integer",           [COST_FP64] = "fp64",
        [COST_SFU] = "special functions", [COST_LSU] = "load/store",
        [COST_TENSOR] = "tensor cores",   [COST_L1] = "shared memory and L1",
        [COST_L2] = "L2 bandwidth",       [COST_DRAM] = "DRAM bandwidth",
        [COST_LATENCY] = "latency",
    };
    return texts[t];
}

static enum cost_limiter limiter_of(const struct wire_device *d, uint32_t threads,
                                    uint32_t registers, uint32_t blocks)
{
    if (profile_blocks(d, threads, 0, 0) == blocks)
        return d->blocks <= d->warps / ((threads + VG_WARP - 1) / VG_WARP) ? COST_BY_BLOCKS
                                                                           : COST_BY_WARPS;
    return profile_blocks(d, threads, registers, 0) == blocks ? COST_BY_REGISTERS : COST_BY_SHARED;
}

void cost_occupancy(struct cost *c, const struct vg_launch *l)
{
    struct cost_kernel *k = &c->last;
    const uint32_t threads = l->block[0] * l->block[1] * l->block[2];
    const uint32_t warps = (threads + VG_WARP - 1) / VG_WARP;
    k->blocks_per_sm = profile_blocks(&c->device, threads, k->registers, k->shared_bytes);
    k->warps_per_sm = k->blocks_per_sm * warps;
    k->occupancy = (double)k->warps_per_sm / c->device.warps;
    k->limiter = limiter_of(&c->device, threads, k->registers, k->blocks_per_sm);
}

/* The part of all work that the busiest SM has. */
static double busiest_share(const struct cost *c)
{
    uint64_t most = 0;
    for (uint32_t s = 0; s < c->rates.sms; s++)
        if (c->sm_load[s] > most)
            most = c->sm_load[s];
    return c->load ? (double)most / (double)c->load : 1;
}

static void add_pipes(struct cost *c, double *issue, double *tensor)
{
    struct cost_kernel *k = &c->last;
    for (uint32_t pc = 0; pc < c->n_pcs; pc++) {
        const double issued = (double)c->lines[pc].issued;
        if (issued == 0)
            continue;
        const struct cost_weight *w = &c->weights[pc];
        k->by_pipe[w->pipe] += issued * (double)w->work;
        k->by_pipe[VG_SFU] += issued * (double)w->sfu;
        *issue += issued * (double)w->issue;
        *tensor += issued * w->tensor;
    }
}

/* Waves of blocks, each as long as a block takes; between the two views as often as L2 had it. */
static double latency_cycles(const struct cost *c)
{
    const struct cost_kernel *k = &c->last;
    if (!c->scored)
        return 0;
    const double hit = k->l2_sectors ? (double)k->l2_hits / (double)k->l2_sectors : 1;
    const double block = (hit * (double)c->score_cycles[COST_ALL_IN_L2] +
                          (1 - hit) * (double)c->score_cycles[COST_ALL_IN_DRAM]) /
                         (double)c->scored;
    const uint32_t resident = k->blocks_per_sm ? k->blocks_per_sm : 1;
    const double waves = ceil((double)c->n_blocks / ((double)resident * c->rates.sms));
    return waves * block;
}

/* The fourth power lets the largest term win, and others add little; products and roots are the
 * same on every host. */
void cost_times(struct cost *c)
{
    struct cost_kernel *k = &c->last;
    const struct cost_rates *r = &c->rates;
    double issue = 0, tensor = 0;
    add_pipes(c, &issue, &tensor);
    const double share = busiest_share(c);
    /* A sector that is written goes with its address and a mask of its bytes, and is answered: it
     * takes the way of two that are read. Our assumption; data sheets tell of reads only. */
    const double l2_bytes = (double)(k->l2_sectors + c->l2_writes) * COST_SECTOR;
    double *t = k->cycles;
    t[COST_ISSUE] = share * issue / SCHEDULERS;
    t[COST_FP32] = share * k->by_pipe[VG_FP32] * VG_WARP / r->lanes[VG_FP32];
    t[COST_INT] = share * k->by_pipe[VG_INT] * VG_WARP / r->lanes[VG_INT];
    t[COST_FP64] = share * k->by_pipe[VG_FP64] * VG_WARP / r->lanes[VG_FP64];
    t[COST_SFU] = share * k->by_pipe[VG_SFU] * VG_WARP / r->lanes[VG_SFU];
    t[COST_LSU] = share * k->by_pipe[VG_LSU] * VG_WARP / r->lanes[VG_LSU];
    t[COST_TENSOR] = share * tensor / r->tensor;
    t[COST_L1] = share * (double)(k->total.wavefronts + c->l1_wavefronts);
    /* Atomics of lanes with one address are done one by one where L2 keeps it. */
    t[COST_L2] = l2_bytes / r->l2_bytes + (double)c->atomic_rounds / r->sms;
    t[COST_DRAM] = (double)(k->dram_read + k->dram_written) / r->dram_bytes;
    t[COST_LATENCY] = latency_cycles(c);
    double sum = 0;
    for (int i = 0; i < COST_TERMS; i++) {
        sum += t[i] * t[i] * t[i] * t[i];
        if (t[i] > t[k->bound])
            k->bound = (enum cost_term)i;
    }
    k->total_cycles = sqrt(sqrt(sum)) + LAUNCH_US * 1e3 * r->ghz;
    k->ns = k->total_cycles / r->ghz;
}

/* ---- the model itself ---- */

enum err_code cost_new(struct cost **ret, const char *profile, struct err *why)
{
    struct cost *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(why, ERR_NOMEM, "no memory for a cost model");
    pthread_mutex_init(&c->lock, NULL);
    enum err_code rc = cost_rates_find(profile, &c->rates, why);
    if (rc == OK)
        rc = profile_find(profile, &c->device, why);
    if (rc == OK)
        rc = cost_cache_new(&c->l2, c->rates.l2_capacity, COST_L2_WAYS, why);
    if (rc == OK && !(c->sm_load = calloc(c->rates.sms, sizeof(*c->sm_load))))
        rc = err_set(why, ERR_NOMEM, "no memory for %u SMs", c->rates.sms);
    if (rc != OK) {
        cost_free(c);
        return rc;
    }
    cost_watch(c);
    *ret = c;
    return OK;
}

const struct vg_watcher *cost_watcher(struct cost *c)
{
    return &c->watcher;
}

void cost_cold(struct cost *c)
{
    c->last.dram_written += cost_cache_flush(c->l2) * COST_SECTOR;
    cost_cache_reset(c->l2, c->rates.l2_capacity);
}

const struct cost_kernel *cost_last(const struct cost *c)
{
    return c->ended ? &c->last : NULL;
}

const struct cost_counts *cost_last_lines(const struct cost *c, uint32_t *ret_n)
{
    *ret_n = c->ended ? c->n_pcs : 0;
    return c->lines;
}

const struct cost_rates *cost_rates(const struct cost *c)
{
    return &c->rates;
}
