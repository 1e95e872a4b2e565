/* Capture of streams, and graphs. A graph is its works and their order; a launch sends them again,
 * each branch in a stream of its own, so that branches overlap in modelled time. */
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/rt/calls.h"
#include "grader/vgpu/rt/rt.h"

enum { GRAPH_MAGIC = 0x67726166, EXEC_MAGIC = 0x65786563, NODES_MAX = 1 << 16 };
enum { TYPE_KERNEL, TYPE_MEMCPY, TYPE_MEMSET, TYPE_HOST, TYPE_EMPTY = 5 };

struct rt_node {
    struct rt_graph *graph;
    size_t index; /* in the graph; dependencies have smaller ones, unless edges came later */
    struct rt_work work;
    struct rt_node **after;
    size_t n_after;
    void **params; /* of kernels, for who asks */
};

struct rt_graph {
    uint32_t magic;
    struct rt_node **nodes;
    size_t n, room;
};

struct lane {                 /* a branch of an executable graph */
    struct rt_stream *stream; /* NULL: the one that it is launched in */
    size_t last;              /* the node that was put there last */
};

struct rt_exec {
    uint32_t magic;
    struct rt_graph *graph; /* a copy, in an order that can be run */
    size_t *lane_of;        /* per node */
    void **done;            /* per node: an event, where another lane waits for it */
    struct lane *lanes;
    size_t n_lanes;
};

static struct rt_graph *graph_of(void *handle)
{
    struct rt_graph *g = handle;
    return g && g->magic == GRAPH_MAGIC ? g : NULL;
}

static struct rt_exec *exec_of(void *handle)
{
    struct rt_exec *e = handle;
    return e && e->magic == EXEC_MAGIC ? e : NULL;
}

/* ---- nodes ---- */

static bool add_after(struct rt_node *n, struct rt_node *before)
{
    for (size_t i = 0; i < n->n_after; i++)
        if (n->after[i] == before)
            return true;
    struct rt_node **after = realloc(n->after, (n->n_after + 1) * sizeof(struct rt_node *));
    if (!after)
        return false;
    n->after = after;
    n->after[n->n_after++] = before;
    return true;
}

static void free_node(struct rt_node *n)
{
    if (!n)
        return;
    free(n->work.payload);
    free(n->after);
    free(n->params);
    free(n);
}

static bool keep_work(struct rt_node *n, const struct rt_work *w)
{
    unsigned char *payload = malloc(w->q.bytes ? w->q.bytes : 1);
    if (!payload)
        return false;
    if (w->q.bytes)
        memcpy(payload, w->payload, w->q.bytes);
    free(n->work.payload);
    n->work = *w;
    n->work.payload = payload;
    n->work.q.flags |= WIRE_IN_GRAPH;
    return true;
}

static int add_node(struct rt_graph *g, struct rt_node *const *after, size_t n_after,
                    const struct rt_work *w, struct rt_node **ret)
{
    if (g->n == NODES_MAX || (n_after > 0 && !after))
        return RT_INVALID_VALUE;
    if (g->n == g->room) {
        const size_t room = g->room ? 2 * g->room : 16;
        struct rt_node **nodes = realloc(g->nodes, room * sizeof(struct rt_node *));
        if (!nodes)
            return RT_MEMORY;
        g->nodes = nodes;
        g->room = room;
    }
    struct rt_node *n = calloc(1, sizeof *n);
    bool good = n && keep_work(n, w);
    for (size_t i = 0; good && i < n_after; i++)
        good = after[i] && after[i]->graph == g && add_after(n, after[i]);
    if (!good) {
        free_node(n);
        return RT_INVALID_VALUE;
    }
    n->graph = g;
    n->index = g->n;
    g->nodes[g->n++] = n;
    *ret = n;
    return RT_OK;
}

static void free_graph(struct rt_graph *g)
{
    for (size_t i = 0; g && i < g->n; i++)
        free_node(g->nodes[i]);
    if (g)
        free(g->nodes);
    free(g);
}

/* ---- capture ---- */

static bool set_tail(struct rt_node ***tail, size_t *n_tail, struct rt_node *const *nodes, size_t n)
{
    struct rt_node **copy = malloc((n ? n : 1) * sizeof(struct rt_node *));
    if (!copy)
        return false;
    if (n)
        memcpy(copy, nodes, n * sizeof(struct rt_node *));
    free(*tail);
    *tail = copy;
    *n_tail = n;
    return true;
}

int rt_capture(struct rt_stream *s, const struct rt_work *w)
{
    struct rt_node *n;
    struct rt_work work = *w;
    work.q.device = (uint32_t)s->device;
    const int error = add_node(s->capture, s->tail, s->n_tail, &work, &n);
    if (error != RT_OK)
        return error;
    return set_tail(&s->tail, &s->n_tail, &n, 1) ? RT_OK : RT_MEMORY;
}

int rt_capture_record(struct rt_stream *s, struct rt_event *e)
{
    e->capture = s->capture;
    return set_tail(&e->tail, &e->n_tail, s->tail, s->n_tail) ? RT_OK : RT_MEMORY;
}

int rt_capture_wait(struct rt_stream *s, const struct rt_event *e)
{
    if (s->capture && s->capture != e->capture)
        return RT_CAPTURE_MERGE;
    if (s->id == 0)
        return RT_CAPTURE_UNSUPPORTED;
    s->capture = e->capture;
    struct rt_node **both = malloc((s->n_tail + e->n_tail + 1) * sizeof(struct rt_node *));
    if (!both)
        return RT_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < s->n_tail; i++)
        both[n++] = s->tail[i];
    for (size_t i = 0; i < e->n_tail; i++)
        both[n++] = e->tail[i];
    const bool good = set_tail(&s->tail, &s->n_tail, both, n);
    free(both);
    return good ? RT_OK : RT_MEMORY;
}

int cudaStreamBeginCapture(void *stream, int mode)
{
    struct rt_stream *s = rt_stream_of(stream);
    (void)mode;
    if (!s || s->id == 0 || s->capture)
        return rt_done(s ? RT_CAPTURE_UNSUPPORTED : RT_INVALID_HANDLE);
    struct rt_graph *g = calloc(1, sizeof *g);
    if (!g)
        return rt_done(RT_MEMORY);
    g->magic = GRAPH_MAGIC;
    s->capture = g;
    s->capture_origin = true;
    s->n_tail = 0;
    return RT_OK;
}

/* Whether every node is before what the origin's tail stands for. */
static bool all_joined(const struct rt_graph *g, const struct rt_stream *origin)
{
    bool *seen = calloc(g->n + 1, sizeof *seen);
    if (!seen)
        return false;
    for (size_t i = 0; i < origin->n_tail; i++)
        seen[origin->tail[i]->index] = true;
    bool all = true;
    for (size_t i = g->n; i-- > 0;) { /* in a capture what is before has a smaller index */
        all = all && seen[i];
        for (size_t k = 0; seen[i] && k < g->nodes[i]->n_after; k++)
            seen[g->nodes[i]->after[k]->index] = true;
    }
    free(seen);
    return all;
}

int cudaStreamEndCapture(void *stream, void **ret)
{
    struct rt_stream *s = rt_stream_of(stream);
    if (!s || !s->capture || !s->capture_origin)
        return rt_done(s ? RT_CAPTURE_UNMATCHED : RT_INVALID_HANDLE);
    struct rt_graph *g = s->capture;
    const bool joined = all_joined(g, s);
    for (struct rt_stream *each = rt_streams(); each; each = each->next)
        if (each->capture == g) {
            each->capture = NULL;
            each->capture_origin = false;
            each->n_tail = 0;
        }
    if (!joined) {
        free_graph(g);
        if (ret)
            *ret = NULL;
        return rt_done(904); /* cudaErrorStreamCaptureUnjoined */
    }
    if (ret)
        *ret = g;
    return rt_done(ret ? RT_OK : RT_INVALID_VALUE);
}

int cudaStreamIsCapturing(void *stream, int *ret)
{
    const struct rt_stream *s = rt_stream_of(stream);
    if (!s || !ret)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    *ret = s->capture != NULL;
    return RT_OK;
}

int cudaStreamGetCaptureInfo(void *stream, int *ret_status, unsigned long long *ret_id,
                             void **ret_graph, void *const **ret_after, const void **ret_edges,
                             size_t *ret_n)
{
    const struct rt_stream *s = rt_stream_of(stream);
    if (!s || !ret_status)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    *ret_status = s->capture != NULL;
    if (ret_id)
        *ret_id = (unsigned long long)(uintptr_t)s->capture;
    if (ret_graph)
        *ret_graph = s->capture;
    if (ret_after)
        *ret_after = (void *const *)s->tail;
    if (ret_edges)
        *ret_edges = NULL;
    if (ret_n)
        *ret_n = s->n_tail;
    return RT_OK;
}

int cudaThreadExchangeStreamCaptureMode(int *mode)
{
    (void)mode;
    return RT_OK;
}

/* ---- graphs by hand ---- */

int cudaGraphCreate(void **ret, unsigned flags)
{
    struct rt_graph *g = calloc(1, sizeof *g);
    (void)flags;
    if (!ret || !g) {
        free(g);
        return rt_done(ret ? RT_MEMORY : RT_INVALID_VALUE);
    }
    g->magic = GRAPH_MAGIC;
    *ret = g;
    return RT_OK;
}

int cudaGraphDestroy(void *graph)
{
    struct rt_graph *g = graph_of(graph);
    if (!g)
        return rt_done(RT_INVALID_VALUE);
    g->magic = 0;
    free_graph(g);
    return RT_OK;
}

static int add_by_hand(void **ret, void *graph, void *const *after, size_t n, struct rt_work *w)
{
    struct rt_graph *g = graph_of(graph);
    struct rt_node *node = NULL;
    if (!g || !ret)
        return RT_INVALID_VALUE;
    w->q.device = (uint32_t)*rt_current_device();
    const int error = add_node(g, (struct rt_node *const *)after, n, w, &node);
    if (error == RT_OK)
        *ret = node;
    return error;
}

static int kernel_work(struct rt_work *w, const struct abi_kernel_node *p)
{
    if (!p || p->extra)
        return p ? RT_NOT_SUPPORTED : RT_INVALID_VALUE;
    return rt_launch_work(w, p->func, p->grid, p->block, p->params, p->shared_bytes, false);
}

int cudaGraphAddKernelNode(void **ret, void *graph, void *const *after, size_t n,
                           const struct abi_kernel_node *p)
{
    struct rt_work w = {0};
    int error = kernel_work(&w, p);
    if (error == RT_OK)
        error = add_by_hand(ret, graph, after, n, &w);
    free(w.payload);
    return rt_done(error);
}

int cudaGraphAddMemcpyNode1D(void **ret, void *graph, void *const *after, size_t n, void *to,
                             const void *from, size_t bytes, int kind)
{
    struct rt_work w = {0};
    int error = bytes ? rt_copy_work(&w, to, bytes, from, bytes, bytes, 1, kind) : RT_INVALID_VALUE;
    if (error == RT_OK)
        error = add_by_hand(ret, graph, after, n, &w);
    return rt_done(error);
}

/* One slice: rows. */
static int box_work(struct rt_work *w, const struct abi_memcpy3d *p)
{
    if (!p || p->from_array || p->to_array || p->extent.depth != 1)
        return p ? RT_NOT_SUPPORTED : RT_INVALID_VALUE;
    char *to = (char *)p->to.ptr + p->to_pos.y * p->to.pitch + p->to_pos.x;
    const char *from = (const char *)p->from.ptr + p->from_pos.y * p->from.pitch + p->from_pos.x;
    return rt_copy_work(w, to, p->to.pitch, from, p->from.pitch, p->extent.width, p->extent.height,
                        p->kind);
}

int cudaGraphAddMemcpyNode(void **ret, void *graph, void *const *after, size_t n,
                           const struct abi_memcpy3d *p)
{
    struct rt_work w = {0};
    int error = box_work(&w, p);
    if (error == RT_OK)
        error = add_by_hand(ret, graph, after, n, &w);
    return rt_done(error);
}

int cudaGraphAddMemsetNode(void **ret, void *graph, void *const *after, size_t n,
                           const struct abi_memset *p)
{
    struct rt_work w = {0};
    int error =
        p ? rt_fill_work(&w, p->to, p->pitch, p->value, p->element_size, p->width, p->height)
          : RT_INVALID_VALUE;
    if (error == RT_OK)
        error = add_by_hand(ret, graph, after, n, &w);
    return rt_done(error);
}

int cudaGraphAddHostNode(void **ret, void *graph, void *const *after, size_t n,
                         const struct abi_host_node *p)
{
    if (!p || !p->fn)
        return rt_done(RT_INVALID_VALUE);
    struct rt_work w = {.kind = RT_HOST_FUNC,
                        .q = {.call = WIRE_HOST_FUNC},
                        .host_func = p->fn,
                        .host_data = p->data};
    return rt_done(add_by_hand(ret, graph, after, n, &w));
}

int cudaGraphAddEmptyNode(void **ret, void *graph, void *const *after, size_t n)
{
    struct rt_work w = {.kind = RT_EMPTY};
    return rt_done(add_by_hand(ret, graph, after, n, &w));
}

int cudaGraphAddDependencies(void *graph, void *const *from, void *const *to, const void *edges,
                             size_t n)
{
    struct rt_graph *g = graph_of(graph);
    if (!g || (n > 0 && (!from || !to)))
        return rt_done(RT_INVALID_VALUE);
    if (edges)
        return rt_done(RT_NOT_SUPPORTED);
    for (size_t i = 0; i < n; i++) {
        struct rt_node *before = from[i], *behind = to[i];
        if (!before || !behind || before->graph != g || behind->graph != g)
            return rt_done(RT_INVALID_VALUE);
        if (!add_after(behind, before))
            return rt_done(RT_MEMORY);
    }
    return RT_OK;
}

int cudaGraphGetNodes(void *graph, void **ret, size_t *n)
{
    const struct rt_graph *g = graph_of(graph);
    if (!g || !n)
        return rt_done(RT_INVALID_VALUE);
    for (size_t i = 0; ret && i < *n; i++)
        ret[i] = i < g->n ? g->nodes[i] : NULL;
    if (!ret || *n > g->n)
        *n = g->n;
    return RT_OK;
}

int cudaGraphGetRootNodes(void *graph, void **ret, size_t *n)
{
    const struct rt_graph *g = graph_of(graph);
    if (!g || !n)
        return rt_done(RT_INVALID_VALUE);
    size_t found = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (g->nodes[i]->n_after > 0)
            continue;
        if (ret && found < *n)
            ret[found] = g->nodes[i];
        found++;
    }
    if (!ret || *n > found)
        *n = found;
    return RT_OK;
}

int cudaGraphNodeGetDependencies(void *node, void **ret, void *edges, size_t *n)
{
    const struct rt_node *a = node;
    (void)edges;
    if (!a || !n)
        return rt_done(RT_INVALID_VALUE);
    for (size_t i = 0; ret && i < *n; i++)
        ret[i] = i < a->n_after ? a->after[i] : NULL;
    if (!ret || *n > a->n_after)
        *n = a->n_after;
    return RT_OK;
}

int cudaGraphNodeGetType(void *node, int *ret)
{
    const struct rt_node *a = node;
    if (!a || !ret)
        return rt_done(RT_INVALID_VALUE);
    switch (a->work.kind) {
    case RT_PLAIN:
        *ret = a->work.q.call == WIRE_LAUNCH ? TYPE_KERNEL
               : a->work.q.call == WIRE_FILL ? TYPE_MEMSET
                                             : TYPE_MEMCPY;
        break;
    case RT_COPY_IN:
    case RT_COPY_OUT:
    case RT_COPY_HOST:
        *ret = TYPE_MEMCPY;
        break;
    case RT_HOST_FUNC:
        *ret = TYPE_HOST;
        break;
    case RT_EMPTY:
        *ret = TYPE_EMPTY;
        break;
    }
    return RT_OK;
}

/* The pointers that a kernel node's parameters are asked by lead into the node. */
int cudaGraphKernelNodeGetParams(void *node, struct abi_kernel_node *ret)
{
    struct rt_node *a = node;
    if (!a || !ret || a->work.q.call != WIRE_LAUNCH)
        return rt_done(RT_INVALID_VALUE);
    const struct wire_param *p;
    size_t bytes;
    const size_t n = rt_function_params(a->work.function, &p, &bytes);
    void **params = malloc((n ? n : 1) * sizeof(void *));
    if (!params)
        return rt_done(RT_MEMORY);
    for (size_t i = 0; i < n; i++)
        params[i] = a->work.payload + p[i].offset;
    free(a->params);
    a->params = params;
    const uint64_t *q = a->work.q.arg;
    *ret = (struct abi_kernel_node){
        .func = a->work.function,
        .grid = {(unsigned)q[1], (unsigned)(q[1] >> 32), (unsigned)q[2]},
        .block = {(unsigned)(q[2] >> 32), (unsigned)q[3], (unsigned)(q[3] >> 32)},
        .shared_bytes = (unsigned)q[4],
        .params = params};
    return RT_OK;
}

static int replace_work(struct rt_node *a, struct rt_work *w, int error)
{
    if (error == RT_OK && a && a->work.kind == w->kind && a->work.q.call == w->q.call) {
        w->q.device = a->work.q.device;
        if (!keep_work(a, w))
            error = RT_MEMORY;
    } else if (error == RT_OK) {
        error = RT_INVALID_VALUE;
    }
    free(w->payload);
    return rt_done(error);
}

int cudaGraphKernelNodeSetParams(void *node, const struct abi_kernel_node *p)
{
    struct rt_work w = {0};
    return replace_work(node, &w, kernel_work(&w, p));
}

/* ---- executable graphs ---- */

/* Copies a graph in an order in which every node stands behind what it waits for; NULL: there is
 * none (a circle), or no memory. */
static struct rt_graph *ordered_copy(const struct rt_graph *g, size_t *ret_place)
{
    struct rt_graph *copy = calloc(1, sizeof *copy);
    struct rt_node **after = calloc(g->n + 1, sizeof(struct rt_node *));
    bool good = copy && after;
    if (copy)
        copy->magic = GRAPH_MAGIC;
    for (size_t i = 0; i < g->n; i++)
        ret_place[i] = SIZE_MAX;
    for (bool more = true; good && more;) {
        more = false;
        for (size_t i = 0; good && i < g->n; i++) {
            const struct rt_node *n = g->nodes[i];
            size_t ready = 0;
            while (ready < n->n_after && ret_place[n->after[ready]->index] != SIZE_MAX) {
                after[ready] = copy->nodes[ret_place[n->after[ready]->index]];
                ready++;
            }
            if (ret_place[i] != SIZE_MAX || ready < n->n_after)
                continue;
            struct rt_node *made = NULL;
            good = add_node(copy, after, n->n_after, &n->work, &made) == RT_OK;
            ret_place[i] = copy->n - 1;
            more = true;
        }
    }
    free(after);
    if (good && copy->n == g->n)
        return copy;
    free_graph(copy);
    return NULL;
}

static bool make_lane_stream(struct lane *l, uint32_t device)
{
    const int current = *rt_current_device();
    void *stream = NULL;
    *rt_current_device() = (int)device;
    const int error = cudaStreamCreateWithFlags(&stream, 1);
    *rt_current_device() = current;
    l->stream = stream;
    return error == RT_OK;
}

/* Puts a node into the lane whose last node it waits for, else into a new one; a lane's nodes are
 * one device's. */
static bool choose_lane(struct rt_exec *e, size_t i)
{
    const struct rt_node *n = e->graph->nodes[i];
    for (size_t k = 0; k < n->n_after; k++) {
        const struct rt_node *before = n->after[k];
        const size_t lane = e->lane_of[before->index];
        if (e->lanes[lane].last != before->index || before->work.q.device != n->work.q.device)
            continue;
        e->lanes[lane].last = i;
        e->lane_of[i] = lane;
        return true;
    }
    struct lane *l = &e->lanes[e->n_lanes];
    *l = (struct lane){.last = i};
    if (e->n_lanes > 0 && !make_lane_stream(l, n->work.q.device))
        return false;
    e->lane_of[i] = e->n_lanes++;
    return true;
}

static bool plan(struct rt_exec *e)
{
    struct rt_graph *g = e->graph;
    for (size_t i = 0; i < g->n; i++)
        if (!choose_lane(e, i))
            return false;
    /* An event for each node that another lane waits for; and for the last one of each lane. */
    for (size_t i = 0; i < g->n; i++) {
        bool needed = e->n_lanes > 1 && e->lanes[e->lane_of[i]].last == i;
        for (size_t k = i + 1; !needed && k < g->n; k++)
            for (size_t d = 0; d < g->nodes[k]->n_after; d++)
                needed = needed ||
                         (g->nodes[k]->after[d] == g->nodes[i] && e->lane_of[k] != e->lane_of[i]);
        if (needed && cudaEventCreateWithFlags(&e->done[i], 2) != RT_OK)
            return false;
    }
    return !(e->n_lanes > 1) || cudaEventCreateWithFlags(&e->done[g->n], 2) == RT_OK;
}

static void free_exec(struct rt_exec *e)
{
    for (size_t i = 0; e->done && e->graph && i <= e->graph->n; i++)
        if (e->done[i])
            cudaEventDestroy(e->done[i]);
    for (size_t i = 0; i < e->n_lanes; i++)
        if (e->lanes[i].stream)
            cudaStreamDestroy(e->lanes[i].stream);
    free_graph(e->graph);
    free(e->lane_of);
    free(e->done);
    free(e->lanes);
    free(e);
}

int cudaGraphInstantiate(void **ret, void *graph, unsigned long long flags)
{
    const struct rt_graph *g = graph_of(graph);
    (void)flags;
    if (!g || !ret)
        return rt_done(RT_INVALID_VALUE);
    struct rt_exec *e = calloc(1, sizeof *e);
    size_t *place = calloc(g->n + 1, sizeof *place);
    if (!e || !place) {
        free(e);
        free(place);
        return rt_done(RT_MEMORY);
    }
    e->magic = EXEC_MAGIC;
    e->lane_of = calloc(g->n + 1, sizeof *e->lane_of);
    e->done = calloc(g->n + 1, sizeof(void *));
    e->lanes = calloc(g->n + 1, sizeof *e->lanes);
    e->graph = ordered_copy(g, place);
    free(place);
    if (!e->lane_of || !e->done || !e->lanes || !e->graph || !plan(e)) {
        free_exec(e);
        return rt_done(RT_INVALID_VALUE);
    }
    *ret = e;
    return RT_OK;
}

int cudaGraphInstantiateWithFlags(void **ret, void *graph, unsigned long long flags)
{
    return cudaGraphInstantiate(ret, graph, flags);
}

int cudaGraphExecDestroy(void *handle)
{
    struct rt_exec *e = exec_of(handle);
    if (!e)
        return rt_done(RT_INVALID_VALUE);
    e->magic = 0;
    free_exec(e);
    return RT_OK;
}

static int run_node(struct rt_exec *e, size_t i, void *stream)
{
    const struct rt_node *n = e->graph->nodes[i];
    int error = RT_OK;
    for (size_t k = 0; error == RT_OK && k < n->n_after; k++) {
        const size_t before = n->after[k]->index;
        if (e->lane_of[before] != e->lane_of[i])
            error = cudaStreamWaitEvent(stream, e->done[before], 0);
    }
    struct rt_work w = n->work;
    if (error == RT_OK)
        error = rt_enqueue(stream, &w);
    if (error == RT_OK && e->done[i])
        error = cudaEventRecord(e->done[i], stream);
    return error;
}

int cudaGraphLaunch(void *handle, void *stream)
{
    struct rt_exec *e = exec_of(handle);
    if (!e)
        return rt_done(RT_INVALID_VALUE);
    const size_t n = e->graph->n;
    int error = e->done[n] ? cudaEventRecord(e->done[n], stream) : RT_OK;
    for (size_t i = 1; error == RT_OK && i < e->n_lanes; i++)
        error = cudaStreamWaitEvent(e->lanes[i].stream, e->done[n], 0);
    for (size_t i = 0; error == RT_OK && i < n; i++) {
        void *own = e->lanes[e->lane_of[i]].stream;
        error = run_node(e, i, own ? own : stream);
    }
    for (size_t i = 1; error == RT_OK && i < e->n_lanes; i++)
        error = cudaStreamWaitEvent(stream, e->done[e->lanes[i].last], 0);
    return rt_done(error);
}

int cudaGraphUpload(void *handle, void *stream)
{
    (void)stream;
    return rt_done(exec_of(handle) ? RT_OK : RT_INVALID_VALUE);
}

/* The node of the executable graph that was made from a node of the graph. */
static struct rt_node *node_in(struct rt_exec *e, const struct rt_node *n)
{
    size_t *place = calloc(n->graph->n + 1, sizeof *place);
    struct rt_graph *copy = place ? ordered_copy(n->graph, place) : NULL;
    struct rt_node *found = NULL;
    if (copy && copy->n == e->graph->n)
        found = e->graph->nodes[place[n->index]];
    free_graph(copy);
    free(place);
    return found;
}

int cudaGraphExecKernelNodeSetParams(void *handle, void *node, const struct abi_kernel_node *p)
{
    struct rt_exec *e = exec_of(handle);
    struct rt_work w = {0};
    if (!e || !node)
        return rt_done(RT_INVALID_VALUE);
    return replace_work(node_in(e, node), &w, kernel_work(&w, p));
}

int cudaGraphExecMemcpyNodeSetParams1D(void *handle, void *node, void *to, const void *from,
                                       size_t bytes, int kind)
{
    struct rt_exec *e = exec_of(handle);
    struct rt_work w = {0};
    if (!e || !node)
        return rt_done(RT_INVALID_VALUE);
    return replace_work(node_in(e, node), &w,
                        rt_copy_work(&w, to, bytes, from, bytes, bytes, 1, kind));
}

/* New works for a graph of the same form. */
int cudaGraphExecUpdate(void *handle, void *graph, void *result)
{
    struct rt_exec *e = exec_of(handle);
    const struct rt_graph *g = graph_of(graph);
    struct { /* cudaGraphExecUpdateResultInfo */
        int result;
        void *node, *from;
    } info = {0};
    if (!e || !g)
        return rt_done(RT_INVALID_VALUE);
    size_t *place = calloc(g->n + 1, sizeof *place);
    struct rt_graph *copy = place ? ordered_copy(g, place) : NULL;
    bool same = copy && copy->n == e->graph->n;
    for (size_t i = 0; same && i < copy->n; i++) {
        const struct rt_node *a = e->graph->nodes[i], *b = copy->nodes[i];
        same = a->work.kind == b->work.kind && a->work.q.call == b->work.q.call &&
               a->n_after == b->n_after;
        for (size_t k = 0; same && k < a->n_after; k++)
            same = a->after[k]->index == b->after[k]->index;
    }
    for (size_t i = 0; same && i < copy->n; i++)
        same = keep_work(e->graph->nodes[i], &copy->nodes[i]->work);
    free_graph(copy);
    free(place);
    info.result = same ? 0 : 2; /* cudaGraphExecUpdateErrorTopologyChanged */
    if (result)
        memcpy(result, &info, sizeof info);
    return rt_done(same ? RT_OK : RT_GRAPH_UPDATE);
}
