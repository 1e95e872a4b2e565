#include <string.h>

#include "reference/sample/gbnf.h"

enum { BOTTOM = 0 }; /* the node below all frames: behind the root rule */

/* ---- memory ---- */

enum { ALIGNMENT = 8, FEWEST = 16, MOST = 1 << 24, ITEMS = 4 };

static size_t seen_places(uint32_t cap)
{
    size_t places = FEWEST;
    while (places < 4 * (size_t)cap)
        places *= 2;
    return places;
}

static void *take(uint8_t *mem, size_t *used, size_t n, size_t each)
{
    void *p = mem == NULL ? NULL : mem + *used;
    *used += (n * each + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return p;
}

static size_t lay_out(struct ref_gbnf_state *s, uint8_t *mem)
{
    size_t used = 0;
    const size_t places = seen_places(s->cap);
    s->seen_mask = (uint32_t)(places - 1);
    s->node = take(mem, &used, s->cap, sizeof *s->node);
    s->edge = take(mem, &used, s->cap, sizeof *s->edge);
    s->item = take(mem, &used, ITEMS * (size_t)s->cap, sizeof *s->item);
    s->queue = take(mem, &used, s->cap, sizeof *s->queue);
    s->seen = take(mem, &used, places, sizeof *s->seen);
    s->frame = take(mem, &used, s->g->n_elements, sizeof *s->frame);
    return used + ALIGNMENT;
}

size_t ref_gbnf_state_bytes(const struct ref_gbnf *g, uint32_t cap)
{
    struct ref_gbnf_state s = {.g = g, .cap = cap < MOST ? cap : MOST};
    return lay_out(&s, NULL);
}

static enum ref_gbnf_status place(struct ref_gbnf_state *s, void *mem, size_t bytes)
{
    if (s->cap < FEWEST || s->cap > MOST || bytes < ref_gbnf_state_bytes(s->g, s->cap))
        return REF_GBNF_LIMIT;
    lay_out(s, (uint8_t *)mem + (ALIGNMENT - (uintptr_t)mem % ALIGNMENT) % ALIGNMENT);
    memset(s->seen, 0, ((size_t)s->seen_mask + 1) * sizeof *s->seen);
    memset(s->frame, 0, s->g->n_elements * sizeof *s->frame);
    return REF_GBNF_OK;
}

/* ---- one round: from what may come to what may come next ---- */

static void begin_round(struct ref_gbnf_state *s, const struct ref_gbnf_mark *at)
{
    if (++s->round == 0) { /* after 2^32 rounds the old marks would look new */
        memset(s->seen, 0, ((size_t)s->seen_mask + 1) * sizeof *s->seen);
        memset(s->frame, 0, s->g->n_elements * sizeof *s->frame);
        s->round = 1;
    }
    s->n_queue = 0;
    s->top = at->last;
    s->full = false;
}

/* True the first time in a round. Twice as many places as can be taken. */
static bool is_new(struct ref_gbnf_state *s, struct ref_gbnf_item x)
{
    uint32_t at = x.element * 0x9e3779b1u ^ x.node * 0x85ebca77u;
    at ^= at >> 15;
    for (;; at++) {
        struct ref_gbnf_seen *seen = &s->seen[at & s->seen_mask];
        if (seen->round != s->round) {
            *seen = (struct ref_gbnf_seen){.item = x, .round = s->round};
            return true;
        }
        if (seen->item.element == x.element && seen->item.node == x.node)
            return false;
    }
}

static void enqueue(struct ref_gbnf_state *s, uint32_t element, uint32_t node)
{
    const struct ref_gbnf_item x = {.element = element, .node = node};
    if (s->n_queue == s->cap)
        s->full = true;
    else if (is_new(s, x))
        s->queue[s->n_queue++] = x;
}

#define IS_EDGE 0x80000000u /* of items in `seen` that stand for an edge, not for an element */

static void add_edge(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint32_t node,
                     uint32_t parent)
{
    const struct ref_gbnf_item edge = {.element = node | IS_EDGE, .node = parent};
    if (at->n_edges == s->cap)
        s->full = true;
    if (s->full || !is_new(s, edge))
        return;
    struct ref_gbnf_node *n = &s->node[node];
    s->edge[at->n_edges] = (struct ref_gbnf_edge){.parent = parent, .next = n->edges};
    n->edges = at->n_edges++;
    if (n->mark == s->round) /* the frame was done before this parent came: it goes on there too */
        enqueue(s, n->back, parent);
}

/* This round's frame that goes on at `back`, with one more parent. */
static uint32_t frame(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint32_t back,
                      uint32_t parent)
{
    struct ref_gbnf_frame *f = &s->frame[back];
    if (f->round != s->round) {
        if (at->n_nodes == s->cap) {
            s->full = true;
            return BOTTOM;
        }
        *f = (struct ref_gbnf_frame){.node = at->n_nodes++, .round = s->round};
        s->node[f->node] = (struct ref_gbnf_node){.back = back};
    }
    add_edge(s, at, f->node, parent);
    return f->node;
}

static void leave(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint32_t node)
{
    if (node == BOTTOM) {
        at->can_end = true;
        return;
    }
    s->node[node].mark = s->round;
    for (uint32_t e = s->node[node].edges; e != 0; e = s->edge[e].next)
        enqueue(s, s->node[node].back, s->edge[e].parent);
}

static void call(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint32_t rule, uint32_t back,
                 uint32_t node)
{
    const struct ref_gbnf_element *e = s->g->element;
    const uint32_t callee = back == REF_GBNF_END ? node : frame(s, at, back, node);
    for (uint32_t alt = s->g->rule[rule].alt; alt != 0 && !s->full; alt = e[alt].next)
        enqueue(s, e[alt].value, callee);
}

/* Follows the queue until only characters are left; they are put behind at->last. */
static bool close_round(struct ref_gbnf_state *s, struct ref_gbnf_mark *at)
{
    for (uint32_t i = 0; i < s->n_queue && !s->full; i++) {
        const struct ref_gbnf_item x = s->queue[i];
        const struct ref_gbnf_element *e = &s->g->element[x.element];
        if (x.element == REF_GBNF_END)
            leave(s, at, x.node);
        else if (e->kind == REF_GBNF_RULE)
            call(s, at, e->value, e->next, x.node);
        else if (s->top == ITEMS * s->cap)
            s->full = true;
        else
            s->item[s->top++] = x;
    }
    at->first = at->last;
    at->last = s->top;
    return !s->full && (at->first < at->last || at->can_end);
}

/* ---- characters ---- */

/* Whether the element takes a code point of first..last. Surrogates are in no range. */
static bool takes(const struct ref_gbnf *g, uint32_t element, uint32_t first, uint32_t last)
{
    const struct ref_gbnf_element *e = &g->element[element];
    uint32_t low = 0, high = e->n; /* the first range that ends at `first` or behind */
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (g->range[e->value + mid].last < first)
            low = mid + 1;
        else
            high = mid;
    }
    return low < e->n && g->range[e->value + low].first <= last;
}

static bool advance(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint32_t cp)
{
    begin_round(s, at);
    at->can_end = false;
    for (uint32_t i = at->first; i < at->last; i++)
        if (takes(s->g, s->item[i].element, cp, cp))
            enqueue(s, s->g->element[s->item[i].element].next, s->item[i].node);
    return close_round(s, at);
}

bool ref_gbnf_may_pause(const struct ref_gbnf_state *s, const struct ref_gbnf_mark *at)
{
    uint32_t first, last;
    if (at->utf8.left == 0)
        return true;
    ref_utf8_range(&at->utf8, &first, &last);
    for (uint32_t i = at->first; i < at->last; i++)
        if (takes(s->g, s->item[i].element, first, last))
            return true;
    return false;
}

bool ref_gbnf_step(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint8_t byte)
{
    s->full = false;
    switch (ref_utf8_push(&at->utf8, byte)) {
    case REF_UTF8_MORE:
        return ref_gbnf_may_pause(s, at);
    case REF_UTF8_DONE:
        return advance(s, at, at->utf8.value);
    case REF_UTF8_WRONG:
        break;
    }
    return false;
}

/* ---- whole texts ---- */

enum ref_gbnf_status ref_gbnf_open(struct ref_gbnf_state *ret, const struct ref_gbnf *g,
                                   uint32_t cap, void *mem, size_t bytes)
{
    struct ref_gbnf_state s = {.g = g, .cap = cap, .at = {.n_nodes = 1, .n_edges = 1}};
    if (place(&s, mem, bytes) != REF_GBNF_OK)
        return REF_GBNF_LIMIT;
    s.node[BOTTOM] = (struct ref_gbnf_node){.edges = 0};
    begin_round(&s, &s.at);
    call(&s, &s.at, g->root, REF_GBNF_END, BOTTOM);
    close_round(&s, &s.at);
    if (s.full)
        return REF_GBNF_LIMIT;
    *ret = s;
    return REF_GBNF_OK;
}

enum ref_gbnf_status ref_gbnf_clone(struct ref_gbnf_state *ret, const struct ref_gbnf_state *s,
                                    void *mem, size_t bytes)
{
    struct ref_gbnf_state copy = *s;
    if (place(&copy, mem, bytes) != REF_GBNF_OK)
        return REF_GBNF_LIMIT;
    memcpy(copy.node, s->node, s->at.n_nodes * sizeof *s->node);
    memcpy(copy.edge, s->edge, s->at.n_edges * sizeof *s->edge);
    memcpy(copy.item, s->item, s->at.last * sizeof *s->item);
    *ret = copy;
    return REF_GBNF_OK;
}

bool ref_gbnf_can_end(const struct ref_gbnf_state *s)
{
    return s->at.can_end && s->at.utf8.left == 0;
}

/* ---- frames that no stack holds any more ---- */

static void mark_node(struct ref_gbnf_state *s, uint32_t node)
{
    if (s->node[node].mark == s->round)
        return;
    s->node[node].mark = s->round;
    s->queue[s->n_queue++].node = node; /* each once, and there are no more than cap */
}

static void mark_live(struct ref_gbnf_state *s)
{
    s->node[BOTTOM].mark = s->round;
    for (uint32_t i = s->at.first; i < s->at.last; i++)
        mark_node(s, s->item[i].node);
    for (uint32_t i = 0; i < s->n_queue; i++)
        for (uint32_t e = s->node[s->queue[i].node].edges; e != 0; e = s->edge[e].next) {
            s->edge[e].moved = 1;
            mark_node(s, s->edge[e].parent);
        }
}

/* Live edges move down in their order; `moved` of the old place says where to. queue[n].node is
 * where node n goes. */
static void move_edges(struct ref_gbnf_state *s)
{
    uint32_t n = 1;
    for (uint32_t old = 1; old < s->at.n_edges; old++) {
        struct ref_gbnf_edge *e = &s->edge[old];
        if (e->moved == 0)
            continue;
        e->moved = n;
        s->edge[n].parent = s->queue[e->parent].node;
        s->edge[n].next = e->next == 0 ? 0 : s->edge[e->next].moved;
        n++;
    }
    s->at.n_edges = n;
}

static void move_nodes(struct ref_gbnf_state *s)
{
    uint32_t n = 1;
    for (uint32_t old = 1; old < s->at.n_nodes; old++) {
        if (s->node[old].mark != s->round)
            continue;
        s->node[n] = s->node[old];
        s->node[n].edges = s->edge[s->node[old].edges].moved;
        n++;
    }
    s->at.n_nodes = n;
}

static void collect(struct ref_gbnf_state *s)
{
    uint32_t n = 0;
    begin_round(s, &s->at);
    for (uint32_t e = 0; e < s->at.n_edges; e++)
        s->edge[e].moved = 0;
    mark_live(s);
    for (uint32_t i = 0; i < s->at.n_nodes; i++)
        s->queue[i].node = s->node[i].mark == s->round ? n++ : 0;
    for (uint32_t i = s->at.first; i < s->at.last; i++)
        s->item[i].node = s->queue[s->item[i].node].node;
    move_edges(s);
    move_nodes(s);
}

enum ref_gbnf_status ref_gbnf_accept(struct ref_gbnf_state *s, const uint8_t *bytes, size_t n,
                                     bool *ret_ok)
{
    if (s->at.n_nodes > s->cap / 2 || s->at.n_edges > s->cap / 2)
        collect(s);
    struct ref_gbnf_mark at = s->at;
    for (size_t i = 0; i < n; i++)
        if (!ref_gbnf_step(s, &at, bytes[i])) {
            *ret_ok = false;
            return s->full ? REF_GBNF_LIMIT : REF_GBNF_OK;
        }
    memmove(s->item, s->item + at.first, (at.last - at.first) * sizeof *s->item);
    at.last -= at.first;
    at.first = 0;
    s->at = at;
    *ret_ok = true;
    return REF_GBNF_OK;
}
