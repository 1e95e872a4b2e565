#include "grader/vgpu/exec/test_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

char *machine_module(struct machine *m, const char *body)
{
    return arena_printf(&m->arena,
                        ".version 9.0\n.target sm_80\n.address_size 64\n"
                        ".visible .entry k(.param .u64 out)\n{\n"
                        ".reg .b32 %%r<64>;\n.reg .b64 %%rd<64>;\n.reg .f32 %%f<32>;\n"
                        ".reg .f64 %%fd<16>;\n.reg .pred %%p<16>;\n.reg .b16 %%h<16>;\n"
                        "ld.param.u64 %%rd0, [out];\nmov.u32 %%r0, %%tid.x;\n%s\n}\n",
                        body);
}

enum err_code machine_try(struct machine *m, const char *module, struct err *why)
{
    if (!m->memory) {
        memset(m, 0, sizeof *m);
        arena_init(&m->arena, 64 << 20);
        if (vg_memory_new(&m->memory, 0, 256 << 20, 64 << 20, why) != OK)
            fail_msg("%s", why->text);
    }
    enum err_code rc = ptx_parse(module, strlen(module), &m->arena, &m->module, why);
    if (rc == OK)
        rc = vg_program_load(&m->program, &m->module, m->memory, why);
    return rc;
}

void machine_load(struct machine *m, const char *module)
{
    struct err why;
    if (machine_try(m, module, &why) != OK)
        fail_msg("%s", why.text);
    if (vg_memory_allocate(m->memory, OUT_BYTES, VG_OWNER_MALLOC, NULL, &m->out, &why) != OK)
        fail_msg("%s", why.text);
    m->launch = (struct vg_launch){
        .kernel = vg_program_kernel(m->program, "k"),
        .program = m->program,
        .memories = &m->memory,
        .n_devices = 1,
        .grid = {1, 1, 1},
        .block = {32, 1, 1},
        .params = &m->out,
        .workers = 1,
        .isa = vg_isa_best(),
        .budget = {.warp_instructions = 10000000, .wall_ms = 60000, .output_bytes = 4096},
        .sms = 8,
    };
    assert_non_null(m->launch.kernel);
}

void machine_body(struct machine *m, const char *body)
{
    memset(m, 0, sizeof *m);
    arena_init(&m->arena, 64 << 20);
    struct err why;
    if (vg_memory_new(&m->memory, 0, 256 << 20, 64 << 20, &why) != OK)
        fail_msg("%s", why.text);
    machine_load(m, machine_module(m, body));
}

void machine_run(struct machine *m)
{
    struct err why;
    if (m->ran)
        vg_result_done(&m->result);
    m->ran = true;
    if (vg_run(&m->launch, &m->result, &why) != OK)
        fail_msg("%s", why.text);
}

void machine_go(struct machine *m)
{
    machine_run(m);
    if (m->result.fault != VG_FINE)
        fail_msg("fault %d: %s", m->result.fault, m->result.text);
}

uint32_t machine_word(struct machine *m, size_t index)
{
    uint32_t word = 0;
    struct err why;
    if (vg_memory_read(m->memory, &word, m->out + 4 * index, 4, &why) != OK)
        fail_msg("%s", why.text);
    return word;
}

uint64_t machine_long(struct machine *m, size_t index)
{
    return machine_word(m, 2 * index) | (uint64_t)machine_word(m, 2 * index + 1) << 32;
}

void machine_done(struct machine *m)
{
    if (m->ran)
        vg_result_done(&m->result);
    vg_program_free(m->program);
    vg_memory_free(m->memory);
    arena_done(&m->arena);
}
