#include "grader/vgpu/real/driver.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a person can do about an error; NULL: its name says all. */
static const char *remedy(int error)
{
    static const struct {
        int error;
        const char *text;
    } remedies[] = {
        {DRIVER_OUT_OF_MEMORY, "free memory on the device (nvidia-smi lists who holds it)"},
        {DRIVER_STUB_LIBRARY,
         "this is the CUDA toolkit's stub for linking: install NVIDIA's driver, and keep the stub "
         "out of LD_LIBRARY_PATH"},
        {DRIVER_DEVICE_UNAVAILABLE,
         "another process has the device for itself: wait for it, or let the administrator set "
         "the compute mode to default"},
        {DRIVER_NO_DEVICE,
         "no GPU is visible: see nvidia-smi -L, CUDA_VISIBLE_DEVICES, and whether /dev/nvidia0 "
         "may be opened (a MIG device needs its files in /dev/nvidia-caps, too)"},
        {DRIVER_NO_BINARY, "the PTX is for a newer device than this one"},
        {DRIVER_NO_COMPILER, "the driver's PTX compiler is missing: install all of the driver "
                             "(libnvidia-ptxjitcompiler.so.1)"},
        {DRIVER_PTX_VERSION, "the driver is older than the nvcc that made the PTX: update it"},
        {DRIVER_OPERATING_SYSTEM, "the kernel module does not answer: see dmesg, and the rights "
                                  "of /dev/nvidia*"},
        {DRIVER_SYSTEM_NOT_READY, "start nvidia-fabricmanager, or wait until it is up"},
        {DRIVER_MISMATCH, "library and kernel module are of different versions: boot again after "
                          "an update of the driver"},
        {DRIVER_COMPAT, "the forward-compatibility library does not know this device: use the "
                        "driver's own libcuda"},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].error == error)
            return remedies[i].text;
    return NULL;
}

static enum err_code kind_of(int error)
{
    switch (error) {
    case DRIVER_OK:
        return OK;
    case DRIVER_OUT_OF_MEMORY:
        return ERR_NOMEM;
    case DRIVER_INVALID_VALUE:
        return ERR_INVALID;
    case DRIVER_NO_DEVICE:
    case DRIVER_NOT_FOUND:
        return ERR_NOT_FOUND;
    case DRIVER_DEVICE_UNAVAILABLE:
    case DRIVER_NOT_READY:
        return ERR_BUSY;
    case DRIVER_INVALID_PTX:
        return ERR_FORMAT;
    case DRIVER_LAUNCH_TIMEOUT:
        return ERR_TIMEOUT;
    case DRIVER_STUB_LIBRARY:
    case DRIVER_NO_BINARY:
    case DRIVER_PTX_VERSION:
    case DRIVER_COMPAT:
        return ERR_UNSUPPORTED;
    default: /* the driver has hundreds, and new ones with each version */
        return ERR_IO;
    }
}

enum err_code driver_check(const struct driver *d, int error, struct err *why, const char *format,
                           ...)
{
    if (error == DRIVER_OK)
        return OK;
    char what[256];
    const char *name = NULL, *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (!d->error_name || d->error_name(error, &name) != DRIVER_OK || !name)
        name = "an error of the CUDA driver";
    if (!d->error_text || d->error_text(error, &text) != DRIVER_OK || !text)
        text = "without a text";
    const char *help = remedy(error);
    return err_set(why, kind_of(error), "%s: %s (%d): %s%s%s", what, name, error, text,
                   help ? "; " : "", help ? help : "");
}

/* dlsym gives an object pointer; POSIX wants it copied into a function pointer's bytes. */
static enum err_code find_symbol(void *library, const char *symbol, void *ret, struct err *why)
{
    void *found = dlsym(library, symbol);
    if (!found)
        return err_set(why, ERR_UNSUPPORTED, "the CUDA driver has no %s: update it", symbol);
    memcpy(ret, &found, sizeof found);
    return OK;
}

static enum err_code find_library(struct driver *d, const char *path, struct err *why)
{
    const char *name = path ? path : "libcuda.so.1";
    d->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (d->library)
        return OK;
    const char *reason = dlerror();
    return err_set(why, ERR_NOT_FOUND,
                   "no CUDA driver (%s): install NVIDIA's driver to grade on a real GPU; the "
                   "virtual one needs none",
                   reason ? reason : name);
}

static enum err_code check_version(struct driver *d, struct err *why)
{
    int (*version)(int *ret) = NULL;
    enum err_code rc = find_symbol(d->library, "cuDriverGetVersion", &version, why);
    if (rc == OK)
        rc = driver_check(d, version(&d->version), why, "asking the CUDA driver for its version");
    if (rc == OK && d->version < DRIVER_VERSION_MIN)
        return err_set(why, ERR_UNSUPPORTED,
                       "the CUDA driver is for CUDA %d.%d, and PTX ISA 9.0 needs %d.%d: update the "
                       "driver to 580 or newer",
                       d->version / 1000, d->version % 1000 / 10, DRIVER_VERSION_MIN / 1000,
                       DRIVER_VERSION_MIN % 1000 / 10);
    return rc;
}

static enum err_code find_symbols(struct driver *d, struct err *why)
{
    enum err_code rc = OK;
#define DRIVER(field, symbol, parameters)                                                          \
    if (rc == OK)                                                                                  \
        rc = find_symbol(d->library, symbol, &d->field, why);
#include "grader/vgpu/real/driver_call.def"
#undef DRIVER
    return rc;
}

/* Errors have names only once these two are there; a driver too old for the rest has them. */
static void find_names(struct driver *d)
{
    if (find_symbol(d->library, "cuGetErrorName", &d->error_name, NULL) != OK)
        d->error_name = NULL;
    if (find_symbol(d->library, "cuGetErrorString", &d->error_text, NULL) != OK)
        d->error_text = NULL;
}

static enum err_code start(struct driver *d, struct err *why)
{
    int (*init)(unsigned flags) = NULL;
    const enum err_code rc = find_symbol(d->library, "cuInit", &init, why);
    return rc == OK ? driver_check(d, init(0), why, "starting the CUDA driver") : rc;
}

static enum err_code ask_device(const struct driver *d, struct driver_device *v, struct err *why)
{
    const struct {
        int attribute, *to;
    } asked[] = {
        {DRIVER_MAJOR, &v->major}, {DRIVER_MINOR, &v->minor}, {DRIVER_COMPUTE_MODE, &v->mode}};
    size_t memory = 0;
    int error = d->device_get(&v->handle, v->ordinal);
    if (error == DRIVER_OK)
        error = d->device_name(v->name, sizeof v->name, v->handle);
    if (error == DRIVER_OK)
        error = d->device_bus(v->bus, sizeof v->bus, v->handle);
    if (error == DRIVER_OK)
        error = d->device_memory(&memory, v->handle);
    for (size_t i = 0; error == DRIVER_OK && i < sizeof asked / sizeof *asked; i++)
        error = d->device_attribute(asked[i].to, asked[i].attribute, v->handle);
    v->memory = memory;
    return driver_check(d, error, why, "asking device %d what it is", v->ordinal);
}

static enum err_code find_devices(struct driver *d, struct err *why)
{
    int n = 0;
    enum err_code rc = driver_check(d, d->device_count(&n), why, "counting devices");
    if (rc == OK && n <= 0)
        rc = driver_check(d, DRIVER_NO_DEVICE, why, "counting devices");
    d->n_devices = n < DRIVER_DEVICES ? n : DRIVER_DEVICES;
    for (int i = 0; rc == OK && i < d->n_devices; i++) {
        d->devices[i].ordinal = i;
        rc = ask_device(d, &d->devices[i], why);
    }
    return rc;
}

enum err_code driver_open(struct driver *ret, const char *path, struct err *why)
{
    struct driver d = {.library = NULL};
    enum err_code rc = find_library(&d, path, why);
    *ret = (struct driver){.library = NULL};
    if (rc != OK)
        return rc;
    find_names(&d);
    rc = check_version(&d, why);
    if (rc == OK)
        rc = start(&d, why);
    if (rc == OK)
        rc = find_symbols(&d, why);
    if (rc == OK)
        rc = find_devices(&d, why);
    if (rc == OK)
        *ret = d;
    else
        driver_close(&d);
    return rc;
}

void driver_close(struct driver *d)
{
    if (d->library)
        dlclose(d->library);
    *d = (struct driver){.library = NULL};
}

enum err_code driver_usable(const struct driver_device *v, struct err *why)
{
    if (v->mode == DRIVER_MODE_PROHIBITED)
        return err_set(why, ERR_DENIED,
                       "%s: its compute mode prohibits work: let the administrator set it to "
                       "default (nvidia-smi -c 0)",
                       v->name);
    if (v->major < 8)
        return err_set(why, ERR_UNSUPPORTED,
                       "%s: compute capability %d.%d, and PTX for sm_80 needs 8.0: use an Ampere "
                       "or newer device, or the virtual one",
                       v->name, v->major, v->minor);
    return OK;
}
