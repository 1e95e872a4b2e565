/* A CUDA driver library without a device, for tests: device memory is malloc's, work is done when
 * it is asked for, time is counted (1 us a call, 1 ns a byte). Kernels are known by name:
 *
 *     fill(u32 *x, u32 by)       x[i] = i + by for the threads of block 0
 *     before(u32 *x, u32 by)     writes the word before x;   after: the first word past 64 of them
 *     fault                      error 700, which stays;     spin: never ends
 *
 * Environment: FAKE_CUDA_VERSION, _DEVICES, _MAJOR, _MODE, _MIG as numbers; FAKE_CUDA_FAIL is
 * "SYMBOL:ERROR:N": the Nth call of that function (from 1) gives the error. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "grader/vgpu/real/driver.h"

enum { PTX_MARK = '.' }; /* what a text begins with that this compiler takes */

/* For the test itself. */
int fake_live(void);
void fake_reset(void);

static struct {
    int live; /* objects that somebody has to free */
    int sticky, calls;
    bool spins;
    double us;
    char bad[64]; /* the function that fails */
} fake;

struct driver_event_opaque {
    double us;
};

int fake_live(void)
{
    return fake.live;
}

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
}

static int knob(const char *name, int usual)
{
    char whole[64];
    int64_t n = usual;
    snprintf(whole, sizeof whole, "FAKE_CUDA_%s", name);
    const char *text = getenv(whole);
    if (text && parse_i64(text, whole, 0, 1 << 20, &n, NULL) != OK)
        abort();
    return (int)n;
}

/* "SYMBOL:ERROR:N" */
static int injected(const char *symbol)
{
    char text[128] = "";
    int64_t error, n;
    const char *wish = getenv("FAKE_CUDA_FAIL");
    snprintf(text, sizeof text, "%s", wish ? wish : "");
    char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (!second)
        return DRIVER_OK;
    *first = *second = '\0';
    if (strcmp(text, symbol) != 0 || parse_i64(first + 1, "error", 1, 999, &error, NULL) != OK ||
        parse_i64(second + 1, "call", 1, 999, &n, NULL) != OK)
        return DRIVER_OK;
    return ++fake.calls == n ? (int)error : DRIVER_OK;
}

static int enter(const char *symbol)
{
    const int error = injected(symbol);
    fake.us += 1.0;
    return error ? error : fake.sticky;
}
#define ENTER()                                                                                    \
    do {                                                                                           \
        const int error_ = enter(__func__);                                                        \
        if (error_ != DRIVER_OK)                                                                   \
            return error_;                                                                         \
    } while (0)

int cuInit(unsigned flags);
int cuDriverGetVersion(int *ret);
#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* they stand in driver_call.def */

int cuInit(unsigned flags)
{
    ENTER();
    return flags ? DRIVER_INVALID_VALUE : DRIVER_OK;
}

int cuDriverGetVersion(int *ret)
{
    *ret = knob("VERSION", DRIVER_VERSION_MIN);
    return DRIVER_OK;
}

int cuGetErrorName(int error, const char **ret)
{
    *ret = error == DRIVER_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
    return DRIVER_OK;
}

int cuGetErrorString(int error, const char **ret)
{
    *ret = error == DRIVER_OUT_OF_MEMORY ? "out of memory" : "as the test wished";
    return DRIVER_OK;
}

int cuDeviceGetCount(int *ret)
{
    ENTER();
    *ret = knob("DEVICES", 1);
    return DRIVER_OK;
}

int cuDeviceGet(int *ret, int ordinal)
{
    *ret = 100 + ordinal; /* a handle is no ordinal */
    return DRIVER_OK;
}

int cuDeviceGetName(char *ret, int bytes, int device)
{
    snprintf(ret, (size_t)bytes, "Fake A100%s %d", knob("MIG", 0) ? " MIG 1g.5gb" : "",
             device - 100);
    return DRIVER_OK;
}

int cuDeviceGetPCIBusId(char *ret, int bytes, int device)
{
    snprintf(ret, (size_t)bytes, "0000:%02x:00.0", device - 100 + 0x3a);
    return DRIVER_OK;
}

int cuDeviceTotalMem_v2(size_t *ret, int device)
{
    (void)device;
    *ret = (size_t)1 << 30;
    return DRIVER_OK;
}

int cuDeviceGetAttribute(int *ret, int attribute, int device)
{
    (void)device;
    *ret = attribute == DRIVER_MAJOR          ? knob("MAJOR", 8)
           : attribute == DRIVER_MINOR        ? 0
           : attribute == DRIVER_COMPUTE_MODE ? knob("MODE", 0)
           : attribute == DRIVER_CLOCK_KHZ    ? 1410000
           : attribute == DRIVER_THREADS_SM   ? 2048
                                              : 108;
    return DRIVER_OK;
}

int cuDevicePrimaryCtxRetain(driver_context *ret, int device)
{
    ENTER();
    *ret = (driver_context)(uintptr_t)(unsigned)device;
    fake.live++;
    return DRIVER_OK;
}

int cuDevicePrimaryCtxRelease_v2(int device)
{
    (void)device;
    fake.live--;
    return DRIVER_OK;
}

int cuCtxSetCurrent(driver_context c)
{
    (void)c;
    return DRIVER_OK;
}

int cuCtxSynchronize(void)
{
    ENTER();
    return DRIVER_OK;
}

int cuDeviceCanAccessPeer(int *ret, int device, int peer)
{
    *ret = device != peer;
    return DRIVER_OK;
}

int cuCtxEnablePeerAccess(driver_context peer, unsigned flags)
{
    ENTER();
    return peer && !flags ? DRIVER_OK : DRIVER_INVALID_VALUE;
}

int cuCtxDisablePeerAccess(driver_context peer)
{
    return peer ? DRIVER_OK : DRIVER_INVALID_VALUE;
}

int cuMemGetInfo_v2(size_t *ret_free, size_t *ret_total)
{
    *ret_total = (size_t)1 << 30;
    *ret_free = *ret_total - 1;
    return DRIVER_OK;
}

int cuMemAlloc_v2(driver_address *ret, size_t bytes)
{
    ENTER();
    if (bytes > (size_t)1 << 30)
        return DRIVER_OUT_OF_MEMORY;
    void *p = malloc(bytes);
    if (!p)
        return DRIVER_OUT_OF_MEMORY;
    memset(p, 0x77, bytes); /* what another left there */
    *ret = (uintptr_t)p;
    fake.live++;
    return DRIVER_OK;
}

int cuMemFree_v2(driver_address a)
{
    free((void *)(uintptr_t)a);
    fake.live--;
    return DRIVER_OK;
}

static int move(void *to, const void *from, size_t bytes)
{
    fake.us += (double)bytes * 1e-3;
    memmove(to, from, bytes);
    return DRIVER_OK;
}

int cuMemcpyHtoDAsync_v2(driver_address to, const void *from, size_t bytes, driver_stream s)
{
    (void)s;
    ENTER();
    return move((void *)(uintptr_t)to, from, bytes);
}

int cuMemcpyDtoHAsync_v2(void *to, driver_address from, size_t bytes, driver_stream s)
{
    (void)s;
    ENTER();
    return move(to, (const void *)(uintptr_t)from, bytes);
}

int cuMemcpyAsync(driver_address to, driver_address from, size_t bytes, driver_stream s)
{
    (void)s;
    ENTER();
    return move((void *)(uintptr_t)to, (const void *)(uintptr_t)from, bytes);
}

static int fill(driver_address to, size_t pitch, const void *value, size_t size, size_t width,
                size_t height)
{
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            memcpy((char *)(uintptr_t)to + y * pitch + x * size, value, size);
    return DRIVER_OK;
}

int cuMemsetD2D8Async(driver_address to, size_t pitch, unsigned char value, size_t width,
                      size_t height, driver_stream s)
{
    (void)s;
    ENTER();
    return fill(to, pitch, &value, 1, width, height);
}

int cuMemsetD2D16Async(driver_address to, size_t pitch, unsigned short value, size_t width,
                       size_t height, driver_stream s)
{
    (void)s;
    ENTER();
    return fill(to, pitch, &value, 2, width, height);
}

int cuMemsetD2D32Async(driver_address to, size_t pitch, unsigned value, size_t width, size_t height,
                       driver_stream s)
{
    (void)s;
    ENTER();
    return fill(to, pitch, &value, 4, width, height);
}

static unsigned total = 7; /* the module's variable */
static const char *const kernels[] = {"fill", "before", "after", "fault", "spin"};

int cuModuleLoadDataEx(driver_module *ret, const void *text, unsigned n, int *options,
                       void **values)
{
    ENTER();
    if (*(const char *)text != PTX_MARK) {
        for (unsigned i = 0; i + 1 < n; i++)
            if (options[i] == DRIVER_JIT_ERROR_LOG)
                snprintf(values[i], (size_t)(uintptr_t)values[i + 1], "line 1: no PTX\nat all");
        return DRIVER_INVALID_PTX;
    }
    *ret = (driver_module)&total;
    fake.live++;
    return DRIVER_OK;
}

int cuModuleUnload(driver_module m)
{
    (void)m;
    fake.live--;
    return DRIVER_OK;
}

int cuModuleGetFunction(driver_function *ret, driver_module m, const char *name)
{
    (void)m;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i], name) == 0) {
            *ret = (driver_function)(uintptr_t)(i + 1);
            return DRIVER_OK;
        }
    return DRIVER_NOT_FOUND;
}

int cuModuleGetGlobal_v2(driver_address *ret, size_t *ret_bytes, driver_module m, const char *name)
{
    if (strcmp(name, "total") != 0)
        return DRIVER_NOT_FOUND;
    *ret = (uintptr_t)m;
    *ret_bytes = sizeof total;
    return DRIVER_OK;
}

int cuFuncGetAttribute(int *ret, int attribute, driver_function f)
{
    (void)f;
    *ret = attribute == DRIVER_F_REGISTERS ? 32 : 80;
    return DRIVER_OK;
}

int cuFuncSetAttribute(driver_function f, int attribute, int value)
{
    (void)f;
    return attribute == DRIVER_F_DYNAMIC && value <= 166912 ? DRIVER_OK : DRIVER_INVALID_VALUE;
}

int cuFuncGetParamInfo(driver_function f, size_t index, size_t *ret_offset, size_t *ret_bytes)
{
    (void)f;
    if (index > 1)
        return DRIVER_INVALID_VALUE;
    *ret_offset = index ? 8 : 0;
    *ret_bytes = index ? 4 : 8;
    return DRIVER_OK;
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *ret, driver_function f, int threads,
                                                size_t shared)
{
    (void)f;
    (void)shared;
    *ret = 2048 / threads;
    return DRIVER_OK;
}

int cuLaunchKernel(driver_function f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                   unsigned by, unsigned bz, unsigned shared, driver_stream s, void **parameters,
                   void **extra)
{
    (void)s;
    (void)shared;
    ENTER();
    if (extra || gx * gy * gz == 0 || bx * by * bz == 0)
        return DRIVER_INVALID_VALUE;
    uint64_t address;
    unsigned add;
    memcpy(&address, parameters[0], sizeof address);
    memcpy(&add, parameters[1], sizeof add);
    unsigned *x = (unsigned *)(uintptr_t)address;
    switch ((uintptr_t)f) {
    case 1:
        for (unsigned i = 0; i < bx; i++)
            x[i] = i + add;
        break;
    case 2:
        x[-1] = add;
        break;
    case 3:
        x[64] = add;
        break;
    case 4:
        fake.sticky = DRIVER_ILLEGAL_ADDRESS;
        break;
    default:
        fake.spins = true;
    }
    fake.us += bx;
    return DRIVER_OK;
}

int cuLaunchCooperativeKernel(driver_function f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                              unsigned by, unsigned bz, unsigned shared, driver_stream s,
                              void **parameters)
{
    return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, s, parameters, NULL);
}

int cuStreamCreateWithPriority(driver_stream *ret, unsigned flags, int priority)
{
    (void)flags;
    (void)priority;
    ENTER();
    *ret = (driver_stream)&fake;
    fake.live++;
    return DRIVER_OK;
}

int cuStreamDestroy_v2(driver_stream s)
{
    (void)s;
    fake.live--;
    return DRIVER_OK;
}

int cuStreamQuery(driver_stream s)
{
    (void)s;
    ENTER();
    return fake.spins ? DRIVER_NOT_READY : DRIVER_OK;
}

int cuStreamWaitEvent(driver_stream s, driver_event e, unsigned flags)
{
    (void)s;
    (void)flags;
    return e ? DRIVER_OK : DRIVER_INVALID_VALUE;
}

int cuEventCreate(driver_event *ret, unsigned flags)
{
    (void)flags;
    ENTER();
    *ret = calloc(1, sizeof **ret);
    fake.live++;
    return *ret ? DRIVER_OK : DRIVER_OUT_OF_MEMORY;
}

int cuEventDestroy_v2(driver_event e)
{
    free(e);
    fake.live--;
    return DRIVER_OK;
}

int cuEventRecord(driver_event e, driver_stream s)
{
    (void)s;
    ENTER();
    e->us = fake.us;
    return DRIVER_OK;
}

int cuEventQuery(driver_event e)
{
    ENTER();
    return !e ? DRIVER_INVALID_VALUE : fake.spins ? DRIVER_NOT_READY : DRIVER_OK;
}

int cuEventElapsedTime_v2(float *ret, driver_event from, driver_event to)
{
    ENTER();
    *ret = (float)((to->us - from->us) * 1e-3);
    return DRIVER_OK;
}
