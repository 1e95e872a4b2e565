/* What a program calls that was compiled with --default-stream per-thread: the same calls under
 * names with a suffix, for which stream 0 is the thread's own. */
#include "grader/vgpu/rt/rt.h"

#define LIST(...) __VA_ARGS__
#define OWN(name, suffix, parameters, arguments)                                                   \
    int name(LIST parameters);                                                                     \
    int name##suffix(LIST parameters);                                                             \
    int name##suffix(LIST parameters)                                                              \
    {                                                                                              \
        *rt_per_thread() = true;                                                                   \
        const int error = name(LIST arguments);                                                    \
        *rt_per_thread() = false;                                                                  \
        return error;                                                                              \
    }
#define STREAM(name, parameters, arguments)  OWN(name, _ptsz, parameters, arguments)
#define DEFAULT(name, parameters, arguments) OWN(name, _ptds, parameters, arguments)

DEFAULT(cudaMemcpy, (void *a, const void *b, size_t n, int k), (a, b, n, k))
DEFAULT(cudaMemcpy2D, (void *a, size_t p, const void *b, size_t q, size_t w, size_t h, int k),
        (a, p, b, q, w, h, k))
DEFAULT(cudaMemcpy3D, (const struct abi_memcpy3d *p), (p))
DEFAULT(cudaMemcpyToSymbol, (const void *a, const void *b, size_t n, size_t o, int k),
        (a, b, n, o, k))
DEFAULT(cudaMemcpyFromSymbol, (void *a, const void *b, size_t n, size_t o, int k), (a, b, n, o, k))
DEFAULT(cudaMemset, (void *a, int v, size_t n), (a, v, n))
DEFAULT(cudaMemset2D, (void *a, size_t p, int v, size_t w, size_t h), (a, p, v, w, h))
DEFAULT(cudaMemset3D, (struct abi_pitched a, int v, struct abi_extent e), (a, v, e))
STREAM(cudaMemcpyAsync, (void *a, const void *b, size_t n, int k, void *s), (a, b, n, k, s))
STREAM(cudaMemcpy2DAsync,
       (void *a, size_t p, const void *b, size_t q, size_t w, size_t h, int k, void *s),
       (a, p, b, q, w, h, k, s))
STREAM(cudaMemcpy3DAsync, (const struct abi_memcpy3d *p, void *s), (p, s))
STREAM(cudaMemcpyToSymbolAsync, (const void *a, const void *b, size_t n, size_t o, int k, void *s),
       (a, b, n, o, k, s))
STREAM(cudaMemcpyFromSymbolAsync, (void *a, const void *b, size_t n, size_t o, int k, void *s),
       (a, b, n, o, k, s))
STREAM(cudaMemsetAsync, (void *a, int v, size_t n, void *s), (a, v, n, s))
STREAM(cudaMemset2DAsync, (void *a, size_t p, int v, size_t w, size_t h, void *s),
       (a, p, v, w, h, s))
STREAM(cudaMemPrefetchAsync, (const void *a, size_t n, struct abi_location l, unsigned f, void *s),
       (a, n, l, f, s))
STREAM(cudaMallocAsync, (void **a, size_t n, void *s), (a, n, s))
STREAM(cudaMallocFromPoolAsync, (void **a, size_t n, void *p, void *s), (a, n, p, s))
STREAM(cudaFreeAsync, (void *a, void *s), (a, s))
STREAM(cudaStreamSynchronize, (void *s), (s))
STREAM(cudaStreamQuery, (void *s), (s))
STREAM(cudaStreamGetFlags, (void *s, unsigned *r), (s, r))
STREAM(cudaStreamGetPriority, (void *s, int *r), (s, r))
STREAM(cudaStreamGetDevice, (void *s, int *r), (s, r))
STREAM(cudaStreamGetId, (void *s, unsigned long long *r), (s, r))
STREAM(cudaStreamWaitEvent, (void *s, void *e, unsigned f), (s, e, f))
STREAM(cudaStreamAddCallback, (void *s, void (*f)(void *, int, void *), void *d, unsigned g),
       (s, f, d, g))
STREAM(cudaStreamAttachMemAsync, (void *s, void *a, size_t n, unsigned f), (s, a, n, f))
STREAM(cudaStreamBeginCapture, (void *s, int m), (s, m))
STREAM(cudaStreamEndCapture, (void *s, void **g), (s, g))
STREAM(cudaStreamIsCapturing, (void *s, int *r), (s, r))
STREAM(cudaStreamGetCaptureInfo,
       (void *s, int *t, unsigned long long *i, void **g, void *const **d, const void **e,
        size_t *n),
       (s, t, i, g, d, e, n))
STREAM(cudaEventRecord, (void *e, void *s), (e, s))
STREAM(cudaEventRecordWithFlags, (void *e, void *s, unsigned f), (e, s, f))
STREAM(cudaLaunchHostFunc, (void *s, void (*f)(void *), void *d), (s, f, d))
STREAM(cudaLaunchKernel,
       (const void *f, struct abi_dim3 g, struct abi_dim3 b, void **p, size_t n, void *s),
       (f, g, b, p, n, s))
STREAM(__cudaLaunchKernel,
       (void *f, struct abi_dim3 g, struct abi_dim3 b, void **p, size_t n, void *s),
       (f, g, b, p, n, s))
STREAM(cudaLaunchCooperativeKernel,
       (const void *f, struct abi_dim3 g, struct abi_dim3 b, void **p, size_t n, void *s),
       (f, g, b, p, n, s))
STREAM(cudaLaunchKernelExC, (const struct abi_launch_config *c, const void *f, void **p), (c, f, p))
STREAM(cudaGraphLaunch, (void *g, void *s), (g, s))
STREAM(cudaGraphUpload, (void *g, void *s), (g, s))
