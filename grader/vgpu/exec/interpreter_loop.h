/* The loop of interpreter.c: VG_INTERPRETER is its name, VG_TELL what happens after each
 * instruction. Runs the current split, and what it becomes, until another should run. No guard
 * against double inclusion: that is the point. */

static void VG_INTERPRETER(struct vg_warp *w, uint64_t stop)
{
    enum { BACK_MAX = 256 }; /* branches backwards before another split has its turn */
    struct vg_warp_state *st = w->state;
    uint64_t *const issued = w->block->issued, *const active = w->block->active;
    uint64_t steps = st->steps;
    uint32_t back = 0;
    do {
        struct vg_split *s = &st->splits[st->current];
        const struct vg_insn *const code = s->act->code->insns;
        const struct vg_meeting *m = s->meeting;
        const struct vg_insn *const meet = m && !m->call && m->act == s->act ? code + m->pc : NULL;
        const struct vg_insn *i = code + s->pc;
        const uint32_t mask = s->mask;
        unsigned char *const frame = s->act->frame;
        w->mask = mask;
        w->bank[VG_FRAME] = frame;
        w->bank[VG_CONSTANTS] = s->act->code->constants;
        for (;;) {
            uint32_t lanes = mask;
            if (i->guard != UINT32_MAX) {
                const uint32_t p = *(const uint32_t *)(const void *)(frame + i->guard);
                lanes &= i->guard_negated ? ~p : p;
            }
            steps++;
            issued[i->pc]++;
            active[i->pc] += lanes == VG_ALL ? VG_WARP : (uint32_t)__builtin_popcount(lanes);
            st->steps = steps; /* %clock */
            if (lanes)
                i->run(w, i, lanes);
            VG_TELL(w, i, lanes);
            i++;
            if (__builtin_expect(st->event != VG_STRAIGHT, 0)) {
                if (st->event != VG_JUMP || st->event_mask != mask)
                    break;
                const struct vg_insn *const target = code + st->event_pc;
                st->event = VG_STRAIGHT;
                if (target < i && (++back > BACK_MAX || steps >= stop)) {
                    s->pc = st->event_pc;
                    if (st->n_splits > 1 || steps >= stop) {
                        st->back = back;
                        return;
                    }
                }
                i = target;
            }
            if (i == meet)
                break;
        }
        s->pc = (uint32_t)(i - code);
    } while (vg_warp_event(w));
}
