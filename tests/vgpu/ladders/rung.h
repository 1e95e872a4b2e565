/* Launches of the kernels of ladders.cu, with their modelled times.
 *
 *     struct rungs r;
 *     rungs_open(&r, "a100/8");
 *     const struct cost_kernel *k = rungs_go(&r, &(struct rung){"saxpy", .grid = {64, 1, 1}, ...});
 *     rungs_close(&r);
 *
 * Registers are ptxas's. Whatever goes wrong ends the program with a story: it is our own code. */
#pragma once

#include "base/arena.h"
#include "grader/vgpu/cost/cost.h"

struct rung {
    const char *name; /* of the kernel */
    uint32_t grid[3], block[3];
    int n, m;
};

enum { RUNG_FLOATS = 1 << 22 }; /* of each of the three buffers */
struct rungs {
    struct arena arena;
    struct ptx_module module;
    struct vg_memory *memory;
    struct vg_program *program;
    struct cost *cost;
    uint64_t *issued, *active; /* of the last launch */
    uint64_t a, b, c;          /* device addresses; a and b hold numbers between -1 and 1 */
    struct vg_launch base;     /* workers, isa and order, for the next launches */
    uint64_t instructions;     /* of lanes, in the last launch */
};

void rungs_open(struct rungs *r, const char *profile);
/* Another module whose kernels have the same signature; registers are then estimates. */
void rungs_open_text(struct rungs *r, const char *profile, const char *text);
void rungs_close(struct rungs *r);

/* Runs it with empty caches; the result is the model's, until the next launch. */
const struct cost_kernel *rungs_go(struct rungs *r, const struct rung *rung);
/* Without the model, but with r->base's watchers. */
void rungs_run(struct rungs *r, const struct rung *rung);
/* Value `index` of c. */
float rungs_result(struct rungs *r, size_t index);
