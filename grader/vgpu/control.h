/* The control plane: how a grader works with the device process over a descriptor of its own, which
 * the learner's program never has.
 *
 *     struct vgpu_control *c;
 *     vgpu_control_open(&c, fd, why);
 *     vgpu_allocate(c, 0, bytes, &x, why);   vgpu_put(c, x, input, bytes, why);
 *     vgpu_allocate(c, 0, bytes, &y, why);   vgpu_poison(c, y, bytes, true, why);
 *     vgpu_begin(c, &(struct vgpu_call){.allowed = launch}, why);
 *     ... the program is told the addresses, works and says that it is done ...
 *     vgpu_end(c, &counts, why);
 *     vgpu_get(c, y, output, owners, bytes, why);
 *
 * Each function waits for the device process; a launch that still runs is waited for. Between two
 * calls the program may do what vgpu_setup() last allowed; at first that is nothing but questions.
 * Addresses are device addresses; what is in them is zero until it is put. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "grader/vgpu/device/act.h"

struct vgpu_control;

/* `fd`: a sequenced-packet socket to the device process, ours from now on. ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err_code vgpu_control_open(struct vgpu_control **ret, int fd, struct err *why);
void vgpu_control_close(struct vgpu_control *c); /* NULL is fine */

/* ERR_NOMEM: the device is full. */
MUST_CHECK enum err_code vgpu_allocate(struct vgpu_control *c, int device, uint64_t bytes,
                                       uint64_t *ret_address, struct err *why);
MUST_CHECK enum err_code vgpu_release(struct vgpu_control *c, uint64_t address, struct err *why);
MUST_CHECK enum err_code vgpu_put(struct vgpu_control *c, uint64_t to, const void *from,
                                  size_t bytes, struct err *why);
/* Fills with 0xFF, marks as never written, and from now on notes who writes which byte. `exact`:
 * the stores of kernels are noted one by one (slower); else every byte that no host call wrote
 * counts as a kernel's once it is no longer 0xFF. */
MUST_CHECK enum err_code vgpu_poison(struct vgpu_control *c, uint64_t address, size_t bytes,
                                     bool exact, struct err *why);

enum vgpu_writer { VGPU_NOBODY, VGPU_KERNEL, VGPU_HOST_COPY, VGPU_MEMSET };
/* Reads bytes and, where `ret_writers` is not NULL, one enum vgpu_writer for each. */
MUST_CHECK enum err_code vgpu_get(struct vgpu_control *c, uint64_t from, void *ret,
                                  uint8_t *ret_writers, size_t bytes, struct err *why);

/* What ptxas says of kernels: lines "NAME COUNT\n". To be said before the program asks for them;
 * what the program itself says of its registers does not count from then on. */
MUST_CHECK enum err_code vgpu_registers(struct vgpu_control *c, const char *lines, struct err *why);
MUST_CHECK enum err_code vgpu_setup(struct vgpu_control *c, act_set allowed, struct err *why);

struct vgpu_call {
    act_set allowed;            /* act_find(): "launch", "async", "multi", and calls by name */
    uint64_t fail_launch;       /* the launch of this number (from 1) fails with 701; 0: none */
    uint64_t order;             /* of blocks and warps; 0: by number */
    uint64_t warp_instructions; /* the most that one launch may issue; 0: as the process began */
};
MUST_CHECK enum err_code vgpu_begin(struct vgpu_control *c, const struct vgpu_call *call,
                                    struct err *why);

struct vgpu_counts {
    uint64_t calls;    /* of the runtime, questions not counted */
    uint64_t blocking; /* of them, those that make the host wait */
    uint64_t launches, refused;
    uint64_t warp_instructions, lane_instructions;
    uint64_t kernel_ns, makespan_ns; /* modelled */
    int32_t forbidden;               /* enum act: the first call that was not allowed; ACT_NONE */
    int32_t fault;                   /* cudaError_t of the first kernel that went wrong; 0 */
    char story[1024];                /* of that fault; kernel names in it are the learner's */
};
MUST_CHECK enum err_code vgpu_counts(struct vgpu_control *c, struct vgpu_counts *ret,
                                     struct err *why); /* so far */
MUST_CHECK enum err_code vgpu_end(struct vgpu_control *c, struct vgpu_counts *ret, struct err *why);
