/* What server.c, memory.c, streams.c and control.c share. */
#pragma once

#include "base/str.h"
#include "grader/vgpu/control.h"
#include "grader/vgpu/device/machine.h"
#include "grader/vgpu/device/owners.h"
#include "grader/vgpu/real/server.h"

enum { REAL_NOT_SUPPORTED = 801 }; /* cudaErrorNotSupported */

struct real_range {
    uint64_t address, bytes; /* as the program knows it; guards lie outside */
    int device;
    bool variable; /* a module's: no guards, never freed by itself */
};

struct real_module {
    char *text;
    driver_module on[DRIVER_DEVICES]; /* NULL: not used there so far */
};

struct real_kernel {
    uint32_t module;
    char *name;
    driver_function on[DRIVER_DEVICES];
    uint32_t n_params, param_bytes;
    struct wire_param *params;
};

struct real_stream {
    bool used;
    int device;
    driver_stream handle;
};

struct real_event {
    bool timed, recorded;
    int device;
    driver_event handle; /* NULL: free */
};

struct real {
    const struct driver *d;
    struct real_config config;
    int handles[DRIVER_DEVICES];
    driver_context contexts[DRIVER_DEVICES];
    int fault[DRIVER_DEVICES]; /* sticky */
    bool peer[DRIVER_DEVICES][DRIVER_DEVICES];
    struct wire_device properties;
    struct real_range ranges[REAL_RANGES];
    struct real_module modules[REAL_MODULES];
    struct real_kernel kernels[REAL_KERNELS];
    struct real_stream streams[REAL_STREAMS]; /* [0] stays unused: the legacy one */
    struct real_event events[REAL_EVENTS];    /* [0] stays unused */
    size_t n_ranges, n_modules, n_kernels;
    struct str upload;
    unsigned char *window;
    int window_fd;
    struct machine_copy copy;
    struct owners *owners; /* NULL: nobody asked */
    act_set allowed, setup;
    struct machine_account account;
    driver_event begin[DRIVER_DEVICES], end[DRIVER_DEVICES]; /* of a grader's call */
};

struct real_call {
    struct real *r;
    const struct wire_request *q;
    const unsigned char *payload;
    size_t bytes;
    struct wire_reply *reply;
    unsigned char *room;
};
typedef int real_handler(const struct real_call *c); /* gives a cudaError_t */

/* Counts the act; CUDA_NOT_PERMITTED where it is not allowed now. */
MUST_CHECK int real_act(struct real *r, enum act act);
/* Keeps the first story, and a device's sticky error; gives the error back. */
int real_refuse(struct real *r, int device, int error, const char *what);
MUST_CHECK int real_use(struct real *r, int device); /* makes its context the current one */

/* A range that holds all of [address, address + bytes); NULL: none does. */
struct real_range *real_find(struct real *r, uint64_t address, uint64_t bytes);
MUST_CHECK int real_allocate(struct real *r, int device, uint64_t bytes, uint64_t *ret);
MUST_CHECK int real_release(struct real *r, uint64_t address);
/* ERR_RANGE: a kernel wrote into a guard zone; the story says where. */
MUST_CHECK enum err_code real_check_guards(struct real *r, const struct real_range *range,
                                           struct err *why);

/* The call's stream; false: there is none of that number. */
bool real_stream_of(const struct real_call *c, driver_stream *ret);
/* Waits for a stream, or all of a device, at most config.wait_ms. */
MUST_CHECK int real_wait(struct real *r, int device, driver_stream s);
MUST_CHECK int real_wait_device(struct real *r, int device);

real_handler real_MALLOC, real_FREE, real_INFO, real_POINTER, real_COPY_IN, real_COPY_OUT,
    real_COPY_DATA, real_COPY, real_FILL, real_STREAM_NEW, real_STREAM_FREE, real_STREAM_QUERY,
    real_STREAM_SYNC, real_DEVICE_SYNC, real_EVENT_NEW, real_EVENT_FREE, real_EVENT_RECORD,
    real_EVENT_WAIT, real_EVENT_QUERY, real_EVENT_SYNC, real_EVENT_TIME;
