/* Moves of addresses and special registers, generic addresses, parameters, the stack. */
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/handlers.h"
#include "grader/vgpu/exec/warp.h"

/* ---- special registers (chapter 10) ---- */

static uint32_t component(uint32_t linear, const uint32_t size[3], uint32_t axis)
{
    if (axis == 0)
        return linear % size[0];
    return axis == 1 ? linear / size[0] % size[1] : linear / size[0] / size[1];
}

/* One instruction of a warp takes one modelled clock: repeatable, and never standing still. */
static uint64_t clock_of(const struct vg_warp *w)
{
    return w->state->steps + w->state->slept;
}

static uint64_t timer_of(const struct vg_warp *w)
{
    return w->block->launch->start_ns + clock_of(w);
}

static uint64_t workspace_of(const struct vg_warp *w)
{
    return w->block->launch->cooperative ? vg_live(w)->kernel->program->workspace : 0;
}

static uint32_t lane_mask(enum ptx_sreg sreg, uint32_t lane)
{
    const uint32_t equal = 1U << lane;
    switch (sreg) {
    case SREG_LANEMASK_EQ:
        return equal;
    case SREG_LANEMASK_LE:
        return equal | (equal - 1);
    case SREG_LANEMASK_LT:
        return equal - 1;
    case SREG_LANEMASK_GE:
        return ~(equal - 1);
    default:
        return ~(equal | (equal - 1));
    }
}

static uint64_t special_value(const struct vg_warp *w, enum ptx_sreg sreg, uint32_t lane)
{
    const struct vg_block *b = w->block;
    const struct vg_launch *l = b->launch;
    const uint32_t linear = w->number * VG_WARP + lane;
    switch (sreg) {
    case SREG_TID_X:
    case SREG_TID_Y:
    case SREG_TID_Z:
        return component(linear, l->block, sreg - SREG_TID_X);
    case SREG_NTID_X:
    case SREG_NTID_Y:
    case SREG_NTID_Z:
        return l->block[sreg - SREG_NTID_X];
    case SREG_CTAID_X:
    case SREG_CTAID_Y:
    case SREG_CTAID_Z:
        return b->index[sreg - SREG_CTAID_X];
    case SREG_NCTAID_X:
    case SREG_NCTAID_Y:
    case SREG_NCTAID_Z:
        return l->grid[sreg - SREG_NCTAID_X];
    case SREG_LANEID:
        return lane;
    case SREG_WARPID:
        return w->number;
    case SREG_NWARPID:
        return VG_WARPS_MAX;
    case SREG_SMID:
        return l->sms ? b->number % l->sms : 0;
    case SREG_NSMID:
        return l->sms;
    case SREG_GRIDID:
        return l->grid_id;
    case SREG_LANEMASK_EQ:
    case SREG_LANEMASK_LE:
    case SREG_LANEMASK_LT:
    case SREG_LANEMASK_GE:
    case SREG_LANEMASK_GT:
        return lane_mask(sreg, lane);
    case SREG_CLOCK:
        return (uint32_t)clock_of(w);
    case SREG_CLOCK_HI:
        return clock_of(w) >> 32;
    case SREG_CLOCK64:
        return clock_of(w);
    case SREG_GLOBALTIMER:
        return timer_of(w);
    case SREG_GLOBALTIMER_LO:
        return (uint32_t)timer_of(w);
    case SREG_GLOBALTIMER_HI:
        return timer_of(w) >> 32;
    case SREG_TOTAL_SMEM_SIZE:
    case SREG_AGGR_SMEM_SIZE:
        return b->shared_bytes;
    case SREG_DYNAMIC_SMEM_SIZE:
        return l->dynamic_shared;
    case SREG_ENVREG1: /* the high half: load_env_reg64<1, 2> of cooperative groups */
        return workspace_of(w) >> 32;
    case SREG_ENVREG2:
        return (uint32_t)workspace_of(w);
    case SREG_WARP_SZ:
        return VG_WARP;
    default: /* clusters: the decoder refused them */
        return 0;
    }
}

static void fill_special(const struct vg_warp *w, enum ptx_sreg sreg, uint32_t bytes, void *ret,
                         uint32_t mask)
{
    VG_EACH_LANE(l, mask)
    {
        const uint64_t value = special_value(w, sreg, l);
        if (bytes == 8)
            ((uint64_t *)ret)[l] = value;
        else
            ((uint32_t *)ret)[l] = (uint32_t)value;
    }
}

void vg_fill_specials(const struct vg_warp *w, const struct vg_code *code, unsigned char *frame)
{
    for (uint32_t k = 0; k < code->n_specials; k++)
        fill_special(w, (enum ptx_sreg)code->specials[k].sreg, code->specials[k].bytes,
                     frame + code->specials[k].at, VG_ALL);
}

void vg_run_special(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    fill_special(w, (enum ptx_sreg)i->b, i->a, vg_lanes(w, i, 0), mask);
}

/* ---- moves (9.7.9) ---- */

static void write_lanes(struct vg_warp *w, const struct vg_insn *i, uint32_t width,
                        const uint64_t *values, uint32_t mask)
{
    void *to = vg_lanes(w, i, 0);
    VG_EACH_LANE(l, mask)
    {
        if (width == 8)
            ((uint64_t *)to)[l] = values[l];
        else
            ((uint32_t *)to)[l] = (uint32_t)values[l];
    }
}

void vg_run_mov_64(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    write_lanes(w, i, i->a, vg_lanes(w, i, 1), mask);
}

void vg_run_mov_32(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    uint32_t *to = vg_lanes(w, i, 0);
    const uint32_t *from = vg_lanes(w, i, 1);
    for (uint32_t l = 0; l < VG_WARP; l++)
        to[l] = vg_lane_in(mask, l) ? from[l] : to[l];
}

/* A variable of a function stands where its activation's local memory begins. */
void vg_run_mov_local(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint64_t *offset = vg_lanes(w, i, 1);
    uint64_t values[VG_WARP];
    for (uint32_t l = 0; l < VG_WARP; l++)
        values[l] = offset[l] + vg_local_base(w);
    write_lanes(w, i, i->a, values, mask);
}

/* Windows are aligned to their size, so that both directions are an addition. */
void vg_run_cvta(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    uint64_t *to = vg_lanes(w, i, 0);
    const uint64_t *from = vg_lanes(w, i, 1);
    for (uint32_t l = 0; l < VG_WARP; l++)
        to[l] = vg_lane_in(mask, l) ? from[l] + (uint64_t)i->offset : to[l];
}

static bool is_constant(const struct vg_warp *w, uint64_t address)
{
    bool inside;
    const struct vg_program *p = vg_live(w)->kernel->program;
    const struct vg_allocation *a = vg_memory_find(p->memory, address, &inside);
    return inside && a->owner == VG_OWNER_CONST;
}

void vg_run_isspacep(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    uint32_t *to = vg_lanes(w, i, 0), is = 0;
    const uint64_t *address = vg_lanes(w, i, 1);
    VG_EACH_LANE(l, mask)
    {
        const bool constant = i->space == PTX_CONST && is_constant(w, address[l]);
        is |= (uint32_t)(constant || vg_space_of(address[l]) == (enum ptx_space)i->space) << l;
    }
    *to = (*to & ~mask) | is;
}

/* ---- parameters of the kernel ---- */

static uint64_t sign_extended(uint64_t value, enum vg_element e)
{
    switch (e) {
    case VG_S8:
        return (uint64_t)(int64_t)(int8_t)value;
    case VG_S16:
        return (uint64_t)(int64_t)(int16_t)value;
    case VG_S32:
        return (uint64_t)(int64_t)(int32_t)value;
    default:
        return value;
    }
}

static uint64_t fetch(const unsigned char *p, enum vg_element e, uint32_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, p, bytes);
    return sign_extended(value, e);
}

static void put(void *to, uint32_t width, uint32_t lane, uint64_t value)
{
    memcpy((unsigned char *)to + (size_t)lane * width, &value, width);
}

/* The usual case: a parameter as a whole, for all lanes. */
static bool load_same(struct vg_warp *w, const struct vg_insn *i, uint64_t offset)
{
    const uint32_t width = i->a >> 8;
    const unsigned char *p = vg_param_at(w, offset, i->lane_bytes);
    void *to = vg_lanes(w, i, 0);
    if (!p || width < 4)
        return false;
    const uint64_t value = fetch(p, (enum vg_element)(i->a & 0xff), i->lane_bytes);
    for (uint32_t l = 0; l < VG_WARP; l++) {
        if (width == 4)
            ((uint32_t *)to)[l] = (uint32_t)value;
        else
            ((uint64_t *)to)[l] = value;
    }
    return true;
}

/* `a`: element, and the registers' width behind it. */
void vg_run_load_param(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const enum vg_element e = (enum vg_element)(i->a & 0xff);
    const uint32_t width = i->a >> 8, n = i->b & VG_VECTOR_MASK, bytes = i->lane_bytes / n;
    uint64_t a[VG_WARP];
    vg_addresses(w, i, a);
    if (mask == VG_ALL && n == 1 && i->operands[1].bank == VG_CONSTANTS && load_same(w, i, a[0]))
        return;
    VG_EACH_LANE(l, mask)
    {
        const unsigned char *p = vg_param_at(w, a[l], i->lane_bytes);
        if (!p) {
            vg_fail(w, VG_ILLEGAL_ADDRESS, l, a[l],
                    "load of %u bytes beyond the kernel's parameters", i->lane_bytes);
            return;
        }
        for (uint32_t k = 0; k < n; k++)
            put(vg_lanes(w, i, k), width, l, fetch(p + (size_t)k * bytes, e, bytes));
    }
}

/* ---- the stack (9.7.17) ---- */

static struct vg_activation *activation(struct vg_warp *w)
{
    return w->state->splits[w->state->current].act;
}

static void write_same(struct vg_warp *w, const struct vg_insn *i, uint64_t value, uint32_t mask)
{
    uint64_t values[VG_WARP];
    for (uint32_t l = 0; l < VG_WARP; l++)
        values[l] = value;
    write_lanes(w, i, ptx_type_bits((enum ptx_type)i->operands[0].type) / 8, values, mask);
}

static uint64_t read_lane(const struct vg_warp *w, const struct vg_insn *i, uint32_t k,
                          uint32_t lane)
{
    const void *from = vg_lanes(w, i, k);
    return ptx_type_bits((enum ptx_type)i->operands[k].type) == 64 ? ((const uint64_t *)from)[lane]
                                                                   : ((const uint32_t *)from)[lane];
}

void vg_run_stacksave(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    write_same(w, i, activation(w)->local_top, mask);
}

void vg_run_stackrestore(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint64_t top = read_lane(w, i, 0, (uint32_t)__builtin_ctz(mask));
    struct vg_activation *act = activation(w);
    if (top >= act->local + act->code->local_bytes && top <= act->local_top)
        act->local_top = (uint32_t)top;
}

/* The lanes of an activation share one stack pointer: what the largest of them asks for. */
void vg_run_alloca(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct vg_activation *act = activation(w);
    uint64_t bytes = 0;
    VG_EACH_LANE(l, mask)
    {
        const uint64_t wanted = read_lane(w, i, 1, l);
        bytes = wanted > bytes ? wanted : bytes;
    }
    const uint64_t at = (act->local_top + UINT64_C(127)) / 128 * 128; /* the largest alignment */
    if (bytes > VG_LOCAL_MAX || at + bytes > VG_LOCAL_MAX ||
        !vg_grow_local(w, (uint32_t)(at + bytes + 15) / 16 * 16)) {
        vg_fail(w, VG_LAUNCH_FAILURE, (uint32_t)__builtin_ctz(mask), 0,
                "stack overflow: alloca of %llu bytes", (unsigned long long)bytes);
        return;
    }
    act->local_top = (uint32_t)(at + bytes + 15) / 16 * 16;
    write_same(w, i, at, mask);
}
