// The runtime library: every group of calls, what they do and which errors they give.
#include <algorithm>
#include <numeric>

#include "conformance.h"

enum { DEVICES = 8 };

__device__ static int variable = 3;
__constant__ static int constant[4];

static __global__ void add_to(int *x, int n, int by)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        x[i] += by;
}
static __global__ void read_symbols(int *out)
{
    out[threadIdx.x] = variable * 100 + constant[threadIdx.x % 4];
}
static __global__ void at_offset(char *p, int offset)
{
    *(int *)(p + offset) = 1;
}
static __global__ void work(int *x, int turns)
{
    int v = x[threadIdx.x];
    for (int i = 0; i < turns; i++)
        v = v * 3 + i;
    x[threadIdx.x] = v;
}

static std::vector<int> counted(int n)
{
    std::vector<int> x(n);
    std::iota(x.begin(), x.end(), 0);
    return x;
}

// ---- devices ----

static void device_queries()
{
    int n = 0, current = -1, value = 0, runtime = 0, driver = 0;
    CHECK(cudaGetDeviceCount(&n));
    EXPECT(n == DEVICES);
    CHECK(cudaSetDevice(5));
    CHECK(cudaGetDevice(&current));
    EXPECT(current == 5);
    CHECK(cudaSetDevice(0));
    EXPECT(cudaSetDevice(DEVICES) == cudaErrorInvalidDevice);
    EXPECT(cudaGetLastError() == cudaErrorInvalidDevice);
    CHECK(cudaRuntimeGetVersion(&runtime));
    CHECK(cudaDriverGetVersion(&driver));
    EXPECT(runtime == CUDART_VERSION && driver >= runtime);
    const struct {
        cudaDeviceAttr attribute;
        int value;
    } facts[] = {{cudaDevAttrWarpSize, 32},
                 {cudaDevAttrMaxThreadsPerBlock, 1024},
                 {cudaDevAttrMaxBlockDimX, 1024},
                 {cudaDevAttrMaxBlockDimZ, 64},
                 {cudaDevAttrMaxGridDimY, 65535},
                 {cudaDevAttrComputeCapabilityMajor, 8},
                 {cudaDevAttrComputeCapabilityMinor, 0},
                 {cudaDevAttrMaxSharedMemoryPerBlock, 48 << 10},
                 {cudaDevAttrMaxRegistersPerBlock, 65536},
                 {cudaDevAttrCooperativeLaunch, 1},
                 {cudaDevAttrUnifiedAddressing, 1},
                 {cudaDevAttrManagedMemory, 1}};
    for (const auto &fact : facts) {
        CHECK(cudaDeviceGetAttribute(&value, fact.attribute, 1));
        EXPECT(value == fact.value);
    }
    cudaDeviceProp p;
    CHECK(cudaGetDeviceProperties(&p, 7));
    EXPECT(p.name[0] && p.maxThreadsPerMultiProcessor == 2048 && p.memoryBusWidth > 0 && p.l2CacheSize > 0);
    EXPECT(cudaGetDeviceProperties(&p, -1) == cudaErrorInvalidDevice);
    cudaGetLastError();
}

static void device_limits()
{
    size_t bytes = 0;
    CHECK(cudaDeviceGetLimit(&bytes, cudaLimitMallocHeapSize));
    EXPECT(bytes == (size_t)8 << 20);
    CHECK(cudaDeviceGetLimit(&bytes, cudaLimitPrintfFifoSize));
    EXPECT(bytes > 0);
    CHECK(cudaDeviceGetLimit(&bytes, cudaLimitStackSize));
    EXPECT(bytes >= 1024);
    cudaFuncCache cache;
    CHECK(cudaDeviceSetCacheConfig(cudaFuncCachePreferShared));
    CHECK(cudaDeviceGetCacheConfig(&cache));
    unsigned flags;
    CHECK(cudaGetDeviceFlags(&flags));
}

static void eight_devices()
{
    const int n = 1000;
    int *x[DEVICES];
    cudaStream_t s[DEVICES];
    for (int d = 0; d < DEVICES; d++) {
        CHECK(cudaSetDevice(d));
        CHECK(cudaStreamCreate(&s[d]));
        CHECK(cudaMalloc(&x[d], n * sizeof(int)));
        CHECK(cudaMemsetAsync(x[d], 0, n * sizeof(int), s[d]));
        add_to<<<4, 256, 0, s[d]>>>(x[d], n, 1 << d);
    }
    for (int d = 1; d < DEVICES; d++) { // all sums come to device 0, a link each
        CHECK(cudaStreamSynchronize(s[d]));
        CHECK(cudaSetDevice(0));
        int *copy;
        CHECK(cudaMalloc(&copy, n * sizeof(int)));
        CHECK(cudaMemcpyPeerAsync(copy, 0, x[d], d, n * sizeof(int), s[0]));
        std::vector<int> got(n);
        CHECK(cudaMemcpyAsync(got.data(), copy, n * sizeof(int), cudaMemcpyDeviceToHost, s[0]));
        CHECK(cudaStreamSynchronize(s[0]));
        EXPECT(got[0] == 1 << d && got[n - 1] == 1 << d);
        CHECK(cudaFree(copy));
    }
    cudaPointerAttributes a;
    CHECK(cudaPointerGetAttributes(&a, x[6]));
    EXPECT(a.type == cudaMemoryTypeDevice && a.device == 6);
    for (int d = 0; d < DEVICES; d++) {
        CHECK(cudaSetDevice(d));
        CHECK(cudaFree(x[d]));
        CHECK(cudaStreamDestroy(s[d]));
    }
    CHECK(cudaSetDevice(0));
}

static void peer_access()
{
    int can = 0, *x;
    CHECK(cudaDeviceCanAccessPeer(&can, 2, 3));
    EXPECT(can == 1);
    CHECK(cudaDeviceCanAccessPeer(&can, 2, 2));
    EXPECT(can == 0);
    CHECK(cudaSetDevice(3));
    CHECK(cudaMalloc(&x, 4));
    CHECK(cudaMemset(x, 0, 4));
    CHECK(cudaSetDevice(2));
    EXPECT(cudaDeviceDisablePeerAccess(3) == cudaErrorPeerAccessNotEnabled);
    CHECK(cudaDeviceEnablePeerAccess(3, 0));
    EXPECT(cudaDeviceEnablePeerAccess(3, 0) == cudaErrorPeerAccessAlreadyEnabled);
    cudaGetLastError();
    add_to<<<1, 1>>>(x, 1, 42);
    CHECK(cudaDeviceSynchronize());
    int got = 0;
    CHECK(cudaMemcpy(&got, x, 4, cudaMemcpyDefault));
    EXPECT(got == 42);
    CHECK(cudaDeviceDisablePeerAccess(3));
    CHECK(cudaFree(x));
    CHECK(cudaSetDevice(0));
}

// ---- memory ----

static void allocations()
{
    void *p = (void *)1, *q;
    size_t before, total, after;
    CHECK(cudaMemGetInfo(&before, &total));
    CHECK(cudaMalloc(&p, 0));
    EXPECT(p == nullptr);
    CHECK(cudaFree(nullptr));
    CHECK(cudaMalloc(&p, 10 << 20));
    CHECK(cudaMalloc(&q, 1));
    EXPECT((size_t)p % 256 == 0 && (size_t)q % 256 == 0 && p != q);
    CHECK(cudaMemGetInfo(&after, &total));
    EXPECT(before - after >= (size_t)10 << 20);
    CHECK(cudaFree(p));
    CHECK(cudaFree(q));
    CHECK(cudaMemGetInfo(&after, &total));
    EXPECT(after == before);
    EXPECT(cudaFree(p) == cudaErrorInvalidValue); // twice
    EXPECT(cudaMalloc(&p, total + 1) == cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaErrorMemoryAllocation);
    CHECK(cudaMallocAsync(&p, 1000, 0));
    CHECK(cudaFreeAsync(p, 0));
    cudaMemPool_t pool;
    CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
    CHECK(cudaDeviceSynchronize());
}

static void pinned_memory()
{
    const int n = 777;
    int *h, *seen, *x;
    unsigned flags = 0;
    CHECK(cudaHostAlloc(&h, n * sizeof(int), cudaHostAllocMapped | cudaHostAllocPortable));
    CHECK(cudaHostGetFlags(&flags, h));
    EXPECT(flags & cudaHostAllocMapped);
    CHECK(cudaHostGetDevicePointer(&seen, h, 0));
    for (int i = 0; i < n; i++)
        h[i] = i;
    add_to<<<4, 256>>>(seen, n, 5); // the kernel works in the host's memory
    CHECK(cudaDeviceSynchronize());
    EXPECT(h[0] == 5 && h[n - 1] == n + 4);
    cudaPointerAttributes a;
    CHECK(cudaPointerGetAttributes(&a, h));
    EXPECT(a.type == cudaMemoryTypeHost);
    CHECK(cudaPointerGetAttributes(&a, &n));
    EXPECT(a.type == cudaMemoryTypeUnregistered);
    CHECK(cudaFreeHost(h));
    CHECK(cudaMallocHost(&x, 64));
    CHECK(cudaFreeHost(x));
}

static void managed_memory()
{
    int *x;
    CHECK(cudaMallocManaged(&x, 400));
    for (int i = 0; i < 100; i++)
        x[i] = i;
    const cudaMemLocation here = {cudaMemLocationTypeDevice, 0};
    CHECK(cudaMemAdvise(x, 400, cudaMemAdviseSetReadMostly, here));
    CHECK(cudaMemPrefetchAsync(x, 400, here, 0, 0));
    add_to<<<1, 128>>>(x, 100, 10);
    CHECK(cudaDeviceSynchronize());
    EXPECT(x[0] == 10 && x[99] == 109);
    CHECK(cudaFree(x));
}

static void copies_of_all_kinds()
{
    const int n = 3000;
    const std::vector<int> h = counted(n);
    std::vector<int> back(n), host(n);
    buffer<int> a(n), b(n);
    CHECK(cudaMemcpy(a.at, h.data(), 4 * n, cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy(b.at, a.at, 4 * n, cudaMemcpyDeviceToDevice));
    CHECK(cudaMemcpy(back.data(), b.at, 4 * n, cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpy(host.data(), back.data(), 4 * n, cudaMemcpyHostToHost));
    EXPECT(host == h);
    CHECK(cudaMemcpy(a.at, back.data() + 1, 4 * (n - 1), cudaMemcpyDefault)); // odd places
    CHECK(cudaMemcpy(back.data(), (char *)a.at + 1, 7, cudaMemcpyDefault));
    EXPECT(memcmp(back.data(), (const char *)&h[1] + 1, 7) == 0);
    CHECK(cudaMemcpy(a.at, nullptr, 0, cudaMemcpyHostToDevice));
    EXPECT(cudaMemcpy(a.at, h.data(), 4 * n + 1, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    EXPECT(cudaMemcpy(a.at, h.data(), 4, (cudaMemcpyKind)17) == cudaErrorInvalidMemcpyDirection);
    cudaGetLastError();
}

static void rows_and_boxes()
{
    void *at;
    size_t pitch;
    std::vector<unsigned char> from(60 * 9), to(60 * 9);
    for (auto &v : from)
        v = (unsigned char)next_random();
    CHECK(cudaMallocPitch(&at, &pitch, 60, 9));
    EXPECT(pitch >= 60 && pitch % 32 == 0);
    CHECK(cudaMemcpy2DAsync(at, pitch, from.data(), 60, 60, 9, cudaMemcpyHostToDevice, 0));
    CHECK(cudaMemset2D((char *)at + 10, pitch, 7, 20, 9));
    CHECK(cudaMemcpy2D(to.data(), 60, at, pitch, 60, 9, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 540; i++)
        EXPECT(to[i] == (i % 60 >= 10 && i % 60 < 30 ? 7 : from[i]));
    EXPECT(cudaMemcpy2D(to.data(), 59, at, pitch, 60, 9, cudaMemcpyDeviceToHost) == cudaErrorInvalidPitchValue);
    cudaGetLastError();
    CHECK(cudaFree(at));
    cudaPitchedPtr box;
    CHECK(cudaMalloc3D(&box, make_cudaExtent(20, 9, 3)));
    cudaMemcpy3DParms p = {};
    p.srcPtr = make_cudaPitchedPtr(from.data(), 20, 20, 9), p.dstPtr = box;
    p.extent = make_cudaExtent(20, 9, 3), p.kind = cudaMemcpyHostToDevice;
    CHECK(cudaMemcpy3D(&p));
    std::fill(to.begin(), to.end(), 0);
    p.srcPtr = box, p.dstPtr = make_cudaPitchedPtr(to.data(), 20, 20, 9), p.kind = cudaMemcpyDeviceToHost;
    CHECK(cudaMemcpy3D(&p));
    EXPECT(to == from);
    CHECK(cudaFree(box.ptr));
}

static void symbols()
{
    const int numbers[4] = {5, 6, 7, 8};
    int one = 9, got = 0;
    size_t bytes = 0;
    void *at = nullptr;
    CHECK(cudaMemcpyToSymbol(constant, numbers, sizeof numbers));
    CHECK(cudaMemcpyToSymbol(constant, &one, 4, 8));
    CHECK(cudaMemcpyFromSymbol(&got, constant, 4, 4));
    EXPECT(got == 6);
    CHECK(cudaGetSymbolSize(&bytes, constant));
    CHECK(cudaGetSymbolAddress(&at, variable));
    EXPECT(bytes == 16);
    CHECK(cudaMemset(at, 0, 4));
    CHECK(cudaMemcpyToSymbolAsync(variable, &one, 4, 0, cudaMemcpyHostToDevice, 0));
    const std::vector<int> seen = results(4, 1, 4, read_symbols);
    EXPECT(seen == (std::vector<int>{905, 906, 909, 908}));
    EXPECT(cudaMemcpyToSymbol(constant, numbers, 16, 4) == cudaErrorInvalidValue);
    cudaGetLastError();
    EXPECT(cudaGetSymbolAddress(&at, one) != cudaSuccess); // of the host
    cudaGetLastError();
}

static void fills()
{
    buffer<unsigned char> x(1001);
    CHECK(cudaMemset(x.at + 1, 0xab, 999));
    CHECK(cudaMemsetAsync(x.at + 500, 1, 2, 0));
    const auto got = x.read();
    for (int i = 0; i < 1001; i++)
        EXPECT(got[i] == (i == 0 || i == 1000 ? 0 : i == 500 || i == 501 ? 1 : 0xab));
    EXPECT(cudaMemset(x.at, 0, 1002) == cudaErrorInvalidValue);
    cudaGetLastError();
}

// ---- streams and events ----

static void streams_in_order()
{
    int least, greatest, priority;
    unsigned flags;
    cudaStream_t s, t;
    CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    EXPECT(greatest < least);
    CHECK(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, greatest));
    CHECK(cudaStreamGetPriority(s, &priority));
    CHECK(cudaStreamGetFlags(s, &flags));
    EXPECT(priority == greatest && flags == cudaStreamNonBlocking);
    CHECK(cudaStreamCreate(&t));
    const int n = 1 << 14;
    buffer<int> x(n);
    cudaEvent_t done;
    CHECK(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
    for (int turn = 0; turn < 10; turn++) { // ten times over, by two streams in turn
        cudaStream_t mine = turn & 1 ? t : s, other = turn & 1 ? s : t;
        add_to<<<n / 256, 256, 0, mine>>>(x.at, n, turn);
        CHECK(cudaEventRecord(done, mine));
        CHECK(cudaStreamWaitEvent(other, done, 0));
    }
    CHECK(cudaStreamSynchronize(s));
    CHECK(cudaStreamSynchronize(t));
    EXPECT(cudaStreamQuery(s) == cudaSuccess && cudaEventQuery(done) == cudaSuccess);
    EXPECT(x.read()[n - 1] == 45);
    add_to<<<1, 1, 0, cudaStreamPerThread>>>(x.at, 1, 1);
    CHECK(cudaStreamSynchronize(cudaStreamPerThread));
    add_to<<<1, 1, 0, cudaStreamLegacy>>>(x.at, 1, 1);
    EXPECT(x.read()[0] == 47);
    CHECK(cudaEventDestroy(done));
    CHECK(cudaStreamDestroy(s));
    CHECK(cudaStreamDestroy(t));
}

static float timed(int *x, int turns)
{
    cudaEvent_t begin, end;
    float ms = -1;
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventRecord(begin));
    work<<<1, 32>>>(x, turns);
    CHECK(cudaEventRecord(end));
    CHECK(cudaEventSynchronize(end));
    CHECK(cudaEventElapsedTime(&ms, begin, end));
    CHECK(cudaEventDestroy(begin));
    CHECK(cudaEventDestroy(end));
    return ms;
}
// Time is modelled: the same work takes the same, more takes more.
static void modelled_time()
{
    buffer<int> x(32);
    timed(x.at, 1000); // the first launch on a device differs
    const float once = timed(x.at, 1000), again = timed(x.at, 1000), longer = timed(x.at, 100000);
    EXPECT(once > 0 && again == once && longer > once);
    cudaEvent_t untimed, never;
    float ms;
    CHECK(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
    CHECK(cudaEventCreate(&never));
    EXPECT(cudaEventElapsedTime(&ms, untimed, never) == cudaErrorInvalidResourceHandle);
    cudaGetLastError();
    CHECK(cudaEventDestroy(untimed));
    CHECK(cudaEventDestroy(never));
}

static std::vector<int> told;
static void CUDART_CB tell(void *what)
{
    told.push_back((int)(size_t)what);
}
static void CUDART_CB tell_status(cudaStream_t, cudaError_t error, void *what)
{
    told.push_back((int)(size_t)what * 10 + (int)error);
}
static void callbacks()
{
    cudaStream_t s;
    told.clear();
    CHECK(cudaStreamCreate(&s));
    CHECK(cudaLaunchHostFunc(s, tell, (void *)1));
    CHECK(cudaStreamAddCallback(s, tell_status, (void *)2, 0));
    CHECK(cudaLaunchHostFunc(s, tell, (void *)3));
    CHECK(cudaStreamSynchronize(s));
    EXPECT(told == (std::vector<int>{1, 20, 3}));
    CHECK(cudaStreamDestroy(s));
}

// ---- launches ----

static void configurations()
{
    buffer<int> x(1);
    const struct {
        dim3 grid, block;
        size_t shared;
        cudaError_t error;
    } all[] = {{1, 1, 0, cudaSuccess},
               {0, 1, 0, cudaErrorInvalidConfiguration},
               {1, 0, 0, cudaErrorInvalidConfiguration},
               {1, 1025, 0, cudaErrorInvalidConfiguration},
               {1, dim3(32, 32, 2), 0, cudaErrorInvalidConfiguration},
               {1, dim3(1, 1, 65), 0, cudaErrorInvalidConfiguration},
               {dim3(1, 65536), 1, 0, cudaErrorInvalidConfiguration},
               {1, 1, 200 << 10, cudaErrorInvalidValue}};
    for (const auto &each : all) {
        add_to<<<each.grid, each.block, each.shared>>>(x.at, 1, 1);
        EXPECT(cudaGetLastError() == each.error);
    }
    int *at = x.at, n = 1, by = 10;
    void *arguments[] = {&at, &n, &by};
    CHECK(cudaLaunchKernel((const void *)add_to, dim3(2), dim3(1), arguments, 0, 0));
    cudaLaunchConfig_t config = {};
    config.gridDim = 1, config.blockDim = 1;
    CHECK(cudaLaunchKernelEx(&config, add_to, at, n, by));
    EXPECT(x.read()[0] == 21);
    EXPECT(cudaLaunchKernel((const void *)&configurations, dim3(1), dim3(1), arguments, 0, 0) ==
           cudaErrorInvalidDeviceFunction);
    cudaGetLastError();
}

static void function_attributes()
{
    cudaFuncAttributes a;
    CHECK(cudaFuncGetAttributes(&a, add_to));
    EXPECT(a.maxThreadsPerBlock == 1024 && a.numRegs > 0 && a.sharedSizeBytes == 0);
    CHECK(cudaFuncSetAttribute(add_to, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10));
    CHECK(cudaFuncGetAttributes(&a, add_to));
    EXPECT(a.maxDynamicSharedSizeBytes == 64 << 10);
    EXPECT(cudaFuncSetAttribute(add_to, cudaFuncAttributeMaxDynamicSharedMemorySize, 1 << 20) ==
           cudaErrorInvalidValue);
    cudaGetLastError();
    CHECK(cudaFuncSetCacheConfig(add_to, cudaFuncCachePreferL1));
}

static void occupancy()
{
    int blocks = 0, grid = 0, block = 0;
    size_t bytes = 0;
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add_to, 256, 0));
    EXPECT(blocks == 8); // by threads: 2048 / 256
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add_to, 32, 0));
    EXPECT(blocks == 32); // by blocks
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add_to, 64, 40 << 10));
    EXPECT(blocks == 4); // by shared memory: 164 KiB
    CHECK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, add_to));
    EXPECT(block == 1024 && grid == 16);
    CHECK(cudaOccupancyAvailableDynamicSMemPerBlock(&bytes, add_to, 2, 128));
    EXPECT(bytes > 48 << 10 && bytes <= 82 << 10);
}

// ---- errors ----

// What comes after a fault says the fault, until the device is reset.
static void sticky(int offset, cudaError_t error)
{
    char *p;
    CHECK(cudaMalloc(&p, 256));
    at_offset<<<1, 1>>>(p, offset);
    EXPECT(cudaDeviceSynchronize() == error);
    EXPECT(cudaGetLastError() == error && cudaGetLastError() == error);
    EXPECT(cudaMalloc(&p, 4) == error);
    at_offset<<<1, 1>>>(p, 0);
    EXPECT(cudaPeekAtLastError() == error);
    CHECK(cudaDeviceReset());
    cudaGetLastError();
    CHECK(cudaMalloc(&p, 256));
    at_offset<<<1, 1>>>(p, 0);
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaFree(p));
}
static void illegal_address()
{
    sticky(256, cudaErrorIllegalAddress);
}
static void misaligned_address()
{
    sticky(2, cudaErrorMisalignedAddress);
}
static void errors_that_pass()
{
    void *p;
    EXPECT(cudaMalloc(&p, (size_t)1 << 60) == cudaErrorMemoryAllocation);
    EXPECT(cudaPeekAtLastError() == cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaErrorMemoryAllocation);
    EXPECT(cudaGetLastError() == cudaSuccess);
    EXPECT(strcmp(cudaGetErrorName(cudaErrorIllegalAddress), "cudaErrorIllegalAddress") == 0);
    EXPECT(strlen(cudaGetErrorString(cudaErrorMisalignedAddress)) > 5);
    EXPECT(strcmp(cudaGetErrorString((cudaError_t)12345), "unrecognized error code") == 0);
    EXPECT(cudaEventSynchronize((cudaEvent_t)nullptr) == cudaErrorInvalidResourceHandle);
    cudaGetLastError();
    cudaArray_t array;
    const cudaChannelFormatDesc d = {32, 0, 0, 0, cudaChannelFormatKindFloat};
    EXPECT(cudaMallocArray(&array, &d, 8, 8) == cudaErrorNotSupported);
    cudaGetLastError();
}

// ---- graphs ----

static void captured_graphs()
{
    const int n = 512;
    buffer<int> x(n);
    std::vector<int> back(n);
    cudaStream_t s;
    cudaGraph_t g;
    cudaGraphExec_t e;
    cudaStreamCaptureStatus status;
    CHECK(cudaStreamCreate(&s));
    CHECK(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
    CHECK(cudaStreamIsCapturing(s, &status));
    EXPECT(status == cudaStreamCaptureStatusActive);
    CHECK(cudaMemsetAsync(x.at, 0, n * 4, s));
    for (int i = 1; i <= 3; i++)
        add_to<<<2, 256, 0, s>>>(x.at, n, i);
    CHECK(cudaMemcpyAsync(back.data(), x.at, n * 4, cudaMemcpyDeviceToHost, s));
    CHECK(cudaStreamEndCapture(s, &g));
    size_t nodes = 0, roots = 0;
    CHECK(cudaGraphGetNodes(g, nullptr, &nodes));
    CHECK(cudaGraphGetRootNodes(g, nullptr, &roots));
    EXPECT(nodes == 5 && roots == 1 && back[0] == 0); // nothing ran yet
    CHECK(cudaGraphInstantiate(&e, g, 0));
    CHECK(cudaGraphDestroy(g));
    for (int i = 0; i < 3; i++) {
        CHECK(cudaMemset(x.at, 0x7f, n * 4));
        CHECK(cudaGraphLaunch(e, s));
        CHECK(cudaStreamSynchronize(s));
        EXPECT(back[0] == 6 && back[n - 1] == 6);
    }
    CHECK(cudaGraphExecDestroy(e));
    CHECK(cudaStreamDestroy(s));
}

static void built_graphs()
{
    buffer<int> x(4);
    int *at = x.at, n = 4, by = 5, got[4] = {};
    cudaGraph_t g;
    cudaGraphNode_t clear, kernel, host, copy, join;
    cudaGraphNodeType type;
    CHECK(cudaGraphCreate(&g, 0));
    cudaMemsetParams m = {};
    m.dst = at, m.value = 0, m.elementSize = 4, m.width = 4, m.height = 1;
    CHECK(cudaGraphAddMemsetNode(&clear, g, nullptr, 0, &m));
    void *arguments[] = {&at, &n, &by};
    cudaKernelNodeParams k = {};
    k.func = (void *)add_to, k.gridDim = 1, k.blockDim = 4, k.kernelParams = arguments;
    CHECK(cudaGraphAddKernelNode(&kernel, g, nullptr, 0, &k));
    CHECK(cudaGraphAddDependencies(g, &clear, &kernel, nullptr, 1));
    CHECK(cudaGraphAddMemcpyNode1D(&copy, g, &kernel, 1, got, at, 16, cudaMemcpyDeviceToHost));
    const cudaHostNodeParams h = {tell, (void *)77};
    CHECK(cudaGraphAddHostNode(&host, g, &copy, 1, &h));
    CHECK(cudaGraphAddEmptyNode(&join, g, &host, 1));
    CHECK(cudaGraphNodeGetType(kernel, &type));
    EXPECT(type == cudaGraphNodeTypeKernel);
    cudaGraphExec_t e;
    CHECK(cudaGraphInstantiate(&e, g, 0));
    told.clear();
    CHECK(cudaGraphLaunch(e, 0));
    CHECK(cudaDeviceSynchronize());
    EXPECT(got[0] == 5 && got[3] == 5 && told == std::vector<int>{77});
    by = 8;
    CHECK(cudaGraphExecKernelNodeSetParams(e, kernel, &k));
    CHECK(cudaGraphLaunch(e, 0));
    CHECK(cudaDeviceSynchronize());
    EXPECT(got[2] == 8);
    CHECK(cudaGraphExecDestroy(e));
    CHECK(cudaGraphDestroy(g));
}

static __global__ void exchange(int *x, int *arrived)
{
    x[blockIdx.x] = (int)blockIdx.x + 1;
    __threadfence();
    atomicAdd(arrived, 1);
    while (atomicAdd(arrived, 0) < (int)gridDim.x) // all blocks must be there at once
        ;
    __threadfence();
    const int next = ((volatile int *)x)[(blockIdx.x + 1) % gridDim.x];
    x[gridDim.x + blockIdx.x] = next;
}
static void cooperative_launches()
{
    buffer<int> x(48), arrived(1);
    int *at = x.at, *flag = arrived.at;
    void *arguments[] = {&at, &flag};
    CHECK(cudaLaunchCooperativeKernel((const void *)exchange, dim3(24), dim3(1), arguments, 0, 0));
    const std::vector<int> got = x.read();
    for (int i = 0; i < 24; i++)
        EXPECT(got[24 + i] == (i + 1) % 24 + 1);
    EXPECT(cudaLaunchCooperativeKernel((const void *)exchange, dim3(100000), dim3(64), arguments, 0, 0) ==
           cudaErrorCooperativeLaunchTooLarge);
    cudaGetLastError();
}

#define P PROGRAM
PROGRAMS(P(device_queries), P(device_limits), P(eight_devices), P(peer_access), P(allocations),
         P(pinned_memory), P(managed_memory), P(copies_of_all_kinds), P(rows_and_boxes), P(symbols),
         P(fills), P(streams_in_order), P(modelled_time), P(callbacks), P(configurations),
         P(function_attributes), P(occupancy), P(illegal_address), P(misaligned_address),
         P(errors_that_pass), P(captured_graphs), P(built_graphs), P(cooperative_launches))
