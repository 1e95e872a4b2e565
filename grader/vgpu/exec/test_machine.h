/* What tests of the executor share: PTX text in, memory out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "grader/vgpu/exec/exec.h"

struct machine {
    struct arena arena;
    struct ptx_module module;
    struct vg_memory *memory;
    struct vg_program *program;
    struct vg_launch launch; /* filled with one block of 32 threads; change what matters */
    struct vg_result result;
    uint64_t out; /* OUT_BYTES of device memory, the one parameter of the kernel `k` */
    bool ran;
};

enum { OUT_BYTES = 1 << 16 };

/* A whole module, or the body of `.entry k(.param .u64 out)` with registers %r, %rd, %f, %fd, %p,
 * %h and %rd0 = out, %r0 = %tid.x. Fails the test where the text does not load. */
void machine_load(struct machine *m, const char *module);
void machine_body(struct machine *m, const char *body);
/* The same, but nothing fails: the error's story. */
enum err_code machine_try(struct machine *m, const char *module, struct err *why);
char *machine_module(struct machine *m, const char *body);

/* Runs the launch; a fault is in m->result. */
void machine_run(struct machine *m);
/* Runs it and fails the test on a fault. */
void machine_go(struct machine *m);
uint32_t machine_word(struct machine *m, size_t index); /* of out */
uint64_t machine_long(struct machine *m, size_t index);
void machine_done(struct machine *m);
