/* The device process at work: requests of a program on one descriptor, and of a grader on another,
 * which the program never has. */
#pragma once

#include "grader/vgpu/device/machine.h"

/* What answers: the virtual machine, or a real GPU (real/server.h). */
struct vg_backend {
    void *context;
    void (*answer)(void *context, const struct wire_request *q, const void *payload, size_t bytes,
                   struct wire_reply *ret, void *payload_room);
    void (*run)(void *context);             /* what was answered before it was done */
    bool (*control)(void *context, int fd); /* one packet of the grader's; false: it has gone */
};

/* Serves until the program has closed its end of `data` and the grader, if there is one, its end of
 * `control` (-1: there is none). What comes in the wrong form ends the program's connection: it is
 * no longer our library that speaks. ERR_IO: the descriptors. */
MUST_CHECK enum err_code serve_backend(const struct vg_backend *b, int data, int control,
                                       struct err *why);
/* The same for the virtual machine. */
MUST_CHECK enum err_code serve(struct machine *m, int data, int control, struct err *why);
