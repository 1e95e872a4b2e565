/* Branches, calls and ends: what handlers tell the interpreter, and what a call carries. */
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/handlers.h"
#include "grader/vgpu/exec/warp.h"

void vg_run_nothing(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)w;
    (void)i;
    (void)mask;
}

/* ---- branches (9.7.12) ---- */

void vg_run_bra(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    w->state->event_pc = i->a;
    vg_event(w, VG_JUMP, mask);
}

void vg_run_brx(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct vg_warp_state *st = w->state;
    const struct ptx_table *t = &st->splits[st->current].act->code->func->tables[i->a];
    const uint32_t *index = vg_lanes(w, i, 0);
    VG_EACH_LANE(l, mask)
    {
        if (index[l] >= t->n_targets) {
            vg_fail(w, VG_ILLEGAL_INSTRUCTION, l, 0, "branch by index %u into a table of %zu",
                    index[l], t->n_targets);
            return;
        }
        st->event_pcs[l] = t->targets[index[l]];
    }
    vg_event(w, VG_SWITCH, mask);
}

void vg_run_ret(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)i;
    vg_event(w, VG_RETURN, mask);
}

void vg_run_exit(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)i;
    vg_event(w, VG_EXIT, mask);
}

void vg_run_trap(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)i;
    vg_fail(w, VG_LAUNCH_FAILURE, (uint32_t)__builtin_ctz(mask), 0, "trap: the kernel gave up");
}

void vg_run_break(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)i;
    vg_fail(w, VG_LAUNCH_FAILURE, (uint32_t)__builtin_ctz(mask), 0,
            "breakpoint, and no debugger is there");
}

/* ---- calls ---- */

void vg_run_call(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    w->state->event_code = vg_live(w)->codes[i->a];
    w->state->event_again = 0;
    vg_event(w, VG_CALL, mask);
}

static bool fits_prototype(const struct ptx_func *f, const struct ptx_operand *arguments,
                           const struct ptx_operand *results)
{
    const size_t n_arguments = arguments->kind == OPERAND_NONE ? 0 : arguments->count;
    const size_t n_results = results->kind == OPERAND_NONE ? 0 : results->count;
    return f->n_params == n_arguments && f->n_results == n_results;
}

/* Lanes that call the same function go together; the others call again when these are back. */
void vg_run_call_register(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct vg_warp_state *st = w->state;
    const struct ptx_module *m = vg_live(w)->kernel->program->module;
    const struct vg_activation *act = st->splits[st->current].act;
    const struct ptx_operand *o = i->source->operands;
    const uint64_t *address =
        (const uint64_t *)(const void *)(act->frame + act->code->reg_at[o[1].index]);
    const uint32_t first = (uint32_t)__builtin_ctz(mask);
    const uint64_t number = address[first] / 16 - 1;
    if (address[first] % 16 != 0 || number >= m->n_funcs || !vg_live(w)->codes[number] ||
        m->funcs[number].entry || !fits_prototype(&m->funcs[number], &o[2], &o[0])) {
        vg_fail(w, VG_ILLEGAL_INSTRUCTION, first, address[first],
                "call through a pointer to no function of that kind");
        return;
    }
    uint32_t same = 0;
    VG_EACH_LANE(l, mask)
    same |= (uint32_t)(address[l] == address[first]) << l;
    st->event_again = mask & ~same;
    st->event_code = vg_live(w)->codes[number];
    vg_event(w, VG_CALL, same);
}

/* ---- local memory ---- */

bool vg_grow_local(struct vg_warp *w, uint32_t bytes)
{
    struct vg_warp_state *st = w->state;
    if (bytes <= st->local_bytes)
        return true;
    if (bytes > st->local_room) {
        const uint32_t room =
            bytes < 2 * st->local_room ? 2 * st->local_room : (bytes + 255) / 256 * 256;
        uint32_t *grown = realloc(st->local, (size_t)room * VG_WARP);
        if (!grown)
            return false;
        st->local = grown;
        st->local_room = room;
    }
    /* Every thread finds zeros where nobody wrote. */
    memset(st->local + (size_t)st->local_bytes / 4 * VG_WARP, 0,
           (size_t)(bytes - st->local_bytes) * VG_WARP);
    st->local_bytes = bytes;
    return true;
}

/* ---- arguments and results ---- */

static void copy_lanes(uint32_t *to, const uint32_t *from, uint32_t mask)
{
    if (mask == VG_ALL) {
        memcpy(to, from, sizeof(uint32_t[VG_WARP]));
        return;
    }
    VG_EACH_LANE(l, mask)
    to[l] = from[l];
}

static void copy_words(struct vg_warp *w, uint64_t to, uint64_t from, uint64_t bytes, uint32_t mask)
{
    uint32_t *local = w->state->local;
    for (uint64_t at = 0; at < bytes; at += 4)
        copy_lanes(local + (to + at) / 4 * VG_WARP, local + (from + at) / 4 * VG_WARP, mask);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Element k of a call's list is a variable of the caller (the decoder saw to it). */
static const struct ptx_operand *element(const struct vg_code *code, const struct ptx_operand *list,
                                         size_t k)
{
    return &code->func->elements[list->index + k];
}

void vg_pass_arguments(struct vg_warp *w, const struct vg_insn *call,
                       const struct vg_activation *from, const struct vg_activation *to,
                       uint32_t lanes)
{
    const struct ptx_func *f = to->code->func;
    for (size_t k = 0; k < f->n_params; k++) {
        const uint32_t at = element(from->code, &call->source->operands[2], k)->index;
        const uint64_t bytes =
            smaller(from->code->func->vars[at].bytes, f->vars[f->n_results + k].bytes);
        copy_words(w, to->local + to->code->vars[f->n_results + k].at,
                   from->local + from->code->vars[at].at, bytes, lanes);
    }
}

void vg_pass_results(struct vg_warp *w, const struct vg_insn *call,
                     const struct vg_activation *from, const struct vg_activation *to,
                     uint32_t lanes)
{
    const struct ptx_func *f = from->code->func;
    for (size_t k = 0; k < f->n_results; k++) {
        const uint32_t at = element(to->code, &call->source->operands[0], k)->index;
        const uint64_t bytes = smaller(to->code->func->vars[at].bytes, f->vars[k].bytes);
        copy_words(w, to->local + to->code->vars[at].at, from->local + from->code->vars[k].at,
                   bytes, lanes);
    }
}
