/* bench_reference [MODULE [CASE]]: the kernels of the reference, rung by rung. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/reference/bench.h"

static const struct {
    const char *name;
    void (*run)(const struct bench *);
} modules[] = {
    {"quant", bench_quant},
    {"tensor", bench_tensor},
    {"attention", bench_attention},
};
enum { MODULES = sizeof modules / sizeof modules[0], ROUNDS = 15 };

static void print_machine(const struct bench *bench)
{
    const size_t stores = 1000000000, fmas = 200000000;
    const double start = bench_now();
    bench_keep(bench_load(bench->cold, BENCH_COLD_BYTES));
    const double loaded = bench_now();
    bench_store(bench->hot, stores);
    const double stored = bench_now();
    bench_keep((uint64_t)bench_fma(fmas));
    const double done = bench_now();
    printf("one core: reads %.1f GB/s from beyond the caches, stores %.1f GB/s to the first one, "
           "%.1f GFLOP/s of multiply-adds\n",
           BENCH_COLD_BYTES / (loaded - start) * 1e-9, (double)stores / (stored - loaded) * 1e-9,
           2.0 * (double)fmas / (done - stored) * 1e-9);
}

int main(int argc, char **argv)
{
    struct bench bench = {.rounds = ROUNDS, .only = argc > 2 ? argv[2] : NULL};
    int found = 0;
    bench.cold = aligned_alloc(4096, BENCH_COLD_BYTES);
    bench.hot = aligned_alloc(4096, BENCH_HOT_BYTES);
    if (!bench.cold || !bench.hot) {
        fprintf(stderr, "bench_reference: no %d MiB of memory\n", BENCH_COLD_BYTES >> 20);
        return EXIT_FAILURE;
    }
    memset(bench.cold, 1, BENCH_COLD_BYTES);
    memset(bench.hot, 1, BENCH_HOT_BYTES);
    print_machine(&bench);
    for (int m = 0; m < MODULES; m++)
        if (argc < 2 || strcmp(argv[1], modules[m].name) == 0) {
            modules[m].run(&bench);
            found++;
        }
    free(bench.cold);
    free(bench.hot);
    if (found == 0)
        fprintf(stderr, "bench_reference: no module %s\n", argv[1]);
    return found > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
