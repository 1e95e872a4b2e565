/* Any bytes as PTX: parsed, loaded and run with small budgets. Nothing may crash, nothing outside
 * of the device's memory may be touched. */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "grader/vgpu/exec/exec.h"

static void launch(struct vg_program *p, struct vg_memory *memory, const struct ptx_func *f,
                   bool cooperative)
{
    static const unsigned char params[32768] = {0, 2, 0, 0, 0, 1}; /* a pointer, 0x10000000200 */
    struct vg_result result;
    const struct vg_launch l = {
        .kernel = vg_program_kernel(p, f->name),
        .program = p,
        .memories = &memory,
        .n_devices = 1,
        .grid = {3, 1, 1},
        .block = {40, 1, 1},
        .dynamic_shared = 64,
        .params = params,
        .cooperative = cooperative,
        .order = cooperative ? 5 : 0,
        .workers = 1,
        .isa = cooperative ? VG_PORTABLE : vg_isa_best(),
        .budget = {.warp_instructions = 20000, .wall_ms = 1000, .output_bytes = 256},
    };
    if (l.kernel && vg_run(&l, &result, NULL) != OK)
        result.fault = VG_LAUNCH_FAILURE;
    if (l.kernel)
        vg_result_done(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct ptx_module module;
    struct vg_memory *memory = NULL;
    struct vg_program *program = NULL;
    uint64_t address;
    arena_init(&arena, 16 << 20);
    if (ptx_parse((const char *)data, size, &arena, &module, NULL) != OK ||
        vg_memory_new(&memory, 0, 4 << 20, 1 << 20, NULL) != OK ||
        vg_memory_allocate(memory, 1024, VG_OWNER_MALLOC, NULL, &address, NULL) != OK ||
        vg_program_load(&program, &module, memory, NULL) != OK)
        goto out;
    for (size_t k = 0; k < module.n_funcs && k < 4; k++)
        if (module.funcs[k].entry) {
            launch(program, memory, &module.funcs[k], false);
            launch(program, memory, &module.funcs[k], true);
        }
out:
    vg_program_free(program);
    vg_memory_free(memory);
    arena_done(&arena);
    return 0;
}
