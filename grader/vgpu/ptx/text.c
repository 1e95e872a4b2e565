/* Names for people, and the learner's own lines. */
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/ptx/ptx.h"

const char *ptx_op_text(enum ptx_op op)
{
    static const char *const texts[] = {
#define OP(name, text) text,
#include "grader/vgpu/ptx/opcode.def"
#undef OP
    };
    return op < PTX_OPS ? texts[op] : "?";
}

const char *ptx_mod_text(enum ptx_mod mod)
{
    static const char *const texts[] = {
#define MOD(name, text) text,
#include "grader/vgpu/ptx/modifier.def"
#undef MOD
    };
    return mod < PTX_MODS ? texts[mod] : "?";
}

const char *ptx_type_text(enum ptx_type type)
{
    static const char *const texts[] = {
#define TYPE(name, text, bits) text,
#include "grader/vgpu/ptx/type.def"
#undef TYPE
    };
    return type < PTX_TYPES ? texts[type] : "?";
}

const char *ptx_sreg_text(enum ptx_sreg sreg)
{
    static const char *const texts[] = {
#define SREG(name, text) text,
#include "grader/vgpu/ptx/sreg.def"
#undef SREG
    };
    return sreg < PTX_SREGS ? texts[sreg] : "?";
}

unsigned ptx_type_bits(enum ptx_type type)
{
    static const uint8_t bits[] = {
#define TYPE(name, text, bits) bits,
#include "grader/vgpu/ptx/type.def"
#undef TYPE
    };
    return type < PTX_TYPES ? bits[type] : 0;
}

bool ptx_has(const struct ptx_instr *i, enum ptx_mod mod)
{
    for (unsigned m = 0; m < i->n_mods; m++)
        if (i->mods[m] == mod)
            return true;
    return false;
}

enum ptx_space ptx_instr_space(const struct ptx_instr *i)
{
    for (unsigned m = 0; m < i->n_mods; m++) {
        switch ((enum ptx_mod)i->mods[m]) {
        case MOD_CONST:
            return PTX_CONST;
        case MOD_GLOBAL:
            return PTX_GLOBAL;
        case MOD_LOCAL:
            return PTX_LOCAL;
        case MOD_PARAM:
        case MOD_PARAM__ENTRY:
        case MOD_PARAM__FUNC:
            return PTX_PARAM;
        case MOD_SHARED:
        case MOD_SHARED__CTA:
            return PTX_SHARED;
        default: /* the other two hundred say nothing about it */
            break;
        }
    }
    return PTX_GENERIC;
}

void ptx_instr_name(const struct ptx_instr *i, char *ret, size_t size)
{
    size_t n = (size_t)snprintf(ret, size, "%s", ptx_op_text((enum ptx_op)i->op));
    for (unsigned m = 0; m < i->n_mods && n < size; m++)
        n += (size_t)snprintf(ret + n, size - n, ".%s", ptx_mod_text((enum ptx_mod)i->mods[m]));
    for (unsigned t = 0; t < i->n_types && n < size; t++)
        n += (size_t)snprintf(ret + n, size - n, ".%s", ptx_type_text((enum ptx_type)i->types[t]));
}

bool ptx_source(const struct ptx_module *m, const struct ptx_instr *i, const char **ret_file,
                uint32_t *ret_line)
{
    uint32_t loc = i->loc;
    if (loc == 0)
        return false;
    while (m->locs[loc].inlined_at) /* always a smaller number, so this ends */
        loc = m->locs[loc].inlined_at;
    const uint32_t file = m->locs[loc].file;
    if (file >= m->n_files || !m->files[file] || m->locs[loc].line == 0)
        return false;
    *ret_file = m->files[file];
    *ret_line = m->locs[loc].line;
    return true;
}
