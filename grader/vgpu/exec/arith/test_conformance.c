/* Every instruction that conformance.def spells out is found, and gives the same bits on every
 * instruction set of this host. `test_arith_conformance --ptx` prints them as a module for ptxas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "grader/vgpu/exec/arith/test_bench.h"

static const struct {
    const char *section, *name, *operands;
} syntax[] = {
#define SYNTAX(section, name, operands) {section, name, operands},
#include "grader/vgpu/exec/arith/conformance.def"
#undef SYNTAX
};

enum { NAME_MAX_BYTES = 256 };

/* One register of the letter, the `number`-th that the instruction names. */
static void add_register(struct str *s, char letter, unsigned number)
{
    if (letter == 'i')
        str_printf(s, "0x96");
    else
        str_printf(s, "%%%c%u", letter, number);
}

/* "[w*4], w" becomes "{%w0, %w1, %w2, %w3}, %w4". */
static void add_operands(struct str *s, const char *operands)
{
    unsigned number = 0;
    for (const char *at = operands; *at != '\0'; at++) {
        if (*at == '[' || *at == ']') {
            str_printf(s, "%c", *at == '[' ? '{' : '}');
        } else if (strchr("pbhewfdFi", *at) == NULL) {
            str_printf(s, "%c", *at);
        } else {
            const unsigned count = at[1] == '*' ? (unsigned)(at[2] - '0') : 1;
            for (unsigned k = 0; k < count; k++) {
                str_printf(s, "%s", k > 0 ? ", " : "");
                add_register(s, *at, number++);
            }
            at += at[1] == '*' ? 2 : 0;
        }
    }
}

/* Opens the first braces of a name, one alternative after the other. */
static void add_expanded(struct str *s, const char *name, const char *operands)
{
    const char *const open = strchr(name, '{');
    if (open == NULL) {
        str_printf(s, "%s ", name);
        add_operands(s, operands);
        str_printf(s, ";\n");
        return;
    }
    const char *const close = strchr(open, '}');
    for (const char *at = open + 1; at <= close; at += strcspn(at, ",}") + 1) {
        char one[NAME_MAX_BYTES];
        snprintf(one, sizeof one, "%.*s%.*s%s", (int)(open - name), name, (int)strcspn(at, ",}"),
                 at, close + 1);
        add_expanded(s, one, operands);
    }
}

static void write_body(struct str *s)
{
    str_init(s, 16 << 20);
    for (size_t k = 0; k < sizeof syntax / sizeof *syntax; k++)
        add_expanded(s, syntax[k].name, syntax[k].operands);
}

static void every_instruction_is_found(void **state)
{
    (void)state;
    struct str body;
    struct bench b;
    write_body(&body);
    bench_open(&b, body.text);
    struct bench_run r;
    unsigned missing = 0;
    for (size_t k = 0; k < b.func->n_instrs; k++) {
        char name[NAME_MAX_BYTES];
        ptx_instr_name(&b.func->instrs[k], name, sizeof name);
        if (!bench_find(&b, k, &r) && ++missing <= 20)
            print_error("no handler: %s\n", name);
    }
    print_message("%zu instructions, %u of them without a handler\n", b.func->n_instrs, missing);
    assert_int_equal(missing, 0);
    bench_close(&b);
    str_done(&body);
}

static void fill(struct bench_run *r, uint64_t *state)
{
    for (unsigned k = 0; k < r->insn.n_operands; k++)
        for (unsigned l = 0; l < VG_WARP; l++)
            bench_set(r, k, l, bench_special(state, bench_letter(r, k)));
    uint32_t carries = (uint32_t)bench_random(state);
    memcpy(r->frame, &carries, sizeof carries);
}

static void compare_sets(const struct bench_run *start, uint32_t mask, const char *name)
{
    static struct bench_run portable, other;
    portable = *start;
    bench_execute(&portable, VG_PORTABLE, mask);
    for (int isa = VG_AVX2; isa <= (int)vg_isa_best(); isa++) {
        other = *start;
        bench_execute(&other, (enum vg_isa)isa, mask);
        if (memcmp(portable.frame, other.frame, sizeof other.frame) == 0)
            continue;
        for (unsigned l = 0; l < VG_WARP; l++)
            if (bench_get(&portable, 0, l) != bench_get(&other, 0, l))
                fail_msg("%s, lane %u: 0x%llx portable, 0x%llx on set %d; 0x%llx 0x%llx", name, l,
                         (unsigned long long)bench_get(&portable, 0, l),
                         (unsigned long long)bench_get(&other, 0, l), isa,
                         (unsigned long long)bench_get(&other, 1, l),
                         (unsigned long long)bench_get(&other, 2, l));
        fail_msg("%s: another operand than the first differs", name);
    }
}

/* Lanes outside of the mask keep all their registers. */
static void check_mask(const struct bench_run *start, uint32_t mask, const char *name)
{
    static struct bench_run before, after;
    before = after = *start;
    bench_execute(&after, vg_isa_best(), mask);
    for (unsigned k = 0; k < start->insn.n_operands; k++)
        for (unsigned l = 0; l < VG_WARP; l++) {
            const bool kept = bench_get(&before, k, l) == bench_get(&after, k, l);
            if (!kept && (k >= start->insn.n_results || !(mask >> l & 1)))
                fail_msg("%s: operand %u of lane %u changed, mask 0x%x", name, k, l, mask);
        }
}

static void all_instruction_sets_agree(void **state)
{
    (void)state;
    struct str body;
    struct bench b;
    write_body(&body);
    bench_open(&b, body.text);
    uint64_t seed = 1;
    static struct bench_run r;
    for (size_t k = 0; k < b.func->n_instrs; k++) {
        char name[NAME_MAX_BYTES];
        ptx_instr_name(&b.func->instrs[k], name, sizeof name);
        assert_true(bench_find(&b, k, &r));
        for (int round = 0; round < 6; round++) {
            const uint32_t mask = round < 3 ? UINT32_MAX : (uint32_t)bench_random(&seed) | 1;
            fill(&r, &seed);
            compare_sets(&r, mask, name);
            check_mask(&r, mask, name);
        }
    }
    bench_close(&b);
    str_done(&body);
}

/* What is no instruction of sm_80, or not ours, is refused, so that the decoder names it. */
static void others_are_refused(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, "add.rn.s32 %w0, %w1, %w2;\n"
                   "add.sat.u32 %w0, %w1, %w2;\n"
                   "add.s32 %w0, %w1;\n"
                   "add.s32 %d0, %w1, %w2;\n"
                   "add.s64 %d0, %d1, %w2;\n"
                   "mul.wide.u64 %d0, %d1, %d2;\n"
                   "fma.f32 %f0, %f1, %f2, %f3;\n"
                   "div.f32 %f0, %f1, %f2;\n"
                   "cvt.f32.s32 %f0, %w1;\n"
                   "cvt.rn.f64.f32 %F0, %f1;\n"
                   "cvt.s32.f32 %w0, %f1;\n"
                   "cvt.u64.u32 %w0, %w1;\n"
                   "cvt.u32.u64 %w0, %w1;\n"
                   "setp.lo.s32 %p0, %w1, %w2;\n"
                   "mov.u32 %w0, %tid.x;\n"
                   "mov.b64 %d0, {%h0, %h1};\n"
                   "mma.sync.aligned.m16n8k8.row.row.f32.f16.f16.f32 {%f0,%f1,%f2,%f3}, {%w0,%w1},"
                   " {%w2}, {%f4,%f5,%f6,%f7};\n"
                   "add.s32 5, %w1, %w2;\n");
    struct bench_run r;
    for (size_t k = 0; k < b.func->n_instrs; k++)
        if (bench_find(&b, k, &r))
            fail_msg("instruction %zu was found", k);
    bench_close(&b);
}

static int print_ptx(void)
{
    struct str body;
    write_body(&body);
    printf(".version 9.0\n.target sm_90\n.address_size 64\n.visible .entry k()\n{\n"
           ".reg .pred %%p<32>;\n.reg .b8 %%b<32>;\n.reg .b16 %%h<32>;\n.reg .b16 %%e<32>;\n"
           ".reg .b32 %%w<32>;\n.reg .f32 %%f<32>;\n.reg .b64 %%d<32>;\n.reg .f64 %%F<32>;\n%s}\n",
           body.text);
    str_done(&body);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--ptx") == 0)
        return print_ptx();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_is_found),
        cmocka_unit_test(all_instruction_sets_agree),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests_name("arith conformance", tests, NULL, NULL);
}
