/* Benchmarks of the reference: each case is one operation, run by several rungs on the same data.
 *
 * The rungs take turns within a round, so that a busy neighbour slows all of them, and what is
 * reported are medians of a round's time and of its ratios. Beside them run the limits: loops that
 * do nothing but the loads, or the stores, or the fused multiply-adds that the operation cannot do
 * without. A rung's share of the roofline is the time of the slowest of its limits over its own, in
 * the same round; that limit is named. Where a rung is also timed with its data in the first cache,
 * what it takes there is what its instructions alone take. If that is more than the roofline, the
 * instructions bind: then "of its bound" is its share of that, elsewhere it is that of the
 * roofline.
 *
 * A module adds a file bench_MODULE.c with one function, and a line in main.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_RUNGS = 6 };

struct bench_case {
    const char *name;
    double bytes;  /* that one run reads from beyond the caches, for GB/s */
    double flops;  /* of one run; 0 where none are counted */
    size_t loads;  /* what one run cannot do without: bytes read from beyond the caches, */
    size_t stores; /* bytes written to a buffer in the caches, */
    size_t fmas;   /* and float multiply-adds; 0: no such limit */
    uint8_t *out; /* instead of loads and stores: BENCH_COLD_BYTES, to which `stores` bytes go, past
                     the caches as well, while `loads` are read. NULL: the two are limits apart */
    size_t n_rungs;
    struct bench_rung {
        const char *name; /* the first one is the scalar truth */
        void (*run)(void *context, size_t turn);
        void *context;
        void *cached; /* the same with all data in the first cache, to show what the instructions
                         alone allow; NULL: not timed */
    } rungs[BENCH_RUNGS];
};

struct bench {
    int rounds;
    const char *only; /* cases whose name holds it; NULL: all */
    uint8_t *cold;    /* BENCH_COLD_BYTES, more than any cache */
    float *hot;       /* BENCH_HOT_BYTES, less than the first cache */
};
enum { BENCH_COLD_BYTES = 256 << 20, BENCH_HOT_BYTES = 16 << 10 };

/* Window number `turn` of `bytes` of the cold memory: the one that was not touched for longest. */
uint8_t *bench_window(const struct bench *bench, size_t bytes, size_t turn);

/* The same of another memory of that size. */
uint8_t *bench_window_of(uint8_t *memory, size_t bytes, size_t turn);

/* n floats between -1 and 1, at a cache line; the caller frees them. */
float *bench_floats(size_t n);

/* Runs a case and prints a line for each rung. */
void bench_run(const struct bench *bench, const struct bench_case *c);

/* Uses a value as far as the compiler can tell. */
void bench_keep(uint64_t value);

/* Seconds that this thread has run. */
double bench_now(void);

/* ---- limits.c: by the widest instructions of this machine ---- */

/* Reads all bytes of a buffer; the result keeps the compiler from leaving it out. */
uint64_t bench_load(const uint8_t *bytes, size_t n);
/* Writes `bytes` in all, over and over to the hot buffer. */
void bench_store(float *hot, size_t bytes);
/* Reads n bytes while it writes m others, in order, a page of the larger at a time. The stores are
 * ordinary ones: a line that is written is read from memory first, as it is for every rung. */
uint64_t bench_copy(const uint8_t *bytes, size_t n, uint8_t *ret, size_t m);
/* Does about n multiply-adds of floats, in registers. */
float bench_fma(size_t n);

/* ---- modules ---- */

void bench_quant(const struct bench *bench);
void bench_tensor(const struct bench *bench);
void bench_attention(const struct bench *bench);
