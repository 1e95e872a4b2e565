/* The data plane: how a program's runtime library talks to the device process. A sequenced-packet
 * socket carries one request and one reply at a time; a shared memory carries what is long.
 *
 *     memory, byte 0                the window: bytes of copies, PTX text, printed text
 *     memory, byte WIRE_WINDOW      host memory that kernels reach: the byte at WIRE_WINDOW + x
 *                                   has address VG_GLOBAL(VG_HOST) + x on both sides
 *
 * The device process believes nothing: lengths are compared with what arrived, handles looked up,
 * and of the window it only ever copies bytes that mean nothing to it. The memory is sealed against
 * shrinking, so that a read of it cannot fault.
 *
 * A launch is answered before it runs; what it did wrong is the answer to a later request, as on a
 * device. */
#pragma once

#include <stdint.h>

enum {
    WIRE_VERSION = 1,
    WIRE_ARGS = 8,
    WIRE_PAYLOAD = 32 << 10, /* bytes behind a request or a reply */
    WIRE_WINDOW = 16 << 20,
    WIRE_NAME = 4096, /* of kernels and variables; C++ makes long ones */
};
/* The environment variable that says where: "SOCKET,MEMORY", two descriptors. */
#define WIRE_ENVIRONMENT "VGPU_CHANNEL"

enum wire_call {
#define CALL(name) WIRE_##name,
#include "grader/vgpu/device/call.def"
#undef CALL
    WIRE_CALLS
};

enum wire_flag {
    WIRE_BLOCKING = 1,    /* the host waits for the end; else the call is asynchronous */
    WIRE_PAGEABLE = 2,    /* the host's side of a copy is no pinned memory */
    WIRE_COOPERATIVE = 4, /* LAUNCH */
    WIRE_IN_GRAPH = 8,    /* one node of a graph that was launched as a whole */
    WIRE_SYMBOL = 16,     /* cudaMemcpyToSymbol and its kin, for names in reports */
};

/* What each call takes and gives; `device` and `stream` are used by all that need one. Stream 0 is
 * the legacy default stream of the device. A pitch is bytes between rows; a plain copy has
 * height 1.
 *
 *     HELLO        version                               -> devices; payload: struct wire_device
 *     UPLOAD       bytes (in the window)                    text of the next MODULE, appended
 *     MODULE                                             -> module
 *     REGISTERS    payload: lines "KERNEL COUNT"
 *     KERNEL       module; payload: name                 -> kernel, parameters, bytes of all;
 *                                                           payload: struct wire_param each
 *     KERNEL_INFO  kernel                                -> registers, static shared, local, most
 *                                                           threads, most dynamic shared, target
 *     KERNEL_SET   kernel, most dynamic shared
 *     OCCUPANCY    kernel, threads, dynamic shared       -> blocks per SM
 *     VARIABLE     module; payload: name                 -> address, bytes
 *     MALLOC       bytes                                 -> address
 *     FREE         address
 *     HOST_MALLOC  bytes, managed                        -> address, bytes to map
 *     HOST_FREE    address                               -> bytes to unmap
 *     INFO                                               -> free, total
 *     POINTER      address                               -> 1 device, 2 managed, 3 pinned; 0 none;
 *                                                           device; start; bytes
 *     COPY_IN      to, pitch, width, height, bytes in the window (the first of them)
 *     COPY_OUT     from, pitch, width, height            -> bytes in the window (the first of them)
 *     COPY_DATA    bytes in, or wanted                   -> bytes; goes on with the copy before
 *     COPY         to, pitch, from, pitch, width, height
 *     FILL         to, pitch, value, bytes of a value, width (values), height
 *     STREAM_NEW   does not wait for the legacy stream, priority -> stream
 *     EVENT_NEW    no timing                             -> event
 *     EVENT_TIME   event, event                          -> nanoseconds from the first to the
 * second LAUNCH       kernel, grid x | y << 32, grid z | block x << 32, block y | z << 32, shared;
 *                  payload: parameters
 *     PEER         peer, 1 on or 0 off
 *     OUTPUT                                             -> bytes in the window of what was printed
 *     others       event or nothing */
struct wire_request {
    uint32_t call, flags, device, bytes; /* bytes: of the payload that follows */
    uint64_t stream;
    uint64_t arg[WIRE_ARGS];
};

struct wire_reply {
    int32_t error;  /* a cudaError_t */
    uint32_t bytes; /* of the payload that follows */
    uint64_t ret[WIRE_ARGS];
    uint32_t printed; /* 1: OUTPUT has something to give */
    uint32_t reserved;
};

struct wire_param {
    uint32_t offset, bytes;
};

/* A device as programs see it. Bytes, unless said. */
struct wire_device {
    char name[64];
    uint64_t memory;
    uint32_t major, minor, sms, mhz, memory_mhz, bus_bits;
    uint32_t shared_sm, shared_block, shared_optin, shared_reserved, registers, l2;
    uint32_t warps, blocks; /* resident on an SM at once */
};

_Static_assert(sizeof(struct wire_request) == 88 && sizeof(struct wire_reply) == 80,
               "both sides may be different compilers");
_Static_assert(sizeof(struct wire_device) == 128, "no padding");
