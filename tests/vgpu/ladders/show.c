/* Prints the ladders: for docs/virtual-gpu.md, and for those who change the model.
 *
 *     show_ladders [PROFILE [SGEMM_SIZE]] */
#include <stdio.h>
#include <stdlib.h>

#include "tests/vgpu/ladders/ladders.h"

static void show(struct rungs *r, const struct ladder *l)
{
    double ns[LADDER_RUNGS];
    struct cost_kernel kernels[LADDER_RUNGS];
    for (size_t i = 0; i < l->n; i++) {
        kernels[i] = *rungs_go(r, &l->rungs[i]);
        ns[i] = kernels[i].ns;
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct cost_kernel *k = &kernels[i];
        printf("%-16s %10.1f us %7.2f  occ %3.0f%%  regs %3u ", k->name, ns[i] / 1e3,
               ns[i] / ns[l->n - 1], 100 * k->occupancy, k->registers);
        for (int t = 0; t < COST_TERMS; t++)
            printf(" %s%.0f", t == (int)k->bound ? "*" : "", k->cycles[t]);
        printf("  %s; L1 %.0f%% L2 %.0f%% DRAM %.2f MB\n", cost_term_text(k->bound),
               k->l1_sectors ? 100.0 * (double)k->l1_hits / (double)k->l1_sectors : 0.0,
               k->l2_sectors ? 100.0 * (double)k->l2_hits / (double)k->l2_sectors : 0.0,
               (double)(k->dram_read + k->dram_written) / 1e6);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    struct rungs r;
    rungs_open(&r, argc > 1 ? argv[1] : "a100/8");
    const struct ladder ladders[] = {ladder_sgemm(argc > 2 ? atoi(argv[2]) : 512), ladder_sum(),
                                     ladder_transpose(), ladder_softmax()};
    for (size_t i = 0; i < sizeof(ladders) / sizeof(*ladders); i++)
        show(&r, &ladders[i]);
    rungs_close(&r);
    return 0;
}
