/* Launches: checked and answered, then run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/device/machine.h"
#include "grader/vgpu/device/owners.h"
#include "grader/vgpu/device/profile.h"

static void read_shape(const struct wire_request *q, struct vg_launch *l)
{
    l->grid[0] = (uint32_t)q->arg[1];
    l->grid[1] = (uint32_t)(q->arg[1] >> 32);
    l->grid[2] = (uint32_t)q->arg[2];
    l->block[0] = (uint32_t)(q->arg[2] >> 32);
    l->block[1] = (uint32_t)q->arg[3];
    l->block[2] = (uint32_t)(q->arg[3] >> 32);
}

/* Sizes that no device has: error 9. */
static bool shape_is_possible(const struct vg_launch *l)
{
    const uint32_t *g = l->grid, *b = l->block;
    if (g[0] == 0 || g[1] == 0 || g[2] == 0 || b[0] == 0 || b[1] == 0 || b[2] == 0)
        return false;
    if (g[0] > INT32_MAX || g[1] > 65535 || g[2] > 65535)
        return false;
    return b[0] <= 1024 && b[1] <= 1024 && b[2] <= 64 && b[0] * b[1] * b[2] <= 1024;
}

/* What the kernel needs and a block cannot have: error 701, or 1 for shared memory. */
static int check_resources(const struct call *c, const struct vg_launch *l)
{
    const struct machine *m = c->m;
    const struct vg_kernel_info *info = vg_kernel_info(l->kernel);
    const struct wire_device *d = &m->config.profile;
    const uint32_t threads = l->block[0] * l->block[1] * l->block[2];
    const uint64_t shared = (uint64_t)info->static_shared + c->q->arg[4];
    if (c->q->arg[4] > m->kernels[c->q->arg[0]].most_dynamic || shared > d->shared_optin)
        return CUDA_INVALID_VALUE;
    const uint32_t *exact = info->func->exact_threads, *most = info->func->max_threads;
    if (exact[0] && memcmp(exact, l->block, sizeof l->block) != 0)
        return CUDA_INVALID_VALUE;
    const uint64_t bound = (uint64_t)most[0] * (most[1] ? most[1] : 1) * (most[2] ? most[2] : 1);
    if (bound && threads > bound)
        return CUDA_INVALID_VALUE;
    const uint32_t blocks = profile_blocks(d, threads, info->registers, shared);
    if (blocks == 0)
        return CUDA_OUT_OF_RESOURCES;
    const uint64_t grid = (uint64_t)l->grid[0] * l->grid[1] * l->grid[2];
    return l->cooperative && grid > (uint64_t)blocks * d->sms ? CUDA_COOPERATIVE_TOO_LARGE
                                                              : CUDA_SUCCESS;
}

static int check_launch(const struct call *c, struct vg_launch *l)
{
    struct machine *m = c->m;
    struct err why;
    if (machine_kernel(m, c->q->arg[0], l->device, &l->kernel, &why) != OK)
        return machine_refuse(m, CUDA_INVALID_DEVICE_FUNCTION, "launch: %s", why.text);
    const int error = machine_act(m, l->cooperative ? ACT_COOPERATIVE : ACT_LAUNCH);
    if (error != CUDA_SUCCESS)
        return error;
    if (!shape_is_possible(l))
        return CUDA_INVALID_CONFIGURATION;
    if (c->bytes != vg_kernel_info(l->kernel)->param_bytes)
        return machine_refuse(
            m, CUDA_INVALID_VALUE, "launch of %s: %zu bytes of parameters, not %zu",
            vg_kernel_info(l->kernel)->name, c->bytes, vg_kernel_info(l->kernel)->param_bytes);
    return check_resources(c, l);
}

static int count_launch(struct machine *m)
{
    const uint64_t number = ++m->account.launches;
    if (number == m->account.fail_launch)
        return CUDA_OUT_OF_RESOURCES;
    if (m->config.launches == 0)
        return CUDA_NOT_PERMITTED;
    m->config.launches--;
    return CUDA_SUCCESS;
}

int machine_call_LAUNCH(const struct call *c)
{
    struct machine *m = c->m;
    uint32_t stream;
    const struct stream *s = machine_stream(c, &stream);
    if (!s || s->device != (int)c->q->device)
        return CUDA_INVALID_HANDLE;
    struct vg_launch l = {.device = s->device,
                          .n_devices = VG_HOST + 1,
                          .cooperative = c->q->flags & WIRE_COOPERATIVE,
                          .order = m->config.order,
                          .workers = m->config.workers,
                          .isa = m->config.isa,
                          .budget = m->config.launch,
                          .sms = m->config.profile.sms};
    read_shape(c->q, &l);
    int error = check_launch(c, &l);
    if (error == CUDA_SUCCESS)
        error = count_launch(m);
    if (error != CUDA_SUCCESS)
        return error;
    l.dynamic_shared = (uint32_t)c->q->arg[4];
    l.program = m->modules[m->kernels[c->q->arg[0]].module].programs[l.device];
    l.grid_id = ++m->n_grids;
    memcpy(m->launch_params, c->payload, c->bytes);
    m->launch = l;
    m->launch_request = *c->q;
    return CUDA_SUCCESS;
}

/* The memories that the kernel reaches: its device's, enabled peers', and what the host shares. */
static void reach_memories(const struct machine *m, int device, struct vg_memory **ret)
{
    for (int d = 0; d < VG_DEVICES; d++)
        ret[d] = d == device || m->peer[device][d] ? m->memory[d] : NULL;
    ret[VG_HOST] = m->memory[VG_HOST];
}

static void take_result(struct machine *m, const struct vg_launch *l, const struct vg_result *r)
{
    m->account.warp_instructions += r->warp_instructions;
    m->account.lane_instructions += r->lane_instructions;
    str_add_bytes(&m->printed, r->output.text, r->output.length);
    if (!r->fault)
        return;
    m->fault[l->device] = (int)r->fault;
    if (!m->account.fault) {
        m->account.fault = (int)r->fault;
        snprintf(m->account.story, sizeof m->account.story, "%s", r->text);
    }
    machine_refuse(m, (int)r->fault, "%s", r->text);
}

void machine_run(struct machine *m)
{
    if (!m->launch.kernel)
        return;
    struct vg_launch l = m->launch;
    m->launch.kernel = NULL;
    struct vg_memory *memories[VG_DEVICES + 1];
    const struct call c = {.m = m, .q = &m->launch_request};
    uint32_t number;
    struct stream *s = machine_stream(&c, &number);
    if (!s)
        return; /* a reset took it away */
    reach_memories(m, l.device, memories);
    l.memories = memories;
    l.params = m->launch_params;
    l.start_ns = machine_tail(m, s);
    memcpy(l.watchers, m->watchers, sizeof l.watchers);
    if (owners_watcher(m->owners))
        l.watchers[VG_WATCHERS - 1] = owners_watcher(m->owners);
    /* Without memory for them a profile has no instructions, which it tells. */
    const uint32_t pcs = l.watchers[0] || l.watchers[1] ? vg_program_pcs(l.program) : 0;
    uint64_t *counts = pcs ? calloc(pcs, 2 * sizeof *counts) : NULL;
    l.issued = counts;
    l.active = counts ? counts + pcs : NULL;
    MACHINE_OBSERVE(m, launching, number, &l);

    struct vg_result r = {0};
    struct err why;
    const enum err_code rc = vg_run(&l, &r, &why);
    if (rc == ERR_NOMEM || (rc != OK && r.fault == VG_FINE)) {
        r.fault = VG_LAUNCH_FAILURE;
        snprintf(r.text, sizeof r.text, "%s", why.text);
    }
    const uint64_t ns = m->clock.kernel_ns(m->clock.context, &l, &r);
    struct timeline_line *line = &m->lines[l.device][ENGINE_KERNEL];
    machine_place(&c, s, &line, 1, ns);
    m->account.kernel_ns += ns;
    take_result(m, &l, &r);
    vg_result_done(&r);
    free(counts);
}
