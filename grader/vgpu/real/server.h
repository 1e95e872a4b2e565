/* A real GPU behind the device process's two descriptors: the requests of device/wire.h and the
 * control plane of control.h, answered by the CUDA driver.
 *
 *     real_open(&r, &driver, &config, why);
 *     serve_backend(&(struct vg_backend){r, real_answer, real_run, real_control}, data, control,
 * why); real_close(r);
 *
 * The program stays a stranger: its addresses must lie in allocations of its own or in variables of
 * its modules, lengths and handles are looked up. What its *kernels* do nobody bounds but the
 * device: they reach all memory of the context, which therefore holds nothing but this
 * submission's. Each allocation is zeroed when it is made and when it goes, and lies between guard
 * zones of 512 bytes that are compared when it goes, is read by the grader, or a call ends.
 *
 * Of device/'s machine there is not: memory that host and device share (HOST_MALLOC, error 801),
 * counters of instructions, exact owners of bytes (an output byte counts as a kernel's once it is
 * no longer 0xFF and no host call wrote it), printed text on the wire (the driver prints on the
 * server's standard output). After a sticky error the context is lost: the server must end. */
#pragma once

#include <stdbool.h>

#include "grader/vgpu/device/act.h"
#include "grader/vgpu/device/wire.h"
#include "grader/vgpu/real/driver.h"

enum {
    REAL_GUARD = 512, /* bytes before and after each allocation */
    REAL_RANGES = 4096,
    REAL_MODULES = 256,
    REAL_KERNELS = 4096,
    REAL_PARAMS = 1024, /* of one kernel */
    REAL_STREAMS = 1024,
    REAL_EVENTS = 4096,
    REAL_PTX_MAX = 64 << 20,
};

struct real_config {
    int ordinals[DRIVER_DEVICES]; /* the driver's numbers of the devices that programs see */
    int n_devices;
    int memory_fd;   /* WIRE_WINDOW bytes, sealed in size, or -1: make it */
    int64_t wait_ms; /* the most that the device may work on without an end; then error 702 */
    act_set allowed; /* until a grader says otherwise */
};

struct real;

/* Makes contexts. ERR_BUSY: the device is another's. ERR_NOMEM, ERR_IO. `driver` is borrowed. */
MUST_CHECK enum err_code real_open(struct real **ret, const struct driver *driver,
                                   const struct real_config *config, struct err *why);
/* Zeroes and frees all that was allocated, and gives the contexts back. NULL is fine. */
void real_close(struct real *r);

/* For struct vg_backend (device/serve.h); `context` is the struct real. */
void real_answer(void *context, const struct wire_request *q, const void *payload, size_t bytes,
                 struct wire_reply *ret, void *payload_room);
void real_run(void *context);
bool real_control(void *context, int fd);

unsigned char *real_window(struct real *r); /* WIRE_WINDOW bytes, shared with the program */
int real_window_fd(const struct real *r);
/* What went wrong first, for people; "" while nothing has. */
const char *real_story(const struct real *r);
