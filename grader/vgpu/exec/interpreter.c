/* Two interpreters from one source: with a hook after each instruction, and without. */
#include "grader/vgpu/exec/warp.h"

void vg_tell_issue(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const struct vg_launch *launch = w->block->launch;
    if (w->state->event == VG_PARK)
        mask &= ~w->state->event_mask;
    for (int k = 0; k < VG_WATCHERS; k++) {
        const struct vg_watcher *watcher = launch->watchers[k];
        if (!watcher || !watcher->issue)
            continue;
        if (!watcher->wants_issue || watcher->wants_issue(watcher->context, w->block))
            watcher->issue(watcher->context, w, i, mask);
    }
}

#define VG_INTERPRETER run_fast
#define VG_TELL(w, i, mask)
#include "grader/vgpu/exec/interpreter_loop.h"
#undef VG_INTERPRETER
#undef VG_TELL

#define VG_INTERPRETER      run_watched
#define VG_TELL(w, i, mask) vg_tell_issue((w), (i), (mask))
#include "grader/vgpu/exec/interpreter_loop.h"
#undef VG_INTERPRETER
#undef VG_TELL

/* A split that only spins gives way to those it may be waiting for: other splits, else lanes that
 * wait to meet it. */
static void give_way(struct vg_warp *w)
{
    const bool others = w->state->n_splits > 1;
    if (!others)
        (void)vg_warp_release(w, VG_READY);
    else
        vg_warp_rotate(w);
}

void vg_warp_turn(struct vg_warp *w, uint64_t steps)
{
    struct vg_warp_state *st = w->state;
    const uint64_t stop = st->steps + steps;
    const bool watched = vg_live(w)->watch_issue;
    st->spun = false;
    while (w->fault == VG_FINE && st->steps < stop && !st->spun) {
        if (!vg_warp_select(w) && (!vg_warp_release(w, VG_AT_SYNC) || !vg_warp_select(w)))
            return;
        if (watched)
            run_watched(w, stop);
        else
            run_fast(w, stop);
        if (st->spun)
            give_way(w);
        else if (st->back > 0)
            vg_warp_rotate(w);
    }
}
