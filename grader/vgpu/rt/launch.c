/* Launches, and what programs ask of kernels. */
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/rt/rt.h"

/* What <<<...>>> leaves for the stub that follows. */
static _Thread_local struct configuration {
    struct abi_dim3 grid, block;
    size_t shared;
    void *stream;
} pushed[8];
static _Thread_local unsigned n_pushed;

unsigned __cudaPushCallConfiguration(struct abi_dim3 grid, struct abi_dim3 block, size_t shared,
                                     void *stream)
{
    if (n_pushed == sizeof pushed / sizeof *pushed)
        return 1; /* not 0: the stub is not called */
    pushed[n_pushed++] = (struct configuration){grid, block, shared, stream};
    return 0;
}

int __cudaPopCallConfiguration(struct abi_dim3 *grid, struct abi_dim3 *block, size_t *shared,
                               void *stream)
{
    if (n_pushed == 0)
        return 52; /* cudaErrorMissingConfiguration */
    const struct configuration *c = &pushed[--n_pushed];
    *grid = c->grid;
    *block = c->block;
    *shared = c->shared;
    memcpy(stream, &c->stream, sizeof c->stream);
    return RT_OK;
}

static uint64_t pair(unsigned low, unsigned high)
{
    return low | (uint64_t)high << 32;
}

int rt_launch_work(struct rt_work *w, const void *func, struct abi_dim3 grid, struct abi_dim3 block,
                   void **params, size_t shared, bool cooperative)
{
    memset(w, 0, sizeof *w);
    struct rt_function *f = rt_function_of(func);
    if (!f)
        return RT_INVALID_FUNCTION;
    const int error = rt_function_load(f);
    if (error != RT_OK)
        return error;
    const struct wire_param *p;
    size_t bytes;
    const size_t n = rt_function_params(f, &p, &bytes);
    unsigned char *block_of_params = calloc(bytes ? bytes : 1, 1);
    if (!block_of_params || bytes > WIRE_PAYLOAD) {
        free(block_of_params);
        return RT_MEMORY;
    }
    for (size_t i = 0; i < n && params; i++)
        if (p[i].offset <= bytes && p[i].bytes <= bytes - p[i].offset)
            memcpy(block_of_params + p[i].offset, params[i], p[i].bytes);
    w->function = f;
    w->payload = block_of_params;
    w->q = (struct wire_request){.call = WIRE_LAUNCH,
                                 .flags = cooperative ? WIRE_COOPERATIVE : 0,
                                 .device = (uint32_t)*rt_current_device(),
                                 .bytes = (uint32_t)bytes,
                                 .arg = {rt_function_id(f), pair(grid.x, grid.y),
                                         pair(grid.z, block.x), pair(block.y, block.z), shared}};
    return RT_OK;
}

static int launch(const void *func, struct abi_dim3 grid, struct abi_dim3 block, void **params,
                  size_t shared, void *stream, bool cooperative)
{
    struct rt_work w;
    int error = rt_launch_work(&w, func, grid, block, params, shared, cooperative);
    if (error == RT_OK)
        error = rt_enqueue(stream, &w);
    free(w.payload);
    return rt_done(error);
}

int cudaLaunchKernel(const void *func, struct abi_dim3 grid, struct abi_dim3 block, void **params,
                     size_t shared, void *stream)
{
    return launch(func, grid, block, params, shared, stream, false);
}

int __cudaLaunchKernel(void *kernel, struct abi_dim3 grid, struct abi_dim3 block, void **params,
                       size_t shared, void *stream)
{
    return launch(kernel, grid, block, params, shared, stream, false);
}

int cudaLaunchCooperativeKernel(const void *func, struct abi_dim3 grid, struct abi_dim3 block,
                                void **params, size_t shared, void *stream)
{
    return launch(func, grid, block, params, shared, stream, true);
}

int cudaLaunchKernelExC(const struct abi_launch_config *c, const void *func, void **params)
{
    bool cooperative = false;
    if (!c)
        return rt_done(RT_INVALID_VALUE);
    for (unsigned i = 0; i < c->n_attributes; i++) {
        const struct abi_launch_attribute *a = &c->attributes[i];
        if (a->id == ABI_COOPERATIVE)
            cooperative = a->value.cooperative != 0;
        if (a->id != ABI_CLUSTER && a->id != ABI_PREFERRED_CLUSTER)
            continue; /* hints that change no result */
        if (a->value.cluster.x * a->value.cluster.y * a->value.cluster.z > 1) {
            rt_say("clusters are not supported");
            return rt_done(RT_NOT_SUPPORTED);
        }
    }
    return launch(func, c->grid, c->block, params, c->dynamic_shared, c->stream, cooperative);
}

int __cudaGetKernel(void **ret, const void *func)
{
    struct rt_function *f = rt_function_of(func);
    if (!f)
        return rt_done(RT_INVALID_FUNCTION);
    *ret = f;
    return RT_OK;
}

int cudaGetKernel(void **ret, const void *func)
{
    return __cudaGetKernel(ret, func);
}

int cudaGetFuncBySymbol(void **ret, const void *func)
{
    return __cudaGetKernel(ret, func);
}

/* ---- questions ---- */

static int ask_kernel(const void *func, struct wire_request *q, struct wire_reply *r)
{
    struct rt_function *f = rt_function_of(func);
    if (!f)
        return RT_INVALID_FUNCTION;
    const int error = rt_function_load(f);
    if (error != RT_OK)
        return error;
    q->device = (uint32_t)*rt_current_device();
    q->arg[0] = rt_function_id(f);
    return rt_ask(q, NULL, r, NULL);
}

int cudaFuncGetAttributes(struct abi_func_attributes *ret, const void *func)
{
    struct wire_request q = {.call = WIRE_KERNEL_INFO};
    struct wire_reply r;
    const int error = ask_kernel(func, &q, &r);
    if (error != RT_OK)
        return rt_done(error);
    memset(ret, 0, sizeof *ret);
    ret->registers = (int)r.ret[0];
    ret->shared_bytes = r.ret[1];
    ret->local_bytes = r.ret[2];
    ret->max_threads_per_block = (int)r.ret[3];
    ret->max_dynamic_shared_bytes = (int)r.ret[4];
    ret->ptx_version = (int)r.ret[5];
    ret->binary_version = (int)(10 * rt_profile()->major + rt_profile()->minor);
    ret->preferred_carveout = -1;
    return RT_OK;
}

enum { MAX_DYNAMIC_SHARED = 8, PREFERRED_CARVEOUT = 9 };

int cudaFuncSetAttribute(const void *func, int attribute, int value)
{
    struct wire_request q = {.call = WIRE_KERNEL_SET, .arg[1] = (uint64_t)(int64_t)value};
    struct wire_reply r;
    if (attribute == PREFERRED_CARVEOUT)
        return rt_done(rt_function_of(func) ? RT_OK : RT_INVALID_FUNCTION);
    if (attribute != MAX_DYNAMIC_SHARED)
        return rt_done(RT_NOT_SUPPORTED);
    return rt_done(ask_kernel(func, &q, &r));
}

int cudaFuncSetCacheConfig(const void *func, int config)
{
    (void)config;
    return rt_done(rt_function_of(func) ? RT_OK : RT_INVALID_FUNCTION);
}

int cudaFuncGetName(const char **ret, const void *func)
{
    const struct rt_function *f = rt_function_of(func);
    if (!f)
        return rt_done(RT_INVALID_FUNCTION);
    *ret = rt_function_name(f);
    return RT_OK;
}

int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *ret, const void *func, int threads,
                                                           size_t shared, unsigned flags)
{
    (void)flags;
    if (!ret || threads <= 0)
        return rt_done(RT_INVALID_VALUE);
    struct wire_request q = {.call = WIRE_OCCUPANCY, .arg = {0, (uint64_t)threads, shared}};
    struct wire_reply r;
    const int error = ask_kernel(func, &q, &r);
    if (error == RT_OK)
        *ret = (int)r.ret[0];
    return rt_done(error);
}

int cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *ret, const void *func, int threads,
                                                  size_t shared)
{
    return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(ret, func, threads, shared, 0);
}

int cudaOccupancyAvailableDynamicSMemPerBlock(size_t *ret, const void *func, int blocks,
                                              int threads)
{
    if (!ret || blocks <= 0 || threads <= 0)
        return rt_done(RT_INVALID_VALUE);
    struct wire_request q = {.call = WIRE_KERNEL_INFO};
    struct wire_reply r;
    const int error = ask_kernel(func, &q, &r);
    if (error != RT_OK)
        return rt_done(error);
    const struct wire_device *d = rt_profile();
    const size_t share = d->shared_sm / (unsigned)blocks / 128 * 128;
    const size_t taken = r.ret[1] + d->shared_reserved;
    const size_t left = share > taken ? share - taken : 0;
    *ret = left < d->shared_optin ? left : d->shared_optin;
    return RT_OK;
}
