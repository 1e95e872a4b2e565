/* The runtime library from inside. It stands in for cudart in a learner's program: it records what
 * the program asks for and sends it to the device process; it decides nothing, and nothing depends
 * on its honesty.
 *
 * Work for a stream is a struct rt_work. It is sent at once, or kept as a node of a graph while the
 * stream is being captured; a graph is nothing but such works and their order. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grader/vgpu/device/wire.h"
#include "grader/vgpu/rt/abi.h"

enum { RT_DEVICES = 8 };
#define RT_DEVICE_BASE (UINT64_C(1) << 40) /* the first address of device 0's memory */
#define RT_SHARED_BASE (UINT64_C(9) << 40) /* host memory that kernels reach */
#define RT_SHARED_END  (UINT64_C(10) << 40)

enum rt_error { /* cudaError_t where we are the first to know */
                RT_OK = 0,
                RT_INVALID_VALUE = 1,
                RT_MEMORY = 2,
                RT_INVALID_CONFIGURATION = 9,
                RT_INVALID_SYMBOL = 13,
                RT_INVALID_FUNCTION = 98,
                RT_NO_DEVICE = 100,
                RT_INVALID_DEVICE = 101,
                RT_INVALID_IMAGE = 200,
                RT_UNSUPPORTED_LIMIT = 215,
                RT_INVALID_HANDLE = 400,
                RT_SYMBOL_NOT_FOUND = 500,
                RT_NOT_READY = 600,
                RT_HOST_REGISTERED = 712,
                RT_HOST_NOT_REGISTERED = 713,
                RT_NOT_SUPPORTED = 801,
                RT_CAPTURE_UNSUPPORTED = 900,
                RT_CAPTURE_INVALID = 901,
                RT_CAPTURE_MERGE = 902,
                RT_CAPTURE_UNMATCHED = 903,
                RT_GRAPH_UPDATE = 910,
};

/* ---- channel.c ---- */

/* One request and its answer. `payload` of q->bytes bytes; the answer's payload is written to
 * `ret_payload` (WIRE_PAYLOAD bytes, may be NULL). Returns the error. */
int rt_ask(struct wire_request *q, const void *payload, struct wire_reply *ret, void *ret_payload);
/* The same between rt_lock() and rt_unlock(), for who needs the window. */
int rt_ask_locked(struct wire_request *q, const void *payload, struct wire_reply *ret,
                  void *ret_payload);
void rt_lock(void);
void rt_unlock(void);
unsigned char *rt_window(void);                      /* NULL: there is no device process */
int rt_map_shared(uint64_t address, uint64_t bytes); /* makes it the program's memory too */
int rt_devices(void);                                /* 0: no device process */
const struct wire_device *rt_profile(void);
void rt_print(void); /* what kernels have printed until now goes to stdout */

int rt_done(int error); /* remembers an error for cudaGetLastError; returns it */
int *rt_current_device(void);
bool *rt_per_thread(void); /* the call that runs was compiled for per-thread default streams */
void rt_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- work ---- */

enum rt_kind { /* what is left to do here */
               RT_PLAIN,
               RT_COPY_IN,
               RT_COPY_OUT,
               RT_COPY_HOST, /* both sides are the program's */
               RT_HOST_FUNC,
               RT_EMPTY, /* a node of a graph that only orders others */
};

struct rt_work {
    enum rt_kind kind;
    struct wire_request q;
    unsigned char *payload; /* q.bytes; borrowed, or a node's own */
    void *to;               /* copies: the host's side */
    const void *from;
    size_t to_pitch, from_pitch, width, height;
    void (*host_func)(void *);
    void *host_data;
    struct rt_function *function; /* launches */
};

struct rt_graph;
struct rt_node;

enum { RT_STREAM_MAGIC = 0x7374726d, RT_EVENT_MAGIC = 0x65766e74 };
struct rt_stream {
    uint32_t magic, flags;
    int device, priority;
    uint64_t id; /* the device process's; 0: the legacy stream */
    struct rt_stream *next;
    struct rt_graph *capture; /* NULL: none */
    bool capture_origin;
    struct rt_node **tail; /* what the next captured work stands behind */
    size_t n_tail;
};

struct rt_event {
    uint32_t magic;
    uint64_t id;
    int device;
    struct rt_graph *capture; /* recorded in a capture: */
    struct rt_node **tail;    /* the nodes that it stands for */
    size_t n_tail;
};

/* What a handle of the program's means; NULL: nothing. */
struct rt_stream *rt_stream_of(void *handle);
/* Sends the work, or captures it. */
int rt_enqueue(void *stream_handle, struct rt_work *w);
int rt_submit(struct rt_stream *s, struct rt_work *w); /* sends it */

/* ---- graph.c ---- */

int rt_capture(struct rt_stream *s, const struct rt_work *w);
int rt_capture_record(struct rt_stream *s, struct rt_event *e);
int rt_capture_wait(struct rt_stream *s, const struct rt_event *e);
struct rt_stream *rt_streams(void); /* the first of all */

/* ---- register.c ---- */

struct rt_function;
struct rt_symbol;
struct rt_function *rt_function_of(const void *host); /* NULL: not a kernel */
/* Makes the device process know the kernel. */
int rt_function_load(struct rt_function *f);
uint64_t rt_function_id(const struct rt_function *f);
const char *rt_function_name(const struct rt_function *f);
size_t rt_function_params(const struct rt_function *f, const struct wire_param **ret,
                          size_t *ret_bytes);
/* Where a variable is on the current device. */
int rt_symbol_find(const void *host, uint64_t *ret_address, uint64_t *ret_bytes);
/* __managed__ variables: before a launch, and after the host has waited. */
int rt_managed_push(void);
int rt_managed_pull(void);

/* ---- memory.c ---- */

/* A copy as work; height 1 for a plain one. */
int rt_copy_work(struct rt_work *w, void *to, size_t to_pitch, const void *from, size_t from_pitch,
                 size_t width, size_t height, int kind);
int rt_fill_work(struct rt_work *w, void *to, size_t pitch, unsigned value, unsigned element,
                 size_t width, size_t height);

/* ---- launch.c ---- */

/* `*ret_payload` is the caller's to free. */
int rt_launch_work(struct rt_work *w, const void *func, struct abi_dim3 grid, struct abi_dim3 block,
                   void **params, size_t shared, bool cooperative);
