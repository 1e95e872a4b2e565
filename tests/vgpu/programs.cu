// Whole CUDA programs for `vgpu run`: programs NAME runs one, which compares with the CPU and says
// where it differs. Built by `vgpu cc` as any program of other people would be.
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include <cooperative_groups.h>
#include <cuda_runtime.h>

namespace cg = cooperative_groups;

#define CHECK(call)                                                                                \
    do {                                                                                           \
        const cudaError_t error_ = (call);                                                         \
        if (error_ != cudaSuccess) {                                                               \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                          \
                    cudaGetErrorString(error_));                                                   \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

__constant__ float scale[4];
__device__ int counter;
__managed__ int managed_total = 5;

__global__ void add(float *z, const float *x, const float *y, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        z[i] = x[i] + y[i];
}

__global__ void scaled(float *x, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        x[i] *= scale[i % 4];
    if (i == 0)
        counter += 1;
}

__global__ void increment(int *x, int n, int by)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        x[i] += by;
}

__global__ void sum_to_managed(const int *x, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        atomicAdd(&managed_total, x[i]);
}

__global__ void ring(int *x, int rounds)
{
    cg::grid_group grid = cg::this_grid();
    const int n = (int)grid.size(), i = (int)grid.thread_rank();
    for (int r = 0; r < rounds; r++) {
        const int left = x[(i + n - 1) % n];
        grid.sync();
        x[i] = left + 1;
        grid.sync();
    }
}

__global__ void tell(int n)
{
    printf("block %d thread %d of %d\n", (int)blockIdx.x, (int)threadIdx.x, n);
}

__global__ void fails(int n)
{
    assert(n < 0);
}

__global__ void writes_far(int *x)
{
    x[1 << 20] = 1;
}

extern __shared__ int dynamic[];
__global__ void uses_much(int *x)
{
    dynamic[threadIdx.x] = threadIdx.x;
    __syncthreads();
    x[threadIdx.x] = dynamic[blockDim.x - 1 - threadIdx.x];
}

static int vector_add()
{
    const int n = 100001;
    std::vector<float> x(n), y(n), z(n);
    for (int i = 0; i < n; i++)
        x[i] = 0.5f * i, y[i] = 1.0f / (i + 1);
    float *d[3];
    for (auto &p : d)
        CHECK(cudaMalloc(&p, n * sizeof(float)));
    CHECK(cudaMemcpy(d[0], x.data(), n * sizeof(float), cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy(d[1], y.data(), n * sizeof(float), cudaMemcpyHostToDevice));
    add<<<(n + 255) / 256, 256>>>(d[2], d[0], d[1], n);
    CHECK(cudaGetLastError());
    CHECK(cudaMemcpy(z.data(), d[2], n * sizeof(float), cudaMemcpyDeviceToHost));
    for (int i = 0; i < n; i++)
        EXPECT(z[i] == x[i] + y[i]);
    for (auto p : d)
        CHECK(cudaFree(p));
    return 0;
}

// Two streams overlap in modelled time; an event orders them; the same program gives the same times.
static int streams()
{
    const int n = 1 << 20;
    int *h, *a, *b;
    cudaStream_t s[2];
    cudaEvent_t begin, end, copied;
    CHECK(cudaMallocHost(&h, n * sizeof(int)));
    CHECK(cudaMalloc(&a, n * sizeof(int)));
    CHECK(cudaMalloc(&b, n * sizeof(int)));
    for (auto &each : s)
        CHECK(cudaStreamCreateWithFlags(&each, cudaStreamNonBlocking));
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventCreateWithFlags(&copied, cudaEventDisableTiming));
    for (int i = 0; i < n; i++)
        h[i] = i;
    CHECK(cudaEventRecord(begin, s[0]));
    CHECK(cudaMemcpyAsync(a, h, n * sizeof(int), cudaMemcpyHostToDevice, s[0]));
    CHECK(cudaEventRecord(copied, s[0]));
    CHECK(cudaStreamWaitEvent(s[1], copied, 0));
    increment<<<n / 256, 256, 0, s[1]>>>(a, n, 7);
    CHECK(cudaMemcpyAsync(b, h, n * sizeof(int), cudaMemcpyHostToDevice, s[0]));
    CHECK(cudaEventRecord(end, s[0]));
    while (cudaEventQuery(end) == cudaErrorNotReady)
        ;
    float ms;
    CHECK(cudaEventElapsedTime(&ms, begin, end));
    EXPECT(ms > 0.30f && ms < 0.45f); // two copies of 4 MiB at 24 GB/s
    CHECK(cudaMemcpyAsync(h, a, n * sizeof(int), cudaMemcpyDeviceToHost, s[1]));
    CHECK(cudaStreamSynchronize(s[1]));
    for (int i = 0; i < n; i++)
        EXPECT(h[i] == i + 7);
    for (auto &each : s)
        CHECK(cudaStreamDestroy(each));
    CHECK(cudaFreeHost(h));
    return 0;
}

static int symbols()
{
    const float factors[4] = {1, 2, 3, 4};
    float h[8] = {1, 1, 1, 1, 1, 1, 1, 1}, *d;
    int count = 41;
    size_t size;
    void *at;
    CHECK(cudaMalloc(&d, sizeof h));
    CHECK(cudaMemcpyToSymbol(scale, factors, sizeof factors));
    CHECK(cudaMemcpyToSymbol(counter, &count, sizeof count));
    CHECK(cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice));
    scaled<<<1, 8>>>(d, 8);
    CHECK(cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpyFromSymbol(&count, counter, sizeof count));
    EXPECT(count == 42 && h[0] == 1 && h[5] == 2 && h[7] == 4);
    CHECK(cudaGetSymbolSize(&size, scale));
    EXPECT(size == sizeof factors);
    CHECK(cudaGetSymbolAddress(&at, counter));
    count = 0;
    CHECK(cudaMemcpy(at, &count, sizeof count, cudaMemcpyHostToDevice));
    scaled<<<1, 8>>>(d, 8);
    CHECK(cudaMemcpyFromSymbol(&count, counter, sizeof count));
    EXPECT(count == 1);
    return 0;
}

static int managed()
{
    const int n = 1000;
    int *x;
    CHECK(cudaMallocManaged(&x, n * sizeof(int)));
    EXPECT(managed_total == 5);
    for (int i = 0; i < n; i++)
        x[i] = i;
    managed_total = 100;
    increment<<<4, 256>>>(x, n, 1);
    sum_to_managed<<<4, 256>>>(x, n);
    CHECK(cudaDeviceSynchronize());
    EXPECT(x[0] == 1 && x[n - 1] == n);
    EXPECT(managed_total == 100 + n * (n + 1) / 2);
    x[0] = 77; // the host and the device see the same bytes
    increment<<<1, 1>>>(x, 1, 1);
    CHECK(cudaDeviceSynchronize());
    EXPECT(x[0] == 78);
    cudaPointerAttributes attributes;
    CHECK(cudaPointerGetAttributes(&attributes, x));
    EXPECT(attributes.type == cudaMemoryTypeManaged && attributes.devicePointer == x);
    CHECK(cudaFree(x));
    return 0;
}

static int devices()
{
    int count, can;
    CHECK(cudaGetDeviceCount(&count));
    EXPECT(count == 4);
    const int n = 4096;
    std::vector<int> h(n);
    int *d[4];
    for (int i = 0; i < count; i++) {
        CHECK(cudaSetDevice(i));
        CHECK(cudaMalloc(&d[i], n * sizeof(int)));
        CHECK(cudaMemset(d[i], 0, n * sizeof(int)));
    }
    // Around the ring: every device adds its number and hands on.
    for (int i = 0; i < count; i++) {
        CHECK(cudaSetDevice(i));
        increment<<<n / 256, 256>>>(d[i], n, i + 1);
        CHECK(cudaMemcpyPeer(d[(i + 1) % count], (i + 1) % count, d[i], i, n * sizeof(int)));
    }
    CHECK(cudaMemcpy(h.data(), d[0], n * sizeof(int), cudaMemcpyDeviceToHost));
    EXPECT(h[0] == 10 && h[n - 1] == 10);
    // Loads of a peer's memory need its permission.
    CHECK(cudaSetDevice(0));
    CHECK(cudaDeviceCanAccessPeer(&can, 0, 1));
    EXPECT(can == 1);
    CHECK(cudaDeviceEnablePeerAccess(1, 0));
    EXPECT(cudaDeviceEnablePeerAccess(1, 0) == cudaErrorPeerAccessAlreadyEnabled);
    cudaGetLastError();
    increment<<<n / 256, 256>>>(d[1], n, 100);
    CHECK(cudaMemcpy(h.data(), d[1], n * sizeof(int), cudaMemcpyDeviceToHost));
    EXPECT(h[5] == 103);
    increment<<<n / 256, 256>>>(d[2], n, 100);
    EXPECT(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
    CHECK(cudaSetDevice(3)); // the fault was device 0's
    CHECK(cudaDeviceSynchronize());
    return 0;
}

static int captured_graph(cudaStream_t s, cudaStream_t side, int *a, int *b, int n, cudaGraph_t *g)
{
    cudaEvent_t fork, join;
    CHECK(cudaEventCreate(&fork));
    CHECK(cudaEventCreate(&join));
    CHECK(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
    CHECK(cudaMemsetAsync(a, 0, n * sizeof(int), s));
    CHECK(cudaEventRecord(fork, s));
    CHECK(cudaStreamWaitEvent(side, fork, 0));
    increment<<<n / 256, 256, 0, s>>>(a, n, 1);
    increment<<<n / 256, 256, 0, side>>>(b, n, 10);
    CHECK(cudaEventRecord(join, side));
    CHECK(cudaStreamWaitEvent(s, join, 0));
    increment<<<n / 256, 256, 0, s>>>(a, n, 2);
    CHECK(cudaStreamEndCapture(s, g));
    return 0;
}

static int graphs()
{
    const int n = 1024;
    int *a, *b, h[2];
    cudaStream_t s, side;
    cudaGraph_t g;
    cudaGraphExec_t e;
    CHECK(cudaMalloc(&a, n * sizeof(int)));
    CHECK(cudaMalloc(&b, n * sizeof(int)));
    CHECK(cudaMemset(b, 0, n * sizeof(int)));
    CHECK(cudaStreamCreate(&s));
    CHECK(cudaStreamCreate(&side));
    if (captured_graph(s, side, a, b, n, &g))
        return 1;
    size_t nodes = 0;
    CHECK(cudaGraphGetNodes(g, nullptr, &nodes));
    EXPECT(nodes == 4);
    CHECK(cudaGraphInstantiate(&e, g, 0));
    for (int i = 0; i < 5; i++)
        CHECK(cudaGraphLaunch(e, s));
    CHECK(cudaStreamSynchronize(s));
    CHECK(cudaMemcpy(&h[0], a, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpy(&h[1], b, sizeof(int), cudaMemcpyDeviceToHost));
    EXPECT(h[0] == 3 && h[1] == 50);

    // By hand: a kernel behind a memset, then a copy to the host.
    cudaGraph_t hand;
    cudaGraphNode_t cleared, added, copied;
    int by = 6, count = n, got = 0;
    CHECK(cudaGraphCreate(&hand, 0));
    cudaMemsetParams set = {};
    set.dst = a, set.value = 1, set.elementSize = 4, set.width = n, set.height = 1;
    CHECK(cudaGraphAddMemsetNode(&cleared, hand, nullptr, 0, &set));
    void *arguments[] = {&a, &count, &by};
    cudaKernelNodeParams kernel = {};
    kernel.func = (void *)increment, kernel.gridDim = dim3(n / 256), kernel.blockDim = dim3(256);
    kernel.kernelParams = arguments;
    CHECK(cudaGraphAddKernelNode(&added, hand, &cleared, 1, &kernel));
    CHECK(cudaGraphAddMemcpyNode1D(&copied, hand, &added, 1, &got, a + n - 1, sizeof got,
                                   cudaMemcpyDeviceToHost));
    cudaGraphExec_t by_hand;
    CHECK(cudaGraphInstantiate(&by_hand, hand, 0));
    CHECK(cudaGraphLaunch(by_hand, s));
    CHECK(cudaStreamSynchronize(s));
    EXPECT(got == 7);
    by = 20;
    CHECK(cudaGraphExecKernelNodeSetParams(by_hand, added, &kernel));
    CHECK(cudaGraphLaunch(by_hand, s));
    CHECK(cudaStreamSynchronize(s));
    EXPECT(got == 21);
    return 0;
}

static int cooperative()
{
    int n = 8 * 64, rounds = 5, *x;
    CHECK(cudaMalloc(&x, n * sizeof(int)));
    std::vector<int> h(n), want(n);
    for (int i = 0; i < n; i++)
        h[i] = i;
    CHECK(cudaMemcpy(x, h.data(), n * sizeof(int), cudaMemcpyHostToDevice));
    void *arguments[] = {&x, &rounds};
    CHECK(cudaLaunchCooperativeKernel((void *)ring, dim3(8), dim3(64), arguments, 0, nullptr));
    CHECK(cudaMemcpy(h.data(), x, n * sizeof(int), cudaMemcpyDeviceToHost));
    for (int i = 0; i < n; i++)
        EXPECT(h[i] == (i + n - rounds) % n + rounds);
    const cudaError_t error =
        cudaLaunchCooperativeKernel((void *)ring, dim3(4096), dim3(1024), arguments, 0, nullptr);
    EXPECT(error == cudaErrorCooperativeLaunchTooLarge);
    return 0;
}

static int errors()
{
    int *x, blocks;
    CHECK(cudaMalloc(&x, 1024 * sizeof(int)));
    increment<<<0, 1>>>(x, 1, 1);
    EXPECT(cudaPeekAtLastError() == cudaErrorInvalidConfiguration);
    EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
    EXPECT(cudaGetLastError() == cudaSuccess);
    increment<<<1, 2048>>>(x, 1, 1);
    EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
    uses_much<<<1, 1024, 100 << 10>>>(x);
    EXPECT(cudaGetLastError() == cudaErrorInvalidValue); // not opted in
    CHECK(cudaFuncSetAttribute(uses_much, cudaFuncAttributeMaxDynamicSharedMemorySize, 100 << 10));
    uses_much<<<1, 1024, 100 << 10>>>(x);
    CHECK(cudaGetLastError());
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, uses_much, 1024, 100 << 10));
    EXPECT(blocks == 1);
    int last;
    CHECK(cudaMemcpy(&last, x + 1023, sizeof last, cudaMemcpyDeviceToHost));
    EXPECT(last == 0);
    const std::vector<char> long_one(5000);
    EXPECT(cudaMemcpy(x, long_one.data(), 5000, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    EXPECT(cudaFree(&last) == cudaErrorInvalidValue);
    EXPECT(cudaSetDevice(77) == cudaErrorInvalidDevice);
    void *huge;
    EXPECT(cudaMalloc(&huge, (size_t)1 << 50) == cudaErrorMemoryAllocation);
    cudaArray_t array;
    const cudaChannelFormatDesc format = {32, 0, 0, 0, cudaChannelFormatKindFloat};
    EXPECT(cudaMallocArray(&array, &format, 64, 64) == cudaErrorNotSupported);
    writes_far<<<1, 1>>>(x);
    EXPECT(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
    EXPECT(cudaFree(x) == cudaErrorIllegalAddress); // it stays
    EXPECT(cudaGetLastError() == cudaErrorIllegalAddress);
    CHECK(cudaDeviceReset());
    CHECK(cudaMalloc(&x, 4)); // and is gone with the context
    return 0;
}

static int properties()
{
    cudaDeviceProp p;
    int sms;
    size_t free_bytes, total;
    CHECK(cudaGetDeviceProperties(&p, 0));
    CHECK(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
    CHECK(cudaMemGetInfo(&free_bytes, &total));
    EXPECT(p.multiProcessorCount == 8 && sms == 8 && p.major == 8 && p.warpSize == 32);
    EXPECT(p.sharedMemPerBlockOptin == 163 * 1024 && total == p.totalGlobalMem);
    cudaFuncAttributes a;
    CHECK(cudaFuncGetAttributes(&a, add));
    EXPECT(a.numRegs > 4 && a.numRegs < 64 && a.maxThreadsPerBlock == 1024);
    int grid, block;
    CHECK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, add));
    EXPECT(block >= 256 && grid >= 8);
    return 0;
}

static int rows()
{
    const size_t width = 100, height = 7;
    std::vector<unsigned char> from(width * height), to(width * height);
    for (size_t i = 0; i < from.size(); i++)
        from[i] = (unsigned char)(i * 7);
    void *a, *b;
    size_t pitch;
    CHECK(cudaMallocPitch(&a, &pitch, width, height));
    CHECK(cudaMalloc(&b, width * height));
    CHECK(cudaMemcpy2D(a, pitch, from.data(), width, width, height, cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy2D(b, width, a, pitch, width, height, cudaMemcpyDeviceToDevice));
    CHECK(cudaMemset2D(a, pitch, 9, width, height));
    CHECK(cudaMemcpy(to.data(), b, width * height, cudaMemcpyDeviceToHost));
    EXPECT(memcmp(to.data(), from.data(), from.size()) == 0);
    CHECK(cudaMemcpy2D(to.data(), width, a, pitch, width, height, cudaMemcpyDeviceToHost));
    EXPECT(to.front() == 9 && to.back() == 9);
    // Larger than the window that the bytes go through.
    const size_t large = (size_t)40 << 20;
    std::vector<unsigned> x(large / 4), y(large / 4);
    for (size_t i = 0; i < x.size(); i++)
        x[i] = (unsigned)(i * 2654435761u);
    CHECK(cudaMalloc(&a, large));
    CHECK(cudaMemcpy(a, x.data(), large, cudaMemcpyDefault));
    CHECK(cudaMemcpy(y.data(), a, large, cudaMemcpyDefault));
    EXPECT(x == y);
    return 0;
}

static void CUDART_CB note(void *data)
{
    *(int *)data = 1;
}

static int callbacks()
{
    int called = 0, *x;
    cudaStream_t s;
    CHECK(cudaStreamCreate(&s));
    CHECK(cudaMallocAsync(&x, 1024, s));
    increment<<<1, 256, 0, s>>>(x, 256, 1);
    CHECK(cudaLaunchHostFunc(s, note, &called));
    CHECK(cudaFreeAsync(x, s));
    CHECK(cudaStreamSynchronize(s));
    EXPECT(called == 1);
    return 0;
}

// Threads with default streams of their own, which meet at the first use of a kernel.
static int threads()
{
    const int n = 4096;
    std::vector<int *> x(4);
    std::vector<std::thread> all;
    for (auto &p : x) {
        CHECK(cudaMalloc(&p, n * sizeof(int)));
        CHECK(cudaMemset(p, 0, n * sizeof(int)));
    }
    for (auto p : x)
        all.emplace_back([p] {
            for (int i = 0; i < 10; i++)
                increment<<<n / 256, 256, 0, cudaStreamPerThread>>>(p, n, 1);
            cudaStreamSynchronize(cudaStreamPerThread);
        });
    for (auto &t : all)
        t.join();
    for (auto p : x) {
        int last = 0;
        CHECK(cudaMemcpy(&last, p + n - 1, sizeof last, cudaMemcpyDeviceToHost));
        EXPECT(last == 10);
    }
    return 0;
}

static int prints()
{
    tell<<<2, 2>>>(4);
    CHECK(cudaDeviceSynchronize());
    printf("then the host\n");
    return 0;
}

static int asserts()
{
    fails<<<1, 1>>>(3);
    EXPECT(cudaDeviceSynchronize() == cudaErrorAssert);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)();
    } all[] = {{"vector_add", vector_add}, {"streams", streams},         {"symbols", symbols},
               {"managed", managed},       {"devices", devices},         {"graphs", graphs},
               {"cooperative", cooperative}, {"errors", errors},         {"properties", properties},
               {"rows", rows},             {"callbacks", callbacks}, {"threads", threads},     {"prints", prints},
               {"asserts", asserts}};
    for (const auto &each : all)
        if (argc > 1 && strcmp(argv[1], each.name) == 0)
            return each.run();
    fprintf(stderr, "no program of that name\n");
    return 2;
}
