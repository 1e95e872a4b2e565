/* Any bytes as PTX: a module within its bounds, or one story. */
#include <assert.h>
#include <string.h>

#include "grader/vgpu/ptx/ptx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 16 << 20);
    struct ptx_module m;
    struct err why = {0};
    if (ptx_parse((const char *)data, size, &arena, &m, &why) == OK) {
        for (size_t f = 0; f < m.n_funcs; f++) {
            for (size_t i = 0; i < m.funcs[f].n_instrs; i++) {
                const struct ptx_instr *instr = &m.funcs[f].instrs[i];
                const char *file;
                uint32_t line;
                char name[64];
                ptx_instr_name(instr, name, sizeof(name));
                ptx_source(&m, instr, &file, &line);
                for (unsigned o = 0; o < instr->n_operands; o++)
                    if (instr->operands[o].kind == OPERAND_LABEL)
                        assert(instr->operands[o].index <= m.funcs[f].n_instrs);
            }
        }
    } else {
        assert(strncmp(why.text, "PTX line ", 9) == 0);
    }
    arena_done(&arena);
    return 0;
}
