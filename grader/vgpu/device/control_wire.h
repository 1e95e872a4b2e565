/* Packets of the control plane; what they mean stands in control.h. Both sides are ours, and are
 * built together. */
#pragma once

#include <stdint.h>

#include "grader/vgpu/control.h"

enum control_call {
    CONTROL_ALLOCATE,  /* arg 0: device, 1: bytes -> address */
    CONTROL_RELEASE,   /* 0: address */
    CONTROL_PUT,       /* 0: address; payload */
    CONTROL_POISON,    /* 0: address, 1: bytes, 2: exact */
    CONTROL_GET,       /* 0: address, 1: bytes, 2: owners as well -> payload: bytes, owners */
    CONTROL_REGISTERS, /* payload */
    CONTROL_SETUP,     /* 0: acts */
    CONTROL_BEGIN,     /* payload: struct vgpu_call */
    CONTROL_COUNTS,    /* -> payload: struct vgpu_counts */
    CONTROL_END,
    CONTROL_CALLS
};

enum { CONTROL_PAYLOAD = 64 << 10, CONTROL_ARGS = 4 };

struct control_request {
    uint32_t call, bytes;
    uint64_t arg[CONTROL_ARGS];
};

struct control_reply {
    int32_t code; /* enum err_code; the story is then the payload */
    uint32_t bytes;
    uint64_t ret;
};
