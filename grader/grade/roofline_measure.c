/* The measuring itself, with the widest vectors that this processor and its kernel allow. Compiled
 * with -O2 and without sanitizers in every build (CMakeLists.txt): it measures the core, not us. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "grader/grade/roofline.h"

enum {
    FMA_CHAINS = 12, /* latency 4 times 2 a cycle, and some; all of them fit the registers */
    FMA_ROUNDS = 100000,
    READ_STEP = 1024, /* bytes; sizes are multiples of it */
    TRIES = 12,       /* the best one counts: others were disturbed */
    MEMORY_TRIES = 8,
    WARM_UP_MS = 20,
};
static const size_t MEMORY_BYTES = 128 << 20, CHUNK_BYTES = 16 << 20;
/* A guest is often told the sum of all slices of its host; one slice is what a core has. */
static const size_t L3_MAX = 32 << 20;

struct kernels {
    float (*fma)(int64_t rounds);
    int lanes;
    int64_t (*read)(const void *bytes, size_t size);
};

#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define CHAIN_START(i) x##i = zero + (float)(1 + (i));
#define CHAIN_NEXT(i)  x##i = FMA(x##i, factor, term);
#define CHAIN_ADD(i)   sum += x##i;

/* Values go towards 1 and stay there: no denormals, no overflow. */
#define FMA_BODY(vector)                                                                           \
    const vector zero = {0}, factor = zero + 0.5f, term = zero + 0.5f;                             \
    vector x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, sum = zero;                           \
    EACH_CHAIN(CHAIN_START)                                                                        \
    for (int64_t i = 0; i < rounds; i++) {                                                         \
        EACH_CHAIN(CHAIN_NEXT)                                                                     \
    }                                                                                              \
    EACH_CHAIN(CHAIN_ADD)                                                                          \
    return sum[0]

/* Exclusive ors are the cheapest use that every byte can have. */
#define READ_BODY(vector)                                                                          \
    const vector *v = bytes;                                                                       \
    vector a = {0}, b = a, c = a, d = a;                                                           \
    for (size_t i = 0; i < size / sizeof *v; i += 8) {                                             \
        a ^= v[i] ^ v[i + 4];                                                                      \
        b ^= v[i + 1] ^ v[i + 5];                                                                  \
        c ^= v[i + 2] ^ v[i + 6];                                                                  \
        d ^= v[i + 3] ^ v[i + 7];                                                                  \
    }                                                                                              \
    a ^= b ^ c ^ d;                                                                                \
    return a[0]

typedef float floats16 __attribute__((vector_size(16)));
typedef int64_t ints16 __attribute__((vector_size(16)));

#if defined(__x86_64__)
typedef float floats64 __attribute__((vector_size(64)));
typedef int64_t ints64 __attribute__((vector_size(64)));
typedef float floats32 __attribute__((vector_size(32)));
typedef int64_t ints32 __attribute__((vector_size(32)));

#define FMA(x, m, a) _mm512_fmadd_ps(x, m, a)
__attribute__((target("avx512f"))) static float fma_avx512(int64_t rounds)
{
    FMA_BODY(floats64);
}
#undef FMA
__attribute__((target("avx512f"))) static int64_t read_avx512(const void *bytes, size_t size)
{
    READ_BODY(ints64);
}

#define FMA(x, m, a) _mm256_fmadd_ps(x, m, a)
__attribute__((target("avx2,fma"))) static float fma_avx2(int64_t rounds)
{
    FMA_BODY(floats32);
}
#undef FMA
__attribute__((target("avx2,fma"))) static int64_t read_avx2(const void *bytes, size_t size)
{
    READ_BODY(ints32);
}
#endif

#if defined(__aarch64__)
#define FMA(x, m, a) vfmaq_f32(a, x, m)
#else
#define FMA(x, m, a) ((x) * (m) + (a))
#endif
static float fma_16(int64_t rounds)
{
    FMA_BODY(floats16);
}
static int64_t read_16(const void *bytes, size_t size)
{
    READ_BODY(ints16);
}

static struct kernels widest(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return (struct kernels){fma_avx512, 16, read_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (struct kernels){fma_avx2, 8, read_avx2};
#endif
    return (struct kernels){fma_16, 4, read_16};
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double flops_per_second(const struct kernels *k)
{
    volatile float sink;
    double best = INFINITY;
    const double warm = now_s() + WARM_UP_MS * 1e-3;
    while (now_s() < warm)
        sink = k->fma(FMA_ROUNDS / 10);
    for (int i = 0; i < TRIES; i++) {
        const double start = now_s();
        sink = k->fma(FMA_ROUNDS);
        best = fmin(best, now_s() - start);
    }
    (void)sink;
    return 2.0 * k->lanes * FMA_CHAINS * FMA_ROUNDS / best;
}

static double bytes_per_second(const struct kernels *k, const void *bytes, size_t size, int tries)
{
    volatile int64_t sink;
    const size_t passes = size < CHUNK_BYTES ? CHUNK_BYTES / size : 1;
    double best = INFINITY;
    for (int i = 0; i < tries; i++) {
        const double start = now_s();
        for (size_t p = 0; p < passes; p++)
            sink = k->read(bytes, size);
        best = fmin(best, now_s() - start);
    }
    (void)sink;
    return (double)(passes * size) / best;
}

/* Of the system's word for a size; `otherwise` where it has none. */
static size_t cache_bytes(int name, size_t otherwise)
{
    const long bytes = sysconf(name);
    return bytes > 2 * READ_STEP ? (size_t)bytes : otherwise;
}

static void add_level(struct roofline *r, const struct kernels *k, const char *name,
                      const void *bytes, size_t fits)
{
    const size_t half = fits / 2 / READ_STEP * READ_STEP;
    if (fits == 0)
        return;
    r->levels[r->n_levels++] =
        (struct roofline_level){name, (double)fits, bytes_per_second(k, bytes, half, TRIES) * 1e-9};
}

enum err_code roofline_measure(struct roofline *ret, struct err *why)
{
    const struct kernels k = widest();
    const size_t l3 = cache_bytes(_SC_LEVEL3_CACHE_SIZE, 0);
    struct roofline r = {.n_levels = 0};
    void *bytes =
        mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return err_set(why, ERR_NOMEM, "no memory to measure its bandwidth with");
    memset(bytes, 1, MEMORY_BYTES); /* else all of it is one page of zeros */
    r.peak_gflops = flops_per_second(&k) * 1e-9;
    add_level(&r, &k, "L1", bytes, cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10));
    add_level(&r, &k, "L2", bytes, cache_bytes(_SC_LEVEL2_CACHE_SIZE, 256 << 10));
    add_level(&r, &k, "L3", bytes, l3 < L3_MAX ? l3 : L3_MAX);
    r.levels[r.n_levels++] = (struct roofline_level){
        "memory", INFINITY, bytes_per_second(&k, bytes, MEMORY_BYTES, MEMORY_TRIES) * 1e-9};
    munmap(bytes, MEMORY_BYTES);
    *ret = r;
    return OK;
}
