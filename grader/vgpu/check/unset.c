/* Values that nobody wrote. Copying one is no fault (padding is copied all the time), so a load of
 * it taints its register, moves and stores carry the taint on, and whatever computes with it, takes
 * it for an address or decides by it is told, with the load it came from. */
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/check/inside.h"

static bool is_set(const struct now *n, uint64_t address)
{
    if (n->a->space == PTX_GLOBAL)
        return check_shadow_is_set(n->c->shadow, address, n->a->bytes) ||
               check_always_set(n->c, address);
    if (address + n->a->bytes > n->b->shared_bytes)
        return true;
    for (uint32_t k = 0; k < n->a->bytes; k++)
        if (!n->b->shared_set[address + k])
            return false;
    return true;
}

/* Whether a part of what is loaded is known, such as the fields beside padding. */
static bool is_partly_set(const struct now *n, uint64_t address)
{
    for (uint32_t k = 0; k < n->a->bytes; k++)
        if (n->a->space == PTX_GLOBAL ? check_shadow_is_set(n->c->shadow, address + k, 1)
                                      : n->b->shared_set[address + k])
            return true;
    return false;
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
    const bool stranger = origin.address == CHECK_STRANGER;
    const enum check_kind kind = stranger ? CHECK_MASK : CHECK_UNSET;
    if (check_known(c, kind, i->pc, origin.pc))
        return;
    struct check_finding f = {.kind = kind};
    f.hint = stranger ? "a shuffle gives a lane's value only where that lane takes part: it is "
                        "named, is alive and calls the same function"
                      : "is every element written before it is read? Memory of cudaMalloc() and "
                        "__shared__ arrays begins with anything";
    const uint32_t thread = w->number * VG_WARP + lane;
    f.here = check_place_at(&c->launch, w->block->number, thread, i->pc);
    if (origin.pc != i->pc)
        f.there = check_place_at(&c->launch, w->block->number, thread, origin.pc);
    char where[100];
    if (stranger)
        snprintf(where, sizeof(where), "a lane that does not take part");
    else if (origin.address < VG_GLOBAL(0))
        snprintf(where, sizeof(where), "%u byte%s at shared memory + %llu", origin.bytes,
                 origin.bytes == 1 ? "" : "s", (unsigned long long)origin.address);
    else
        check_what(c, origin.address, origin.bytes, where, sizeof(where));
    snprintf(f.what, sizeof(f.what), "%s, from %s", use, where);
    check_tell(c, &f, i->pc, origin.pc);
}

/* Results, then the address, then values. */
static uint32_t first_value(const struct vg_insn *i)
{
    return i->n_results + 1 < i->n_operands ? i->n_results + 1 : i->n_operands;
}

/* Lanes of a store whose value nobody wrote. Of one that is known in part the copy counts as
 * written: which part is not followed. */
static uint32_t carried(const struct now *n)
{
    uint32_t lanes = 0;
    for (uint32_t k = first_value(n->a->insn); k < n->a->insn->n_operands; k++) {
        struct taint_origin origin = {0};
        const uint32_t of = taint_of(&n->w->taint, n->a->warp, &n->a->insn->operands[k], &origin);
        lanes |= origin.partial || origin.address == CHECK_STRANGER ? 0 : of;
    }
    return lanes;
}

/* One lane of an access, before it happens. */
void check_unset_access(struct now *n)
{
    const uint64_t address = n->a->addresses[n->lane];
    const uint32_t bit = UINT32_C(1) << n->lane;
    if (n->reads && !is_set(n, address)) {
        n->w->unset |= bit;
        const bool partial =
            is_partly_set(n, address) || (n->w->unset != bit && n->w->origin.partial);
        n->w->origin = (struct taint_origin){n->a->insn->pc, address, n->a->bytes, partial};
        if (n->writes && n->a->insn->source && n->a->insn->source->op == PTX_MBARRIER)
            n->w->unset &= ~bit; /* mbarrier.init finds nothing and needs nothing */
        else if (n->writes)      /* an atomic computes with what it finds */
            tell(n->c, n->a->warp, n->a->insn, n->lane, n->w->origin, "an atomic adds to it");
    }
    if (!n->writes)
        return;
    const bool carries = n->a->kind == VG_STORE && taint_any(&n->w->taint) && carried(n) & bit;
    set(n, address, !carries);
}

/* The bytes of a whole warp, where they lie side by side: true when there is nothing more to ask of
 * single lanes. */
bool check_unset_warp(struct now *n)
{
    const uint64_t first = n->a->addresses[0];
    const uint32_t bytes = VG_WARP * n->a->bytes;
    if (n->a->uniform_stride != (int)n->a->bytes || n->a->mask != UINT32_MAX ||
        n->a->kind == VG_ATOMIC || n->a->kind == VG_REDUCTION)
        return false;
    if (n->writes && taint_any(&n->w->taint))
        return false;
    if (n->a->space == PTX_SHARED) {
        if (first + bytes > n->b->shared_bytes)
            return false;
        if (n->writes)
            memset(&n->b->shared_set[first], 1, bytes);
        return n->writes || memchr(&n->b->shared_set[first], 0, bytes) == NULL;
    }
    if (n->writes)
        check_shadow_set(n->c->shadow, first, bytes);
    return n->writes || check_shadow_is_set(n->c->shadow, first, bytes);
}

static bool only_copies(const struct vg_insn *i)
{
    if (!i->source)
        return true;
    switch ((enum ptx_op)i->source->op) {
    case PTX_MOV:
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
    return i->source->op == PTX_SETP || i->source->op == PTX_SET ? "used in a comparison"
                                                                 : "used in arithmetic";
}

static void put_results(struct warp_notes *n, const struct vg_warp *w, const struct vg_insn *i,
                        uint32_t mask, uint32_t lanes, struct taint_origin origin)
{
    for (uint32_t k = 0; k < i->n_results; k++)
        taint_put(&n->taint, w, &i->operands[k], mask, lanes, origin);
}

/* A choice takes the taint of what it chose. */
static uint32_t chosen(const struct warp_notes *n, const struct vg_warp *w, const struct vg_insn *i,
                       struct taint_origin *ret)
{
    const uint32_t word = *(const uint32_t *)vg_lanes(w, i, 3);
    const uint32_t p = i->operands[3].negated ? ~word : word;
    return (sources(n, w, i, 1, 2, ret) & p) | (sources(n, w, i, 2, 3, ret) & ~p);
}

void check_taint_stranger(struct warp_notes *n, const struct vg_warp *w, const struct vg_insn *i,
                          uint32_t mask, uint32_t lanes)
{
    taint_put(&n->taint, w, &i->operands[0], mask, lanes,
              (struct taint_origin){i->pc, CHECK_STRANGER, 4, false});
}

static void issue_memory(struct check *c, struct warp_notes *n, struct vg_warp *w,
                         const struct vg_insn *i, uint32_t mask)
{
    const uint32_t lanes = n->unset & mask;
    const struct taint_origin origin = n->origin;
    struct taint_origin from = {0};
    const bool load = i->source->op == PTX_LD || i->source->op == PTX_LDU;
    const bool store = i->source->op == PTX_ST;
    /* An atomic computes with its values; a load and a store only carry them. */
    const uint32_t bad =
        sources(n, w, i, i->n_results, store ? first_value(i) : i->n_operands, &from) & mask;
    n->unset = 0;
    if (bad)
        tell(c, w, i, (uint32_t)__builtin_ctz(bad), from,
             load || store ? "used as an address" : "used by an atomic");
    put_results(n, w, i, mask, load ? lanes : 0, origin);
}

/* After an instruction ran. */
void check_unset_issue(struct check *c, struct block_notes *b, struct vg_warp *w,
                       const struct vg_insn *i, uint32_t mask)
{
    struct warp_notes *n = &b->warps[w->number];
    if (!taint_any(&n->taint) && !n->unset)
        return;
    if (is_memory(i)) {
        issue_memory(c, n, w, i, mask);
        return;
    }
    struct taint_origin origin = {0};
    const bool choice = i->source && i->source->op == PTX_SELP && i->n_operands >= 4;
    uint32_t lanes = mask & (choice ? chosen(n, w, i, &origin)
                                    : sources(n, w, i, i->n_results, i->n_operands, &origin));
    n->unset = 0;
    if (lanes && !choice && !only_copies(i)) {
        tell(c, w, i, (uint32_t)__builtin_ctz(lanes), origin, use_of(i));
        lanes = 0; /* told once; what follows from it would only repeat it */
    }
    put_results(n, w, i, mask, i->source && i->source->op == PTX_SHFL ? 0 : lanes, origin);
}
