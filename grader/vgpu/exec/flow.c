#include "grader/vgpu/exec/flow.h"

#include <assert.h>

#define NONE UINT32_MAX

/* Nodes are basic blocks; node n_blocks is the function's end. Edges are kept backwards: for the
 * walk from the end, which numbers blocks, and forwards by block_nexts(). */
struct graph {
    const struct ptx_module *module;
    const struct ptx_func *func;
    uint32_t n_blocks;
    uint32_t *block_of;     /* [n_instrs + 1]: the last entry is the end's */
    uint32_t *last;         /* [n_blocks]: its last instruction */
    uint32_t *from, *edges; /* predecessors of node k: edges[from[k] .. from[k + 1]) */
    uint32_t *order, *rank; /* blocks in reverse postorder of the walk from the end; its inverse */
    uint32_t n_order;
    uint32_t *idom; /* by node */
};

static const struct ptx_table *table_of(const struct ptx_func *f, const struct ptx_instr *i)
{
    for (uint32_t k = 0; k < i->n_operands; k++)
        if (i->operands[k].kind == OPERAND_TABLE && i->operands[k].index < f->n_tables)
            return &f->tables[i->operands[k].index];
    return NULL;
}

static bool never_returns(const struct graph *g, const struct ptx_instr *i)
{
    return i->op == PTX_CALL && i->operands[1].kind == OPERAND_FUNC &&
           g->module->funcs[i->operands[1].index].noreturn;
}

static bool ends_block(const struct graph *g, const struct ptx_instr *i)
{
    return i->op == PTX_BRA || i->op == PTX_BRX || i->op == PTX_RET || i->op == PTX_EXIT ||
           i->op == PTX_TRAP || never_returns(g, i);
}

static bool falls_through(const struct graph *g, const struct ptx_instr *i)
{
    return i->guarded || !ends_block(g, i);
}

/* Calls visit(node) for each successor of a block. */
typedef void visitor(struct graph *g, uint32_t block, uint32_t next);

static void each_next(struct graph *g, uint32_t block, visitor *visit)
{
    const struct ptx_instr *i = &g->func->instrs[g->last[block]];
    if (i->op == PTX_BRA && i->n_operands > 0 && i->operands[0].kind == OPERAND_LABEL)
        visit(g, block, g->block_of[i->operands[0].index]);
    if (i->op == PTX_BRX) {
        const struct ptx_table *t = table_of(g->func, i);
        for (size_t k = 0; t && k < t->n_targets; k++)
            visit(g, block, g->block_of[t->targets[k]]);
    }
    if (i->op == PTX_RET || i->op == PTX_EXIT)
        visit(g, block, g->n_blocks);
    if (falls_through(g, i))
        visit(g, block, g->block_of[g->last[block] + 1]);
}

static void mark_starts(const struct graph *g, uint32_t *starts)
{
    const struct ptx_func *f = g->func;
    starts[0] = 1;
    for (size_t k = 0; k < f->n_instrs; k++) {
        const struct ptx_instr *i = &f->instrs[k];
        if (ends_block(g, i))
            starts[k + 1] = 1;
        if (i->op == PTX_BRA && i->n_operands > 0 && i->operands[0].kind == OPERAND_LABEL)
            starts[i->operands[0].index] = 1;
        const struct ptx_table *t = i->op == PTX_BRX ? table_of(f, i) : NULL;
        for (size_t n = 0; t && n < t->n_targets; n++)
            starts[t->targets[n]] = 1;
    }
}

static bool find_blocks(struct graph *g, struct arena *arena)
{
    const size_t n = g->func->n_instrs;
    g->block_of = arena_array(arena, n + 1, sizeof *g->block_of);
    g->last = arena_array(arena, n + 1, sizeof *g->last);
    if (!g->block_of || !g->last)
        return false;
    mark_starts(g, g->block_of);
    uint32_t block = NONE;
    for (uint32_t k = 0; k < n; k++) {
        block += g->block_of[k]; /* NONE + 1 is 0 */
        g->block_of[k] = block;
        g->last[block] = k;
    }
    g->n_blocks = block + 1;
    g->block_of[n] = g->n_blocks;
    return true;
}

static void count_edge(struct graph *g, uint32_t block, uint32_t next)
{
    (void)block;
    g->from[next + 1]++;
}

static void add_edge(struct graph *g, uint32_t block, uint32_t next)
{
    g->edges[g->from[next + 1]++] = block;
}

static bool find_edges(struct graph *g, struct arena *arena)
{
    const uint32_t nodes = g->n_blocks + 1;
    g->from = arena_array(arena, (size_t)nodes + 2, sizeof *g->from);
    if (!g->from)
        return false;
    for (uint32_t b = 0; b < g->n_blocks; b++)
        each_next(g, b, count_edge);
    for (uint32_t k = 1; k <= nodes; k++)
        g->from[k] += g->from[k - 1];
    g->edges = arena_array(arena, (size_t)g->from[nodes] + 1, sizeof *g->edges);
    if (!g->edges)
        return false;
    /* from[k + 1] runs from the start of k's edges to their end while they are added. */
    for (uint32_t k = nodes; k > 0; k--)
        g->from[k] = g->from[k - 1];
    for (uint32_t b = 0; b < g->n_blocks; b++)
        each_next(g, b, add_edge);
    return true;
}

/* Depth first from the end, against the edges, without recursion: graphs are a stranger's. */
static bool number_blocks(struct graph *g, struct arena *arena)
{
    const uint32_t nodes = g->n_blocks + 1;
    uint32_t *stack = arena_array(arena, nodes, sizeof *stack);
    uint32_t *at = arena_array(arena, nodes, sizeof *at);
    g->order = arena_array(arena, nodes, sizeof *g->order);
    g->rank = arena_array(arena, nodes, sizeof *g->rank);
    if (!stack || !at || !g->order || !g->rank)
        return false;
    for (uint32_t k = 0; k < nodes; k++) {
        g->rank[k] = NONE;
        at[k] = g->from[k];
    }
    uint32_t depth = 0, done = nodes;
    stack[depth++] = g->n_blocks;
    g->rank[g->n_blocks] = 0; /* seen; its number follows */
    while (depth > 0) {
        const uint32_t node = stack[depth - 1];
        if (at[node] == g->from[node + 1]) {
            g->order[--done] = node;
            depth--;
            continue;
        }
        const uint32_t next = g->edges[at[node]++];
        if (g->rank[next] == NONE) {
            g->rank[next] = 0;
            stack[depth++] = next;
        }
    }
    g->n_order = nodes - done;
    for (uint32_t k = 0; k < g->n_order; k++)
        g->order[k] = g->order[done + k];
    for (uint32_t k = 0; k < g->n_order; k++)
        g->rank[g->order[k]] = k;
    return true;
}

static uint32_t common(const struct graph *g, uint32_t a, uint32_t b)
{
    while (a != b) {
        while (g->rank[a] > g->rank[b])
            a = g->idom[a];
        while (g->rank[b] > g->rank[a])
            b = g->idom[b];
    }
    return a;
}

static void meet_next(struct graph *g, uint32_t block, uint32_t next)
{
    if (g->rank[next] == NONE || g->idom[next] == NONE)
        return;
    uint32_t *sum = &g->edges[g->from[g->n_blocks + 1]]; /* the spare entry behind all edges */
    (void)block;
    *sum = *sum == NONE ? next : common(g, *sum, next);
}

static bool find_dominators(struct graph *g, struct arena *arena)
{
    g->idom = arena_array(arena, (size_t)g->n_blocks + 1, sizeof *g->idom);
    if (!g->idom)
        return false;
    for (uint32_t k = 0; k <= g->n_blocks; k++)
        g->idom[k] = NONE;
    g->idom[g->n_blocks] = g->n_blocks;
    uint32_t *sum = &g->edges[g->from[g->n_blocks + 1]];
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 1; k < g->n_order; k++) {
            const uint32_t block = g->order[k];
            *sum = NONE;
            each_next(g, block, meet_next);
            changed = changed || g->idom[block] != *sum;
            g->idom[block] = *sum;
        }
    }
    return true;
}

static uint32_t first_of(const struct graph *g, uint32_t block)
{
    return block == 0 ? 0 : g->last[block - 1] + 1;
}

enum err_code vg_flow(const struct ptx_module *module, const struct ptx_func *func,
                      struct arena *arena, uint32_t *ret_meets, struct err *why)
{
    struct graph g = {.module = module, .func = func};
    for (size_t k = 0; k < func->n_instrs; k++)
        ret_meets[k] = NONE;
    if (func->n_instrs == 0)
        return OK;
    if (!find_blocks(&g, arena) || !find_edges(&g, arena) || !number_blocks(&g, arena) ||
        !find_dominators(&g, arena))
        return err_set(why, ERR_NOMEM, "no memory for the branches of %s", func->name);
    for (uint32_t b = 0; b < g.n_blocks; b++) {
        const uint32_t meet = g.rank[b] == NONE ? NONE : g.idom[b];
        if (meet != NONE && meet != g.n_blocks)
            ret_meets[g.last[b]] = first_of(&g, meet);
    }
    return OK;
}
