/* Opening and closing, modules, kernels, launches, and which handler answers what. */
#include "grader/vgpu/real/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grader/vgpu/real/inside.h"

int real_act(struct real *r, enum act act)
{
    r->account.calls++;
    r->account.blocking += (act_blocking() & ACT_BIT(act)) != 0;
    if (r->allowed & ACT_BIT(act))
        return CUDA_SUCCESS;
    r->account.refused++;
    if (r->account.forbidden == ACT_NONE)
        r->account.forbidden = act;
    return CUDA_NOT_PERMITTED;
}

/* From 700 on the driver's errors are of kernels and stay, but for those three that a call alone
 * gives: too many resources, and peer access that is on or off already. */
static bool is_sticky(int error)
{
    return error >= DRIVER_ILLEGAL_ADDRESS && error < CUDA_NOT_PERMITTED &&
           error != CUDA_OUT_OF_RESOURCES && error != CUDA_PEER_ENABLED &&
           error != CUDA_PEER_NOT_ENABLED && error != CUDA_COOPERATIVE_TOO_LARGE;
}

int real_refuse(struct real *r, int device, int error, const char *what)
{
    if (is_sticky(error)) {
        if (!r->fault[device])
            r->fault[device] = error;
        if (!r->account.fault)
            r->account.fault = error;
    }
    if (r->account.story[0] == '\0') {
        struct err why = {.text = ""};
        if (driver_check(r->d, error, &why, "%s", what) != OK)
            snprintf(r->account.story, sizeof r->account.story, "%s", why.text);
    }
    return error;
}

int real_use(struct real *r, int device)
{
    return r->d->context_use(r->contexts[device]);
}

const char *real_story(const struct real *r)
{
    return r->account.story;
}

unsigned char *real_window(struct real *r)
{
    return r->window;
}

int real_window_fd(const struct real *r)
{
    return r->window_fd;
}

/* ---- modules and kernels ---- */

static int real_HELLO(const struct real_call *c)
{
    if (c->q->arg[0] != WIRE_VERSION)
        return CUDA_INVALID_VALUE;
    c->reply->ret[0] = (uint64_t)c->r->config.n_devices;
    memcpy(c->room, &c->r->properties, sizeof c->r->properties);
    c->reply->bytes = sizeof c->r->properties;
    return CUDA_SUCCESS;
}

static int real_UPLOAD(const struct real_call *c)
{
    if (c->q->arg[0] > WIRE_WINDOW)
        return CUDA_INVALID_VALUE;
    str_add_bytes(&c->r->upload, c->r->window, c->q->arg[0]);
    if (!c->r->upload.cut)
        return CUDA_SUCCESS;
    str_clear(&c->r->upload);
    return CUDA_INVALID_PTX;
}

/* What the driver's compiler has to say becomes the story. */
static int load_text(struct real *r, int device, const char *text, driver_module *ret)
{
    char log[1024] = "", what[sizeof log + 32];
    int options[] = {DRIVER_JIT_ERROR_LOG, DRIVER_JIT_ERROR_BYTES};
    void *values[] = {log, (void *)(uintptr_t)sizeof log}; /* numbers travel as pointers */
    const int error = r->d->module_load(ret, text, 2, options, values);
    if (error == CUDA_SUCCESS)
        return error;
    log[sizeof log - 1] = '\0';
    snprintf(what, sizeof what, "compiling PTX: %.400s", log);
    for (char *p = what; *p; p++)
        if (*p == '\n')
            *p = ' ';
    return real_refuse(r, device, error, what);
}

static int load_on(struct real *r, uint64_t module, int device)
{
    struct real_module *m = &r->modules[module];
    return m->on[device] ? CUDA_SUCCESS : load_text(r, device, m->text, &m->on[device]);
}

static int real_MODULE(const struct real_call *c)
{
    struct real *r = c->r;
    if (r->n_modules == REAL_MODULES)
        return CUDA_INVALID_PTX;
    struct real_module *m = &r->modules[r->n_modules];
    *m = (struct real_module){.text = strndup(r->upload.text, r->upload.length)};
    str_clear(&r->upload);
    if (!m->text)
        return CUDA_MEMORY_ALLOCATION;
    const int error = load_on(r, r->n_modules, (int)c->q->device);
    if (error != CUDA_SUCCESS) {
        free(m->text);
        return error;
    }
    c->reply->ret[0] = r->n_modules++;
    return CUDA_SUCCESS;
}

static int real_REGISTERS(const struct real_call *c)
{
    (void)c;
    return CUDA_SUCCESS; /* the driver's compiler knows them */
}

static bool name_of(const struct real_call *c, char ret[WIRE_NAME])
{
    if (c->bytes == 0 || c->bytes >= WIRE_NAME || memchr(c->payload, '\0', c->bytes) ||
        c->q->arg[0] >= c->r->n_modules)
        return false;
    memcpy(ret, c->payload, c->bytes);
    ret[c->bytes] = '\0';
    return true;
}

static int kernel_on(struct real *r, uint64_t number, int device, struct real_kernel **ret)
{
    if (number >= r->n_kernels)
        return CUDA_INVALID_DEVICE_FUNCTION;
    struct real_kernel *k = &r->kernels[number];
    *ret = k;
    if (k->on[device])
        return CUDA_SUCCESS;
    int error = load_on(r, k->module, device);
    if (error == CUDA_SUCCESS)
        error = r->d->module_function(&k->on[device], r->modules[k->module].on[device], k->name);
    return error == DRIVER_NOT_FOUND ? CUDA_INVALID_DEVICE_FUNCTION : error;
}

/* The driver says where the parameters lie; asking for one too many is how they end. */
static int read_params(struct real *r, struct real_kernel *k, driver_function f)
{
    size_t offset, bytes;
    k->params = calloc(REAL_PARAMS, sizeof *k->params);
    if (!k->params)
        return CUDA_MEMORY_ALLOCATION;
    while (r->d->function_param(f, k->n_params, &offset, &bytes) == DRIVER_OK) {
        if (k->n_params == REAL_PARAMS || offset + bytes > WIRE_PAYLOAD)
            return CUDA_INVALID_DEVICE_FUNCTION;
        k->params[k->n_params++] = (struct wire_param){(uint32_t)offset, (uint32_t)bytes};
        k->param_bytes = (uint32_t)(offset + bytes);
    }
    return CUDA_SUCCESS;
}

static void drop_kernel(struct real_kernel *k)
{
    free(k->name);
    free(k->params);
    *k = (struct real_kernel){.name = NULL};
}

static int real_KERNEL(const struct real_call *c)
{
    struct real *r = c->r;
    char name[WIRE_NAME];
    if (!name_of(c, name) || r->n_kernels == REAL_KERNELS)
        return CUDA_INVALID_DEVICE_FUNCTION;
    struct real_kernel *k = &r->kernels[r->n_kernels];
    *k = (struct real_kernel){.module = (uint32_t)c->q->arg[0], .name = strdup(name)};
    if (!k->name)
        return CUDA_MEMORY_ALLOCATION;
    const uint64_t number = r->n_kernels++;
    int error = kernel_on(r, number, (int)c->q->device, &k);
    if (error == CUDA_SUCCESS)
        error = read_params(r, k, k->on[c->q->device]);
    if (error != CUDA_SUCCESS) {
        r->n_kernels--;
        drop_kernel(k);
        return error;
    }
    c->reply->ret[0] = number;
    c->reply->ret[1] = k->n_params;
    c->reply->ret[2] = k->param_bytes;
    c->reply->bytes = (uint32_t)(k->n_params * sizeof *k->params);
    memcpy(c->room, k->params, c->reply->bytes);
    return CUDA_SUCCESS;
}

static int real_KERNEL_INFO(const struct real_call *c)
{
    static const int asked[] = {DRIVER_F_REGISTERS, DRIVER_F_SHARED,  DRIVER_F_LOCAL,
                                DRIVER_F_THREADS,   DRIVER_F_DYNAMIC, DRIVER_F_PTX};
    struct real_kernel *k;
    int error = kernel_on(c->r, c->q->arg[0], (int)c->q->device, &k);
    for (size_t i = 0; error == CUDA_SUCCESS && i < sizeof asked / sizeof *asked; i++) {
        int value = 0;
        error = c->r->d->function_get(&value, asked[i], k->on[c->q->device]);
        c->reply->ret[i] = (uint64_t)value;
    }
    return error;
}

static int real_KERNEL_SET(const struct real_call *c)
{
    struct real_kernel *k;
    int error = kernel_on(c->r, c->q->arg[0], (int)c->q->device, &k);
    if (error == CUDA_SUCCESS)
        error = real_act(c->r, ACT_FUNC_ATTRIBUTE);
    if (error == CUDA_SUCCESS && c->q->arg[1] > INT32_MAX)
        error = CUDA_INVALID_VALUE;
    if (error != CUDA_SUCCESS)
        return error;
    return c->r->d->function_set(k->on[c->q->device], DRIVER_F_DYNAMIC, (int)c->q->arg[1]);
}

static int real_OCCUPANCY(const struct real_call *c)
{
    struct real_kernel *k;
    int blocks = 0, error = kernel_on(c->r, c->q->arg[0], (int)c->q->device, &k);
    if (error == CUDA_SUCCESS && (c->q->arg[1] == 0 || c->q->arg[1] > INT32_MAX))
        error = CUDA_INVALID_VALUE;
    if (error == CUDA_SUCCESS)
        error = c->r->d->occupancy(&blocks, k->on[c->q->device], (int)c->q->arg[1], c->q->arg[2]);
    c->reply->ret[0] = (uint64_t)blocks;
    return error;
}

/* A variable's place becomes a range, so that copies may reach it. */
static int real_VARIABLE(const struct real_call *c)
{
    struct real *r = c->r;
    char name[WIRE_NAME];
    driver_address at = 0;
    size_t bytes = 0;
    if (!name_of(c, name))
        return CUDA_INVALID_SYMBOL;
    const int device = (int)c->q->device;
    int error = load_on(r, c->q->arg[0], device);
    if (error == CUDA_SUCCESS)
        error = r->d->module_variable(&at, &bytes, r->modules[c->q->arg[0]].on[device], name);
    if (error != CUDA_SUCCESS)
        return error == DRIVER_NOT_FOUND ? CUDA_INVALID_SYMBOL : error;
    if (!real_find(r, at, bytes) && r->n_ranges == REAL_RANGES)
        return CUDA_MEMORY_ALLOCATION;
    if (!real_find(r, at, bytes))
        r->ranges[r->n_ranges++] = (struct real_range){at, bytes, device, true};
    c->reply->ret[0] = at;
    c->reply->ret[1] = bytes;
    return CUDA_SUCCESS;
}

/* ---- launches ---- */

static int count_launch(struct real *r)
{
    return ++r->account.launches == r->account.fail_launch ? CUDA_OUT_OF_RESOURCES : CUDA_SUCCESS;
}

static int launch(const struct real_call *c, driver_function f, driver_stream s, void **params)
{
    const uint64_t *q = c->q->arg;
    const unsigned g[] = {(unsigned)q[1], (unsigned)(q[1] >> 32), (unsigned)q[2]};
    const unsigned b[] = {(unsigned)(q[2] >> 32), (unsigned)q[3], (unsigned)(q[3] >> 32)};
    const struct driver *d = c->r->d;
    if (c->q->flags & WIRE_COOPERATIVE)
        return d->launch_cooperative(f, g[0], g[1], g[2], b[0], b[1], b[2], (unsigned)q[4], s,
                                     params);
    return d->launch(f, g[0], g[1], g[2], b[0], b[1], b[2], (unsigned)q[4], s, params, NULL);
}

static int real_LAUNCH(const struct real_call *c)
{
    struct real *r = c->r;
    struct real_kernel *k;
    void *params[REAL_PARAMS];
    _Alignas(16) unsigned char bytes[WIRE_PAYLOAD];
    driver_stream s;
    const int device = (int)c->q->device;
    if (!real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    int error = kernel_on(r, c->q->arg[0], device, &k);
    if (error == CUDA_SUCCESS)
        error = real_act(r, c->q->flags & WIRE_COOPERATIVE ? ACT_COOPERATIVE : ACT_LAUNCH);
    if (error == CUDA_SUCCESS && (c->bytes != k->param_bytes || c->q->arg[4] > UINT32_MAX))
        error = CUDA_INVALID_VALUE;
    if (error == CUDA_SUCCESS)
        error = count_launch(r);
    if (error != CUDA_SUCCESS)
        return error;
    memcpy(bytes, c->payload, c->bytes);
    for (uint32_t i = 0; i < k->n_params; i++)
        params[i] = bytes + k->params[i].offset;
    error = launch(c, k->on[device], s, params);
    return error ? real_refuse(r, device, error, "launching a kernel") : CUDA_SUCCESS;
}

static int real_PEER(const struct real_call *c)
{
    struct real *r = c->r;
    const uint64_t peer = c->q->arg[0];
    int can = 0;
    if (peer >= (uint64_t)r->config.n_devices || peer == c->q->device)
        return CUDA_INVALID_DEVICE;
    int error = real_act(r, ACT_PEER);
    if (error == CUDA_SUCCESS)
        error = r->d->peer_can(&can, r->handles[c->q->device], r->handles[peer]);
    if (error == CUDA_SUCCESS && !can)
        error = REAL_NOT_SUPPORTED;
    if (error != CUDA_SUCCESS)
        return error;
    return c->q->arg[1] ? r->d->peer_on(r->contexts[peer], 0) : r->d->peer_off(r->contexts[peer]);
}

static int real_OUTPUT(const struct real_call *c)
{
    (void)c;
    return CUDA_SUCCESS; /* nothing: the driver prints on standard output */
}

/* ---- one request ---- */

static real_handler *const handlers[WIRE_CALLS] = {
#define H(name) [WIRE_##name] = real_##name
    H(HELLO),      H(UPLOAD),       H(MODULE),       H(REGISTERS),   H(KERNEL),      H(KERNEL_INFO),
    H(KERNEL_SET), H(OCCUPANCY),    H(VARIABLE),     H(MALLOC),      H(FREE),        H(INFO),
    H(POINTER),    H(COPY_IN),      H(COPY_OUT),     H(COPY_DATA),   H(COPY),        H(FILL),
    H(STREAM_NEW), H(STREAM_FREE),  H(STREAM_QUERY), H(STREAM_SYNC), H(DEVICE_SYNC), H(EVENT_NEW),
    H(EVENT_FREE), H(EVENT_RECORD), H(EVENT_WAIT),   H(EVENT_QUERY), H(EVENT_SYNC),  H(EVENT_TIME),
    H(LAUNCH),     H(PEER),         H(OUTPUT),
#undef H
};

static int refuse_form(struct real *r, const struct wire_request *q, size_t bytes)
{
    if (q->call >= WIRE_CALLS || q->bytes != bytes || bytes > WIRE_PAYLOAD)
        return CUDA_INVALID_VALUE;
    if (q->device >= (uint32_t)r->config.n_devices)
        return CUDA_INVALID_DEVICE;
    if (!handlers[q->call])
        return REAL_NOT_SUPPORTED; /* memory shared with the host, host functions, reset */
    if (r->fault[q->device] && q->call != WIRE_HELLO && q->call != WIRE_OUTPUT)
        return r->fault[q->device];
    if (q->call != WIRE_COPY_DATA)
        r->copy = (struct machine_copy){.inward = false};
    const int error = q->device == 0 ? CUDA_SUCCESS : real_act(r, ACT_OTHER_DEVICE);
    return error ? error : real_use(r, (int)q->device);
}

void real_answer(void *context, const struct wire_request *q, const void *payload, size_t bytes,
                 struct wire_reply *ret, void *payload_room)
{
    struct real *r = context;
    const struct real_call c = {r, q, payload, bytes, ret, payload_room};
    *ret = (struct wire_reply){.error = 0};
    ret->error = refuse_form(r, q, bytes);
    if (ret->error == CUDA_SUCCESS)
        ret->error = handlers[q->call](&c);
    if (ret->error == CUDA_SUCCESS || ret->error == CUDA_NOT_READY)
        return;
    ret->bytes = 0;
    if (is_sticky(ret->error) && q->call < WIRE_CALLS && q->device < DRIVER_DEVICES)
        real_refuse(r, (int)q->device, ret->error, "an earlier kernel");
}

void real_run(void *context)
{
    (void)context; /* a real device works by itself */
}

/* ---- opening and closing ---- */

static enum err_code make_window(struct real *r, struct err *why)
{
    if (r->window_fd < 0) {
        r->window_fd = memfd_create("vgpu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (r->window_fd < 0 || ftruncate(r->window_fd, WIRE_WINDOW) != 0)
            return err_set(why, ERR_NOMEM, "no memory for the window");
    }
    r->window = mmap(NULL, WIRE_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, r->window_fd, 0);
    if (r->window != MAP_FAILED)
        return OK;
    r->window = NULL;
    return err_set(why, ERR_NOMEM, "no memory for the window");
}

static enum err_code open_device(struct real *r, int device, struct err *why)
{
    const struct driver *d = r->d;
    const struct driver_device *v = &d->devices[r->config.ordinals[device]];
    r->handles[device] = v->handle;
    int error = d->context_get(&r->contexts[device], v->handle);
    if (error == CUDA_SUCCESS)
        error = real_use(r, device);
    if (error == CUDA_SUCCESS)
        error = d->event_new(&r->begin[device], 0);
    if (error == CUDA_SUCCESS)
        error = d->event_new(&r->end[device], 0);
    return driver_check(d, error, why, "taking %s", v->name);
}

static enum err_code read_properties(struct real *r, struct err *why)
{
    struct wire_device *p = &r->properties;
    const struct driver_device *v = &r->d->devices[r->config.ordinals[0]];
    uint32_t threads = 0;
    const struct {
        int attribute;
        uint32_t *to;
    } asked[] = {{DRIVER_SMS, &p->sms},
                 {DRIVER_CLOCK_KHZ, &p->mhz},
                 {DRIVER_MEMORY_KHZ, &p->memory_mhz},
                 {DRIVER_BUS_BITS, &p->bus_bits},
                 {DRIVER_SHARED_SM, &p->shared_sm},
                 {DRIVER_SHARED_BLOCK, &p->shared_block},
                 {DRIVER_SHARED_OPTIN, &p->shared_optin},
                 {DRIVER_SHARED_RESERVED, &p->shared_reserved},
                 {DRIVER_REGISTERS_SM, &p->registers},
                 {DRIVER_L2, &p->l2},
                 {DRIVER_BLOCKS_SM, &p->blocks},
                 {DRIVER_THREADS_SM, &threads}};
    int error = CUDA_SUCCESS, value = 0;
    for (size_t i = 0; error == CUDA_SUCCESS && i < sizeof asked / sizeof *asked; i++) {
        error = r->d->device_attribute(&value, asked[i].attribute, v->handle);
        *asked[i].to = (uint32_t)value;
    }
    snprintf(p->name, sizeof p->name, "%s", v->name);
    p->memory = v->memory;
    p->major = (uint32_t)v->major;
    p->minor = (uint32_t)v->minor;
    p->mhz /= 1000;
    p->memory_mhz /= 1000;
    p->warps = threads / 32;
    return driver_check(r->d, error, why, "asking %s for its properties", v->name);
}

enum err_code real_open(struct real **ret, const struct driver *driver,
                        const struct real_config *config, struct err *why)
{
    struct real *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(why, ERR_NOMEM, "no memory for the device server");
    r->d = driver;
    r->config = *config;
    r->window_fd = config->memory_fd;
    r->allowed = r->setup = config->allowed;
    r->account.forbidden = ACT_NONE;
    str_init(&r->upload, REAL_PTX_MAX);
    enum err_code rc = make_window(r, why);
    for (int d = 0; rc == OK && d < config->n_devices; d++)
        rc = open_device(r, d, why);
    if (rc == OK)
        rc = read_properties(r, why);
    if (rc != OK) {
        real_close(r);
        return rc;
    }
    *ret = r;
    return OK;
}

static void close_device(struct real *r, int device)
{
    const struct driver *d = r->d;
    if (!r->contexts[device])
        return;
    if (real_use(r, device) == CUDA_SUCCESS) {
        for (size_t i = 0; i < r->n_modules; i++)
            if (r->modules[i].on[device])
                d->module_free(r->modules[i].on[device]);
        if (r->begin[device])
            d->event_free(r->begin[device]);
        if (r->end[device])
            d->event_free(r->end[device]);
    }
    d->context_use(NULL);
    d->context_put(r->handles[device]); /* which frees what is left, whatever went wrong */
}

static void free_all(struct real *r)
{
    for (size_t i = r->n_ranges; i-- > 0;) /* backwards: the last one takes the place of one gone */
        if (!r->ranges[i].variable && real_release(r, r->ranges[i].address) != CUDA_SUCCESS)
            continue; /* after a sticky error; the context takes the memory with it */
    for (size_t i = 1; i < REAL_STREAMS; i++)
        if (r->streams[i].used)
            r->d->stream_free(r->streams[i].handle);
    for (size_t i = 1; i < REAL_EVENTS; i++)
        if (r->events[i].handle)
            r->d->event_free(r->events[i].handle);
}

void real_close(struct real *r)
{
    if (!r)
        return;
    free_all(r);
    for (int d = 0; d < r->config.n_devices; d++)
        close_device(r, d);
    for (size_t i = 0; i < r->n_kernels; i++)
        drop_kernel(&r->kernels[i]);
    for (size_t i = 0; i < r->n_modules; i++)
        free(r->modules[i].text);
    owners_free(r->owners);
    str_done(&r->upload);
    if (r->window)
        munmap(r->window, WIRE_WINDOW);
    if (r->window_fd >= 0)
        close(r->window_fd);
    free(r);
}
