/* The CUDA driver library, found when we run: no toolkit, no header and no link to it is needed.
 *
 *     struct driver d;
 *     if (driver_open(&d, NULL, why) != OK)         no driver, no device, too old ...: `why` tells
 *         ... the virtual GPU will do ...           what to do about it
 *     d.memory_new(&address, bytes);                each entry gives a CUresult
 *     driver_close(&d);
 *
 * Types and numbers are the ABI as NVIDIA's CUDA Driver API reference has it. Nothing here resets a
 * device or changes a setting of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct driver_context_opaque *driver_context;
typedef struct driver_module_opaque *driver_module;
typedef struct driver_function_opaque *driver_function;
typedef struct driver_stream_opaque *driver_stream; /* NULL: the legacy default stream */
typedef struct driver_event_opaque *driver_event;
typedef unsigned long long driver_address; /* CUdeviceptr */

enum {
    DRIVER_VERSION_MIN = 13000, /* CUDA 13.0: the first that knows PTX ISA 9.0 */
    DRIVER_DEVICES = 8,
    DRIVER_NAME = 64,
    DRIVER_BUS = 32,
};

enum driver_error { /* CUresult, those that we tell apart; cudaError_t has the same numbers */
                    DRIVER_OK = 0,
                    DRIVER_INVALID_VALUE = 1,
                    DRIVER_OUT_OF_MEMORY = 2,
                    DRIVER_STUB_LIBRARY = 34,
                    DRIVER_DEVICE_UNAVAILABLE = 46,
                    DRIVER_NO_DEVICE = 100,
                    DRIVER_NO_BINARY = 209,
                    DRIVER_INVALID_PTX = 218,
                    DRIVER_NO_COMPILER = 221,
                    DRIVER_PTX_VERSION = 222,
                    DRIVER_OPERATING_SYSTEM = 304,
                    DRIVER_NOT_FOUND = 500,
                    DRIVER_NOT_READY = 600,
                    DRIVER_ILLEGAL_ADDRESS = 700,
                    DRIVER_LAUNCH_TIMEOUT = 702,
                    DRIVER_LAUNCH_FAILED = 719,
                    DRIVER_SYSTEM_NOT_READY = 802,
                    DRIVER_MISMATCH = 803,
                    DRIVER_COMPAT = 804,
};

enum driver_attribute { /* CUdevice_attribute */
                        DRIVER_SHARED_BLOCK = 8,
                        DRIVER_CLOCK_KHZ = 13,
                        DRIVER_SMS = 16,
                        DRIVER_COMPUTE_MODE = 20,
                        DRIVER_MEMORY_KHZ = 36,
                        DRIVER_BUS_BITS = 37,
                        DRIVER_L2 = 38,
                        DRIVER_THREADS_SM = 39,
                        DRIVER_MAJOR = 75,
                        DRIVER_MINOR = 76,
                        DRIVER_SHARED_SM = 81,
                        DRIVER_REGISTERS_SM = 82,
                        DRIVER_SHARED_OPTIN = 97,
                        DRIVER_BLOCKS_SM = 106,
                        DRIVER_SHARED_RESERVED = 111,
};

enum driver_mode { /* CUcomputemode */
                   DRIVER_MODE_DEFAULT = 0,
                   DRIVER_MODE_PROHIBITED = 2,
                   DRIVER_MODE_EXCLUSIVE = 3,
};

enum driver_function_attribute { /* CUfunction_attribute */
                                 DRIVER_F_THREADS = 0,
                                 DRIVER_F_SHARED = 1,
                                 DRIVER_F_LOCAL = 3,
                                 DRIVER_F_REGISTERS = 4,
                                 DRIVER_F_PTX = 5, /* 80: sm_80 */
                                 DRIVER_F_DYNAMIC = 8,
};

enum driver_jit { /* CUjit_option */
                  DRIVER_JIT_ERROR_LOG = 5,
                  DRIVER_JIT_ERROR_BYTES = 6,
};

enum { /* flags of streams and events */
       DRIVER_STREAM_NON_BLOCKING = 1,
       DRIVER_EVENT_UNTIMED = 2,
};

struct driver_device {
    int ordinal, handle;
    char name[DRIVER_NAME];
    char bus[DRIVER_BUS]; /* "0000:3b:00.0"; of a MIG instance its GPU's */
    int major, minor, mode;
    uint64_t memory; /* bytes */
};

struct driver {
    void *library;
    int version; /* 13000: CUDA 13.0 */
    int n_devices;
    struct driver_device devices[DRIVER_DEVICES];
#define DRIVER(field, symbol, parameters) int(*field) parameters;
#include "grader/vgpu/real/driver_call.def"
#undef DRIVER
};

/* Loads the library, checks its version and asks for the devices; makes no context.
 *   path  a library in its place (tests); NULL: libcuda.so.1 as the system finds it
 * ERR_NOT_FOUND: no driver, or no device. ERR_UNSUPPORTED: the driver is too old, or a stub.
 * ERR_IO: it does not work. `ret` is closed then. */
MUST_CHECK enum err_code driver_open(struct driver *ret, const char *path, struct err *why);
void driver_close(struct driver *d); /* a zeroed struct is fine */

/* Whether the device runs PTX of nvcc's for sm_80 and lets us have a context. ERR_UNSUPPORTED: it
 * is too old; ERR_DENIED: its compute mode prohibits. */
MUST_CHECK enum err_code driver_usable(const struct driver_device *v, struct err *why);

/* A CUresult as a story: "copying 64 bytes: CUDA_ERROR_OUT_OF_MEMORY (2): ...; what to do". Returns
 * the kind; OK for DRIVER_OK. `d` may be closed, then the number has no name. */
MUST_CHECK enum err_code driver_check(const struct driver *d, int error, struct err *why,
                                      const char *format, ...) PRINTF_LIKE(4, 5);
