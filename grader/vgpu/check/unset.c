/* Values that nobody wrote. Copying one is no fault (padding is copied all the time), so a load of
 * it taints its register, moves and stores carry the taint on, and whatever computes with it, takes
 * it for an address or decides by it is told, with the load it came from. */
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/check/inside.h"

static bool is_set(const struct now *n, uint64_t address)
{
    if (n->a->space == PTX_GLOBAL)
        return check_shadow_is_set(n->c->shadow, address, n->a->bytes);
    if (address + n->a->bytes > n->b->shared_bytes)
        return true;
    for (uint32_t k = 0; k < n->a->bytes; k++)
        if (!n->b->shared_set[address + k])
            return false;
    return true;
}

static void set(const struct now *n, uint64_t address, bool known)
{
    if (n->a->space == PTX_SHARED) {
        if (address + n->a->bytes <= n->b->shared_bytes)
            memset(&n->b->shared_set[address], known, n->a->bytes);
    } else if (known) {
        check_shadow_set(n->c->shadow, address, n->a->bytes);
    } else {
        check_shadow_unset(n->c->shadow, address, n->a->bytes);
    }
}

static void tell(struct check *c, const struct vg_warp *w, const struct vg_insn *i, uint32_t lane,
                 struct taint_origin origin, const char *use)
{
    if (check_known(c, CHECK_UNSET, i->pc, origin.pc))
        return;
    struct check_finding f = {.kind = CHECK_UNSET,
                              .hint = "is every element written before it is read? Memory of "
                                      "cudaMalloc() and __shared__ arrays begins with anything"};
    const uint32_t thread = w->number * VG_WARP + lane;
    f.here = check_place_at(&c->launch, w->block->number, thread, i->pc);
    if (origin.pc != i->pc)
        f.there = check_place_at(&c->launch, w->block->number, thread, origin.pc);
    char where[100];
    if (origin.address < VG_GLOBAL(0))
        snprintf(where, sizeof(where), "shared byte %llu", (unsigned long long)origin.address);
    else
        check_what(c, origin.address, 1, where, sizeof(where));
    snprintf(f.what, sizeof(f.what), "%s, from %s", use, where);
    check_tell(c, &f, i->pc, origin.pc);
}

/* The operands of a store that are its value: the last ones. */
static uint32_t first_value(const struct vg_insn *i)
{
    const struct ptx_instr *s = i->source;
    const unsigned bits =
        s && s->n_types ? ptx_type_bits((enum ptx_type)s->types[s->n_types - 1]) : 32;
    const uint32_t values = bits >= 8 && i->lane_bytes * 8u > bits ? i->lane_bytes * 8 / bits : 1;
    return i->n_operands > values ? i->n_operands - values : 0;
}

static uint32_t tainted(const struct now *n, uint32_t from, uint32_t to)
{
    struct taint_origin origin;
    uint32_t lanes = 0;
    for (uint32_t k = from; k < to; k++)
        lanes |= taint_of(&n->w->taint, n->a->warp, &n->a->insn->operands[k], &origin);
    return lanes;
}

/* One lane of an access, before it happens. */
void check_unset_access(struct now *n)
{
    const uint64_t address = n->a->addresses[n->lane];
    const uint32_t bit = UINT32_C(1) << n->lane;
    if (n->reads && !is_set(n, address)) {
        n->w->unset |= bit;
        n->w->origin = (struct taint_origin){n->a->insn->pc, address};
        if (n->writes) /* an atomic computes with what it finds */
            tell(n->c, n->a->warp, n->a->insn, n->lane, n->w->origin, "an atomic adds to it");
    }
    if (!n->writes)
        return;
    const bool carries = n->a->kind == VG_STORE && taint_any(&n->w->taint) &&
                         tainted(n, first_value(n->a->insn), n->a->insn->n_operands) & bit;
    set(n, address, !carries);
}

static bool only_copies(const struct vg_insn *i)
{
    if (!i->source)
        return true;
    switch ((enum ptx_op)i->source->op) {
    case PTX_MOV:
    case PTX_SELP:
    case PTX_PRMT:
    case PTX_CALL:
    case PTX_RET:
    case PTX_SHFL: /* whose lane it is now is not followed */
        return true;
    default:
        return false;
    }
}

static bool is_memory(const struct vg_insn *i)
{
    return i->source &&
           (i->source->op == PTX_LD || i->source->op == PTX_LDU || i->source->op == PTX_ST ||
            i->source->op == PTX_ATOM || i->source->op == PTX_RED);
}

/* Lanes that read something tainted among operands [from, to). */
static uint32_t sources(const struct warp_notes *n, const struct vg_warp *w,
                        const struct vg_insn *i, uint32_t from, uint32_t to,
                        struct taint_origin *ret)
{
    uint32_t lanes = 0;
    for (uint32_t k = from; k < to; k++)
        lanes |= taint_of(&n->taint, w, &i->operands[k], ret);
    return lanes;
}

static const char *use_of(const struct vg_insn *i)
{
    if (is_memory(i))
        return "used as an address";
    return i->source->op == PTX_SETP || i->source->op == PTX_SET ? "used in a comparison"
                                                                 : "used in arithmetic";
}

static void put_results(struct warp_notes *n, const struct vg_warp *w, const struct vg_insn *i,
                        uint32_t mask, uint32_t lanes, struct taint_origin origin)
{
    for (uint32_t k = 0; k < i->n_results; k++)
        taint_put(&n->taint, w, &i->operands[k], mask, lanes, origin);
}

/* After an instruction ran. */
void check_unset_issue(struct check *c, struct block_notes *b, struct vg_warp *w,
                       const struct vg_insn *i, uint32_t mask)
{
    struct warp_notes *n = &b->warps[w->number];
    if (!taint_any(&n->taint) && !n->unset)
        return;
    struct taint_origin origin = n->origin;
    uint32_t lanes = n->unset & mask;
    n->unset = 0;
    const bool memory = is_memory(i);
    if (memory) {
        const uint32_t values =
            i->source->op == PTX_LD || i->source->op == PTX_LDU ? i->n_operands : first_value(i);
        struct taint_origin from = {0};
        const uint32_t bad = sources(n, w, i, i->n_results, values, &from) & mask;
        if (bad)
            tell(c, w, i, (uint32_t)__builtin_ctz(bad), from, use_of(i));
        put_results(n, w, i, mask, i->source->op == PTX_ATOM ? 0 : lanes, origin);
        return;
    }
    lanes = sources(n, w, i, i->n_results, i->n_operands, &origin) & mask;
    if (lanes && !only_copies(i)) {
        tell(c, w, i, (uint32_t)__builtin_ctz(lanes), origin, use_of(i));
        lanes = 0; /* told once; what follows from it would only repeat it */
    }
    put_results(n, w, i, mask, i->source && i->source->op == PTX_SHFL ? 0 : lanes, origin);
}
