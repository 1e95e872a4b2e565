// What the programs of the conformance set share. A program is a function that throws when the
// device's answer is not the CPU's; the CPU's is written beside it, by other means where there are
// any. `FILE` runs all programs of a file, `FILE NAME...` some.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <cuda_runtime.h>

struct program {
    const char *name;
    void (*run)();
};

#define PROGRAM(name)                                                                              \
    {                                                                                              \
#name, name                                                                                \
    }
#define CHECK(call)       check(call, __FILE__, __LINE__, #call)
#define EXPECT(condition) expect(condition, __FILE__, __LINE__, #condition)

static inline std::string place(const char *file, int line)
{
    const char *slash = strrchr(file, '/');
    return std::string(slash ? slash + 1 : file) + ":" + std::to_string(line) + ": ";
}

static inline void check(cudaError_t error, const char *file, int line, const char *what)
{
    if (error != cudaSuccess)
        throw std::runtime_error(place(file, line) + what + ": " + cudaGetErrorString(error));
}

static inline void expect(bool so, const char *file, int line, const char *what)
{
    if (!so)
        throw std::runtime_error(place(file, line) + "not so: " + what);
}

// Bytes as a number for messages, and for equality: 0.0 is not -0.0 here.
template <class T> static std::string bits(const T &value)
{
    std::string text = "0x";
    char digits[3];
    for (size_t i = sizeof(T); i-- > 0;) {
        snprintf(digits, sizeof digits, "%02x", ((const unsigned char *)&value)[i]);
        text += digits;
    }
    return text;
}

template <class T> static bool is_nan(const T &value)
{
    if constexpr (std::is_floating_point<T>::value)
        return std::isnan(value);
    return false;
}

// Any NaN is as good as any other: the ISA promises no payload.
template <class T> static bool same(const T &a, const T &b)
{
    return memcmp(&a, &b, sizeof(T)) == 0 || (is_nan(a) && is_nan(b));
}

template <class T> struct buffer {
    T *at = nullptr;
    size_t n;
    explicit buffer(size_t count) : n(count)
    {
        CHECK(cudaMalloc(&at, n * sizeof(T)));
        CHECK(cudaMemset(at, 0, n * sizeof(T)));
    }
    explicit buffer(const std::vector<T> &from) : buffer(from.size())
    {
        CHECK(cudaMemcpy(at, from.data(), n * sizeof(T), cudaMemcpyHostToDevice));
    }
    buffer(const buffer &) = delete;
    ~buffer()
    {
        cudaFree(at);
    }
    std::vector<T> read() const
    {
        std::vector<T> to(n);
        CHECK(cudaGetLastError());
        CHECK(cudaMemcpy(to.data(), at, n * sizeof(T), cudaMemcpyDeviceToHost));
        return to;
    }
};

// What `kernel<<<blocks, threads>>>(out, arguments...)` leaves in out[0 .. n).
template <class R, class... P, class... A>
static std::vector<R> results(size_t n, int blocks, int threads, void (*kernel)(R *, P...),
                              A... arguments)
{
    buffer<R> out(n);
    kernel<<<blocks, threads>>>(out.at, arguments...);
    return out.read();
}

template <class T> static void equal(const std::vector<T> &got, const std::vector<T> &want)
{
    for (size_t i = 0; i < want.size(); i++)
        if (!same(got.at(i), want[i]))
            throw std::runtime_error("[" + std::to_string(i) + "] is " + bits(got[i]) + ", wants " +
                                     bits(want[i]));
}

// The same numbers on every run.
static inline uint32_t next_random()
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 16);
}

template <class T> static T random_of()
{
    uint64_t value = (uint64_t)next_random() << 32 | next_random();
    T ret;
    memcpy(&ret, &value, sizeof ret);
    return ret;
}

// Edges first, then patterns of random bits, some of them of small magnitude.
template <class T> static std::vector<T> samples()
{
    std::vector<T> x;
    if constexpr (std::is_floating_point<T>::value) {
        typedef std::numeric_limits<T> limits;
        for (T v : {(T)0, (T)1, (T)0.5, (T)1.5, (T)2.5, (T)3, (T)0.1, (T)1e-3, (T)255.5, (T)65504,
                    (T)2147483648.0, limits::min(), limits::max(), limits::denorm_min(),
                    limits::infinity(), limits::quiet_NaN(), limits::epsilon()})
            x.push_back(v), x.push_back(-v);
        for (int i = 0; i < 60; i++)
            x.push_back(std::ldexp((T)next_random() / (T)4294967296.0 - (T)0.5, i % 12));
    } else {
        for (T v : {(T)0, (T)1, (T)2, (T)7, (T)31, (T)32, (T)33, (T)63, (T)64, (T)255, (T)-1, (T)-2,
                    (T)0x8000, std::numeric_limits<T>::max(), std::numeric_limits<T>::min()})
            x.push_back(v);
        for (int i = 0; i < 40; i++)
            x.push_back((T)(next_random() >> (i % 32)));
    }
    while (x.size() < 160)
        x.push_back(random_of<T>());
    return x;
}

// All pairs of samples where Op takes two, some triples where it takes three. Op::device is what
// the device does, Op::host what is right.
template <class Op, class R, class A, class B, class C>
__global__ void each(R *out, const A *a, const B *b, const C *c, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] = Op::device(a[i], b[i], c[i]);
}

template <class Op, class R, class A, class B, class C> static void compare()
{
    const std::vector<A> sa = samples<A>();
    const std::vector<B> sb = samples<B>();
    const std::vector<C> sc = samples<C>();
    std::vector<A> a;
    std::vector<B> b;
    std::vector<C> c;
    for (size_t i = 0; i < sa.size(); i++)
        for (size_t k = 0; k < sb.size(); k++)
            a.push_back(sa[i]), b.push_back(sb[k]), c.push_back(sc[(7 * i + 3 * k) % sc.size()]);
    buffer<A> da(a);
    buffer<B> db(b);
    buffer<C> dc(c);
    buffer<R> out(a.size());
    each<Op, R, A, B, C>
        <<<(a.size() + 127) / 128, 128>>>(out.at, da.at, db.at, dc.at, (int)a.size());
    const std::vector<R> got = out.read();
    for (size_t i = 0; i < a.size(); i++) {
        const R want = Op::host(a[i], b[i], c[i]);
        if (!same(got[i], want))
            throw std::runtime_error("x " + bits(a[i]) + " y " + bits(b[i]) + " z " + bits(c[i]) +
                                     " gives " + bits(got[i]) + ", wants " + bits(want));
    }
}

// OPERATION(name, R, A, B, C, device, host): both expressions in x, y and z of the types A, B, C.
#define OPERATION(name, R, A, B, C, on_device, ...)                                                \
    struct op_##name {                                                                             \
        static __device__ R device(A x, B y, C z)                                                  \
        {                                                                                          \
            return (void)x, (void)y, (void)z, on_device;                                           \
        }                                                                                          \
        static R host(A x, B y, C z)                                                               \
        {                                                                                          \
            return (void)x, (void)y, (void)z, __VA_ARGS__;                                         \
        }                                                                                          \
    };                                                                                             \
    static void name()                                                                             \
    {                                                                                              \
        compare<op_##name, R, A, B, C>();                                                          \
    }

// Inline PTX with one result: PTX1("popc.b32 %0, %1;", uint32_t, "=r", "r"(x))
#define PTX(R, constraint, text, ...)                                                              \
    [&] {                                                                                          \
        R ret_;                                                                                    \
        asm volatile(text : constraint(ret_) : __VA_ARGS__);                                       \
        return ret_;                                                                               \
    }()

static inline int run_programs(int argc, char **argv, const program *all, size_t n)
{
    int failed = 0, run = 0;
    for (size_t i = 0; i < n; i++) {
        bool wanted = argc < 2;
        for (int k = 1; k < argc; k++)
            wanted = wanted || strcmp(argv[k], all[i].name) == 0;
        if (!wanted)
            continue;
        run++;
        try {
            all[i].run();
            CHECK(cudaDeviceSynchronize());
        } catch (const std::exception &e) {
            printf("FAILED %s: %s\n", all[i].name, e.what());
            failed++;
            cudaDeviceReset();
            cudaGetLastError();
        }
    }
    printf("%d of %d programs right\n", run - failed, run);
    return failed || !run;
}

#define PROGRAMS(...)                                                                              \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const program all[] = {__VA_ARGS__};                                                \
        return run_programs(argc, argv, all, sizeof all / sizeof *all);                            \
    }
