/* Counting while a launch runs. */
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/cost/inside.h"

static struct cost_notes *notes_of(const struct cost *c, const struct vg_block *b)
{
    return b->watch[c->slot];
}

/* ---- launches ---- */

/* Anew for each launch: another program may have come to lie where an old one was. */
static bool weigh_program(struct cost *c, const struct vg_program *program)
{
    const uint32_t n = vg_program_pcs(program);
    struct cost_weight *weights = calloc(n, sizeof(*weights));
    struct cost_counts *lines = calloc(n, sizeof(*lines));
    if (!weights || !lines) {
        free(weights);
        free(lines);
        return false;
    }
    for (uint32_t pc = 0; pc < n; pc++) {
        static const struct ptx_instr end = {.op = PTX_RET};
        const struct ptx_instr *i = vg_program_instr(program, pc, NULL);
        weights[pc] = cost_weigh(i ? i : &end);
    }
    free(c->weights);
    free(c->lines);
    c->weights = weights;
    c->lines = lines;
    c->n_pcs = n;
    return true;
}

static void free_bench(struct cost_bench *b)
{
    if (!b)
        return;
    cost_cache_free(b->l1);
    free(b->lines);
    free(b);
}

static void free_benches(struct cost *c)
{
    while (c->benches) {
        struct cost_bench *b = c->benches;
        c->benches = b->next;
        free_bench(b);
    }
}

static unsigned slot_of(const struct cost *c, const struct vg_launch *l)
{
    unsigned slot = 0;
    while (slot + 1 < VG_WATCHERS && l->watchers[slot] != &c->watcher)
        slot++;
    return slot;
}

static void begin_waves(struct cost *c)
{
    const uint64_t resident = (uint64_t)c->last.blocks_per_sm * c->rates.sms;
    c->wave_room = resident && resident < c->n_blocks ? (uint32_t)resident : (uint32_t)c->n_blocks;
    if (!resident)
        c->wave_room = 1;
    c->noted_most = COST_NOTED / c->wave_room;
    if (c->noted_most < COST_NOTED_LEAST)
        c->noted_most = COST_NOTED_LEAST;
    free(c->wave);
    c->wave = calloc(c->wave_room, sizeof(struct cost_notes *));
    c->failed |= !c->wave;
    c->n_wave = 0;
}

static void launch_begin(void *context, const struct vg_launch *l)
{
    struct cost *c = context;
    const struct vg_kernel_info *info = vg_kernel_info(l->kernel);
    free_benches(c);
    c->slot = slot_of(c, l);
    c->failed = !weigh_program(c, l->program);
    c->ended = false;
    c->load = c->scored = c->l1_wavefronts = c->l2_writes = c->atomic_rounds = 0;
    memset(c->score_cycles, 0, sizeof(c->score_cycles));
    memset(c->sm_load, 0, c->rates.sms * sizeof(*c->sm_load));
    c->last = (struct cost_kernel){.name = info->name,
                                   .registers = info->registers,
                                   .shared_bytes = info->static_shared + l->dynamic_shared};
    memcpy(c->last.grid, l->grid, sizeof(l->grid));
    memcpy(c->last.block, l->block, sizeof(l->block));
    c->n_blocks = (uint64_t)l->grid[0] * l->grid[1] * l->grid[2];
    c->score_every = (c->n_blocks + COST_SCORED - 1) / COST_SCORED;
    cost_occupancy(c, l);
    begin_waves(c);
    /* What shared memory leaves of an SM's memory is L1, and resident blocks share it. */
    const uint32_t blocks = c->last.blocks_per_sm ? c->last.blocks_per_sm : 1;
    const uint64_t shared = (uint64_t)blocks * c->last.shared_bytes;
    const uint64_t l1 = c->rates.l1_bytes > shared + 16384 ? c->rates.l1_bytes - shared : 16384;
    c->l1_bytes = l1 / blocks;
}

/* ---- blocks ---- */

static struct cost_bench *new_bench(const struct cost *c)
{
    struct cost_bench *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->lines = calloc(c->n_pcs, sizeof(*b->lines));
    if (!b->lines || cost_cache_new(&b->l1, c->rates.l1_bytes, COST_L1_WAYS, NULL) != OK) {
        free_bench(b);
        return NULL;
    }
    return b;
}

static struct cost_bench *take_bench(struct cost *c)
{
    pthread_mutex_lock(&c->lock);
    struct cost_bench *b = c->benches;
    if (b)
        c->benches = b->next;
    pthread_mutex_unlock(&c->lock);
    return b ? b : new_bench(c);
}

static bool wants_issue(void *context, const struct vg_block *b)
{
    const struct cost *c = context;
    return c->score_every && b->number % c->score_every == 0;
}

static void fail(struct cost *c)
{
    pthread_mutex_lock(&c->lock);
    c->failed = true;
    pthread_mutex_unlock(&c->lock);
}

static void block_begin(void *context, struct vg_block *b)
{
    struct cost *c = context;
    struct cost_notes *n = calloc(1, sizeof(*n));
    b->watch[c->slot] = n;
    if (n && c->weights && (n->bench = take_bench(c)) != NULL) {
        cost_cache_reset(n->bench->l1, c->l1_bytes);
        if (!wants_issue(c, b) || (n->score = cost_score_new(b->n_warps)) != NULL)
            return;
    }
    fail(c);
}

static void free_notes(struct cost_notes *n)
{
    if (!n)
        return;
    cost_score_free(n->score);
    free(n->sectors);
    free(n);
}

static void block_end(void *context, struct vg_block *b)
{
    struct cost *c = context;
    struct cost_notes *n = notes_of(c, b);
    if (n && n->bench) {
        pthread_mutex_lock(&c->lock);
        n->bench->next = c->benches;
        c->benches = n->bench;
        n->bench = NULL;
        pthread_mutex_unlock(&c->lock);
    }
    if (b->dropped)
        free_notes(n);
}

/* ---- accesses ---- */

static void note_sector(struct cost *c, struct cost_notes *n, uint64_t number, bool write)
{
    if (n->n_sectors == c->noted_most) {
        n->beyond++;
        return;
    }
    if (n->n_sectors == n->room) {
        const size_t room = n->room ? 2 * n->room : 256;
        struct cost_sector *all = realloc(n->sectors, room * sizeof(*all));
        if (!all) {
            fail(c);
            return;
        }
        n->sectors = all;
        n->room = room;
    }
    n->sectors[n->n_sectors++] = (struct cost_sector){.number = number, .write = write};
}

/* Copies that bypass L1, and everything that writes. */
static bool asks_l1(const struct vg_access *a)
{
    const struct ptx_instr *i = a->insn->source;
    const bool reads = a->kind == VG_LOAD || a->kind == VG_COPY_READ;
    return reads && !(i && (ptx_has(i, MOD_CG) || ptx_has(i, MOD_VOLATILE) ||
                            ptx_has(i, MOD_RELAXED) || ptx_has(i, MOD_ACQUIRE)));
}

static unsigned lines_of(const uint64_t *sectors, unsigned n)
{
    unsigned lines = n > 0;
    for (unsigned s = 1; s < n; s++)
        lines += sectors[s] / 4 != sectors[s - 1] / 4;
    return lines;
}

static void count_global(struct cost *c, struct cost_notes *n, const struct vg_access *a)
{
    uint64_t sectors[COST_LANES];
    const unsigned n_sectors = cost_sectors(a->addresses, a->mask, a->bytes, sectors);
    struct cost_bench *bench = n->bench;
    struct cost_counts *line = &bench->lines[a->insn->pc];
    const bool atomic = a->kind == VG_ATOMIC || a->kind == VG_REDUCTION;
    const bool write = atomic || a->kind == VG_STORE;
    line->requests++;
    line->sectors += n_sectors;
    line->sectors_ideal += cost_sectors_ideal(a->mask, a->bytes);
    bench->l1_wavefronts += lines_of(sectors, n_sectors);
    if (atomic) {
        line->atomics += (unsigned)__builtin_popcount(a->mask);
        bench->atomic_rounds += cost_same_address(a->addresses, a->mask);
    }
    n->requests++;
    bool missed = !asks_l1(a);
    for (unsigned s = 0; s < n_sectors; s++) {
        unsigned written;
        bool hit = false;
        if (asks_l1(a)) {
            hit = cost_cache_touch(bench->l1, sectors[s], false, &written);
            bench->l1_sectors++;
            bench->l1_hits += hit;
        }
        missed |= !hit;
        if (!hit)
            note_sector(c, n, sectors[s], write);
    }
    if (!n->score || a->kind == VG_STORE || a->kind == VG_REDUCTION)
        return;
    const uint32_t far[COST_VIEWS] = {COST_L2_CYCLES, COST_DRAM_CYCLES};
    const uint32_t near[COST_VIEWS] = {COST_L1_CYCLES, COST_L1_CYCLES};
    cost_score_memory(n->score, a->warp->number, missed ? far : near);
}

static void count_shared(struct cost_notes *n, const struct vg_access *a)
{
    const bool atomic = a->kind == VG_ATOMIC || a->kind == VG_REDUCTION;
    const struct cost_wavefronts w = cost_shared(a->addresses, a->mask, a->bytes, atomic);
    struct cost_counts *line = &n->bench->lines[a->insn->pc];
    line->shared_requests++;
    line->wavefronts += w.taken;
    line->conflicts += w.taken - w.least;
    n->requests += w.taken;
    if (n->score && a->kind != VG_STORE) {
        const uint32_t cycles = COST_SHARED_CYCLES + 2 * (w.taken - w.least);
        cost_score_memory(n->score, a->warp->number, (uint32_t[]){cycles, cycles});
    }
}

/* Each thread's words lie 32 threads apart, so that a warp's access is as dense as can be. */
static void count_local(struct cost_notes *n, const struct vg_access *a)
{
    n->bench->lines[a->insn->pc].local_requests++;
    n->bench->l1_wavefronts += (a->bytes + 3) / 4;
    n->requests++;
    if (n->score && a->kind == VG_LOAD)
        cost_score_memory(n->score, a->warp->number, (uint32_t[]){COST_L1_CYCLES, COST_L1_CYCLES});
}

static void access(void *context, const struct vg_access *a)
{
    struct cost *c = context;
    struct cost_notes *n = notes_of(c, a->warp->block);
    if (!n || !n->bench || a->insn->pc >= c->n_pcs)
        return;
    switch (a->space) {
    case PTX_GLOBAL:
        count_global(c, n, a);
        break;
    case PTX_SHARED:
        count_shared(n, a);
        break;
    case PTX_LOCAL:
        count_local(n, a);
        break;
    case PTX_GENERIC:
    case PTX_CONST:
    case PTX_PARAM: /* operands of the instruction itself */
        break;
    }
}

static void issue(void *context, struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct cost *c = context;
    (void)mask;
    struct cost_notes *n = notes_of(c, w->block);
    if (n && n->score && i->pc < c->n_pcs)
        cost_score_issue(n->score, w->number, i, &c->weights[i->pc]);
}

static void sync(void *context, struct vg_block *b, struct vg_warp *w, enum vg_sync_kind kind,
                 uint32_t id, uint32_t mask)
{
    (void)w;
    (void)id;
    (void)mask;
    struct cost_notes *n = notes_of(context, b);
    if (!n || kind != VG_SYNC_BLOCK)
        return;
    n->barriers++;
    if (n->score)
        cost_score_barrier(n->score);
}

/* ---- in the order of the blocks ---- */

struct asked { /* of L2, by one block */
    size_t next;
    uint64_t hits, read, written;
};

static void ask_turn(struct cost *c, const struct cost_notes *n, struct asked *a)
{
    for (int k = 0; k < COST_TURN && a->next < n->n_sectors; k++) {
        const struct cost_sector s = n->sectors[a->next++];
        unsigned evicted;
        const bool hit = cost_cache_touch(c->l2, s.number, s.write, &evicted);
        a->hits += hit;
        a->read += !hit && !s.write;
        a->written += evicted;
        c->l2_writes += s.write;
    }
}

/* The rest of a very long block fares as its beginning did. */
static void add_asked(struct cost_kernel *k, const struct cost_notes *n, const struct asked *a)
{
    const double scale = n->n_sectors ? 1 + (double)n->beyond / (double)n->n_sectors : 1;
    k->l2_sectors += n->n_sectors + n->beyond;
    k->l2_hits += (uint64_t)((double)a->hits * scale);
    k->dram_read += (uint64_t)((double)a->read * scale) * COST_SECTOR;
    k->dram_written += (uint64_t)((double)a->written * scale) * COST_SECTOR;
}

/* The blocks of a wave run side by side, so what one reads the next one finds in L2. */
static void end_wave(struct cost *c)
{
    struct asked *asked = calloc(c->wave_room, sizeof(*asked));
    if (!asked)
        fail(c);
    for (bool more = asked != NULL; more;) {
        more = false;
        for (uint32_t b = 0; b < c->n_wave; b++) {
            ask_turn(c, c->wave[b], &asked[b]);
            more |= asked[b].next < c->wave[b]->n_sectors;
        }
    }
    for (uint32_t b = 0; b < c->n_wave; b++) {
        if (asked)
            add_asked(&c->last, c->wave[b], &asked[b]);
        free_notes(c->wave[b]);
    }
    free(asked);
    c->n_wave = 0;
}

/* A block goes to the SM that has least to do. */
static void place_block(struct cost *c, uint64_t load)
{
    uint32_t least = 0;
    for (uint32_t s = 1; s < c->rates.sms; s++)
        if (c->sm_load[s] < c->sm_load[least])
            least = s;
    c->sm_load[least] += load;
    c->load += load;
}

static void add_score(struct cost *c, const struct cost_score *score)
{
    uint64_t cycles[COST_VIEWS];
    cost_score_cycles(score, cycles);
    for (int v = 0; v < COST_VIEWS; v++)
        c->score_cycles[v] += cycles[v];
    c->scored++;
}

static void block_merge(void *context, struct vg_block *b)
{
    struct cost *c = context;
    struct cost_notes *n = notes_of(c, b);
    b->watch[c->slot] = NULL;
    if (!n)
        return;
    place_block(c, n->requests + 1);
    c->last.barriers += n->barriers;
    if (n->score)
        add_score(c, n->score);
    if (!c->wave) {
        free_notes(n);
        return;
    }
    c->wave[c->n_wave++] = n;
    if (c->n_wave == c->wave_room)
        end_wave(c);
}

void cost_counts_add(struct cost_counts *to, const struct cost_counts *from)
{
    to->issued += from->issued;
    to->lanes += from->lanes;
    to->requests += from->requests;
    to->sectors += from->sectors;
    to->sectors_ideal += from->sectors_ideal;
    to->wavefronts += from->wavefronts;
    to->conflicts += from->conflicts;
    to->shared_requests += from->shared_requests;
    to->local_requests += from->local_requests;
    to->atomics += from->atomics;
}

static void launch_end(void *context, const struct vg_launch *l)
{
    struct cost *c = context;
    if (c->n_wave > 0)
        end_wave(c);
    for (struct cost_bench *b = c->benches; b && !c->failed; b = b->next) {
        for (uint32_t pc = 0; pc < c->n_pcs; pc++)
            cost_counts_add(&c->lines[pc], &b->lines[pc]);
        c->last.l1_hits += b->l1_hits;
        c->last.l1_sectors += b->l1_sectors;
        c->l1_wavefronts += b->l1_wavefronts;
        c->atomic_rounds += b->atomic_rounds;
    }
    for (uint32_t pc = 0; pc < c->n_pcs && !c->failed; pc++) {
        c->lines[pc].issued = l->issued ? l->issued[pc] : 0;
        c->lines[pc].lanes = l->active ? l->active[pc] : 0;
        cost_counts_add(&c->last.total, &c->lines[pc]);
    }
    if (!c->failed)
        cost_times(c);
    c->ended = !c->failed;
}

void cost_watch(struct cost *c)
{
    c->watcher = (struct vg_watcher){.context = c,
                                     .launch_begin = launch_begin,
                                     .block_begin = block_begin,
                                     .issue = issue,
                                     .wants_issue = wants_issue,
                                     .access = access,
                                     .sync = sync,
                                     .block_end = block_end,
                                     .block_merge = block_merge,
                                     .launch_end = launch_end};
}

void cost_free(struct cost *c)
{
    if (!c)
        return;
    free_benches(c);
    cost_cache_free(c->l2);
    pthread_mutex_destroy(&c->lock);
    free(c->weights);
    free(c->lines);
    free(c->sm_load);
    free(c->wave);
    free(c);
}
