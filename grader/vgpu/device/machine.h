/* The device process's state: devices with their memories, modules, streams, events, modelled time,
 * and what is counted. One thread; the executor has workers of its own.
 *
 * Work is done in the order in which the host issued it. That is an order that streams and events
 * allow, so a program that waits for what it needs sees what a device would show; one that does not
 * is the checks' affair. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "grader/vgpu/device/act.h"
#include "grader/vgpu/device/observer.h"
#include "grader/vgpu/device/timeline.h"
#include "grader/vgpu/device/wire.h"
#include "grader/vgpu/exec/exec.h"

enum { /* what a stranger may have at once */
       MACHINE_MODULES = 1024,
       MACHINE_KERNELS = 1 << 14,
       MACHINE_STREAMS = 4096,
       MACHINE_EVENTS = 1 << 16,
       MACHINE_HOST_RANGES = 1 << 14,
       MACHINE_TOOLS = VG_WATCHERS
};

/* cudaError_t, where we give one. Faults have the executor's enum vg_fault. */
enum cuda_error {
    CUDA_SUCCESS = 0,
    CUDA_INVALID_VALUE = 1,
    CUDA_MEMORY_ALLOCATION = 2,
    CUDA_INVALID_CONFIGURATION = 9,
    CUDA_INVALID_SYMBOL = 13,
    CUDA_INVALID_DEVICE_FUNCTION = 98,
    CUDA_INVALID_DEVICE = 101,
    CUDA_INVALID_PTX = 218,
    CUDA_INVALID_HANDLE = 400,
    CUDA_NOT_READY = 600,
    CUDA_OUT_OF_RESOURCES = 701,
    CUDA_PEER_ENABLED = 704,
    CUDA_PEER_NOT_ENABLED = 705,
    CUDA_COOPERATIVE_TOO_LARGE = 720,
    CUDA_NOT_PERMITTED = 800,
};

struct machine_config {
    struct wire_device profile;
    int n_devices;
    uint64_t resident; /* bytes of host memory behind a device's */
    uint64_t shared;   /* bytes of the memory that host and devices share, without the window */
    int memory_fd;     /* that memory, made by the caller and sealed in size; -1: make it */
    int workers;
    uint64_t order; /* of blocks and warps, vg_launch.order */
    enum vg_isa isa;
    struct vg_budget launch; /* of one launch */
    uint64_t launches;       /* in all */
    size_t printed_bytes;    /* kept until the program fetches them */
    act_set allowed;         /* until a grader says otherwise */
    bool checks_at_once;     /* say what went wrong on stderr as it happens */
};

struct stream {
    bool used, legacy, blocking;
    int device;
    uint64_t tail; /* modelled end of what was issued to it, ns */
};

struct event {
    bool used, timed, recorded;
    uint64_t ns;
};

struct module {
    struct arena arena;
    struct ptx_module ptx;
    struct vg_program *programs[VG_DEVICES]; /* NULL: not used there so far */
};

struct kernel {
    uint32_t module;
    char *name;
    const struct vg_kernel *on[VG_DEVICES];
    uint32_t most_dynamic; /* bytes of dynamic shared memory; 48 KiB less static, or as opted in */
};

struct host_range {      /* memory that host and devices share */
    uint64_t allocation; /* as vg_memory knows it */
    uint64_t address;    /* of its first whole page: what the program knows */
    uint64_t bytes, mapped;
    bool managed;
};

struct machine_copy { /* between host and device, goes through the window piece by piece */
    bool inward;
    uint64_t address, pitch, width, total, done;
};

struct machine_account {
    uint64_t calls, blocking, launches, refused;
    uint64_t warp_instructions, lane_instructions;
    uint64_t kernel_ns;        /* of all launches together */
    uint64_t begin_ns, end_ns; /* modelled: when it was opened, and the last end of anything */
    uint64_t fail_launch;      /* the launch with this number (from 1) gets 701; 0: none */
    enum act forbidden;        /* the first act that was not allowed; ACT_NONE */
    int fault;                 /* the first error of a kernel */
    char story[sizeof((struct vg_result *)0)->text];
};

struct machine {
    struct machine_config config;
    struct vg_memory *memory[VG_DEVICES + 1]; /* [VG_HOST] is the shared one */
    int fault[VG_DEVICES];                    /* sticky */
    bool peer[VG_DEVICES][VG_DEVICES];        /* [a][b]: a's kernels reach b's memory */
    struct module *modules;
    struct kernel *kernels;
    struct stream *streams; /* [0, n_devices) are the legacy ones */
    struct event *events;
    struct host_range *host_ranges;
    size_t n_modules, n_kernels, n_host_ranges;
    size_t stream_end; /* no stream from there on is used */
    struct str upload, registers, printed;
    bool registers_fixed;  /* a grader has said them */
    unsigned char *shared; /* window, then host memory; WIRE_WINDOW + config.shared bytes */
    int shared_fd;
    struct machine_copy copy;

    struct timeline_line lines[VG_DEVICES][ENGINES];
    uint64_t device_end[VG_DEVICES]; /* when all that a device was given is over */
    uint64_t host_ns;                /* the program's own modelled time */

    struct vg_launch launch; /* answered, not run yet; kernel NULL: none */
    struct wire_request launch_request;
    unsigned char launch_params[WIRE_PAYLOAD];
    uint32_t n_grids;

    act_set allowed, setup; /* now; and while no call of a lab is open */
    struct machine_account account;
    const struct vg_observer *observers[MACHINE_TOOLS];
    const struct vg_watcher *watchers[VG_WATCHERS];
    struct vg_clock clock;
    struct owners *owners; /* NULL: nobody asked who writes what */
};

/* Makes devices and the shared memory. ERR_NOMEM, ERR_IO, ERR_RANGE. */
MUST_CHECK enum err_code machine_new(struct machine **ret, const struct machine_config *config,
                                     struct err *why);
void machine_free(struct machine *m);
/* As machine_new, for what a program had of a device: cudaDeviceReset. */
void machine_reset(struct machine *m, int device);

/* Answers one request, whose payload is `bytes` long; a launch then waits for machine_run().
 * `payload_room` holds WIRE_PAYLOAD bytes for the answer's. */
void machine_answer(struct machine *m, const struct wire_request *q, const void *payload,
                    size_t bytes, struct wire_reply *ret, void *payload_room);
/* Runs the launch that waits, if one does. */
void machine_run(struct machine *m);

/* ---- for its own files ---- */

/* What handlers get and give: they return a cudaError_t and leave results in `reply`. */
struct call {
    struct machine *m;
    const struct wire_request *q;
    const void *payload;
    size_t bytes;
    struct wire_reply *reply;
    unsigned char *room; /* for a payload of the reply, WIRE_PAYLOAD bytes */
};

#define CALL(name) int machine_call_##name(const struct call *c);
#include "grader/vgpu/device/call.def"
#undef CALL

/* Counts the act; CUDA_NOT_PERMITTED where it is not allowed now. */
MUST_CHECK int machine_act(struct machine *m, enum act act);
/* Says a story to people; `code` only chooses the error that is given back. */
int machine_refuse(struct machine *m, int error, const char *format, ...) PRINTF_LIKE(3, 4);

struct stream *machine_stream(const struct call *c, uint32_t *ret_number); /* NULL: no such */
/* Places work of `ns` on engines behind the stream's work; returns its end. */
uint64_t machine_place(const struct call *c, struct stream *s, struct timeline_line *const *lines,
                       size_t n_lines, uint64_t ns);
/* When all that was issued to the stream, or the device, is over. */
uint64_t machine_tail(const struct machine *m, const struct stream *s);
uint64_t machine_device_tail(const struct machine *m, int device);
void machine_see(struct machine *m, uint64_t ns); /* the host waits until then */

/* The memory that an address belongs to; NULL: none. */
struct vg_memory *machine_memory(const struct machine *m, uint64_t address, int *ret_number);
/* The kernel's form on a device, loaded when first asked for. */
MUST_CHECK enum err_code machine_kernel(struct machine *m, uint64_t kernel, int device,
                                        const struct vg_kernel **ret, struct err *why);
void machine_unload(struct machine *m, int device);

#define MACHINE_OBSERVE(m, function, ...)                                                          \
    for (size_t tool_ = 0; tool_ < MACHINE_TOOLS; tool_++)                                         \
        if ((m)->observers[tool_] && (m)->observers[tool_]->function)                              \
    (m)->observers[tool_]->function((m)->observers[tool_]->context, __VA_ARGS__)
