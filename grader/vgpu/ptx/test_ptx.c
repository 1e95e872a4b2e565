#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "grader/vgpu/ptx/ptx.h"

#define HEAD ".version 9.0\n.target sm_80\n.address_size 64\n"

struct parsed {
    struct arena arena;
    struct ptx_module m;
    struct err why;
    enum err_code rc;
};

static struct parsed *parse(const char *text)
{
    struct parsed *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    arena_init(&p->arena, 64 << 20);
    p->rc = ptx_parse(text, strlen(text), &p->arena, &p->m, &p->why);
    return p;
}

static struct parsed *parse_good(const char *text)
{
    struct parsed *p = parse(text);
    if (p->rc != OK)
        fail_msg("%s", p->why.text);
    return p;
}

static void done(struct parsed *p)
{
    arena_done(&p->arena);
    free(p);
}

static const struct ptx_instr *instr_of(const struct parsed *p, size_t i)
{
    assert_true(i < p->m.funcs[0].n_instrs);
    return &p->m.funcs[0].instrs[i];
}

static void names_modifiers_and_types(void **state)
{
    (void)state;
    static const char *const names[] = {
        "shfl.sync.bfly.b32",
        "ld.global.nc.L1::no_allocate.L2::256B.v4.f32",
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32",
        "atom.global.acq_rel.gpu.add.noftz.f16x2",
        "setp.neu.and.f32",
        "cvt.rn.satfinite.e4m3x2.f32",
        "min.xorsign.abs.f32",
        "bar.red.popc.u32",
        "vote.sync.ballot.b32",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char text[256];
        snprintf(text, sizeof(text), HEAD ".entry k() { %s; }", names[i]);
        struct parsed *p = parse_good(text);
        char name[96], sorted[96];
        ptx_instr_name(instr_of(p, 0), name, sizeof(name));
        /* Names come back with types behind modifiers, which is the same set of parts. */
        snprintf(sorted, sizeof(sorted), "%s", names[i]);
        assert_int_equal(strlen(name), strlen(sorted));
        for (char *part = strtok(sorted, "."); part; part = strtok(NULL, "."))
            if (!strstr(name, part))
                fail_msg("%s lost %s: %s", names[i], part, name);
        done(p);
    }
}

static void operands_are_what_they_are(void **state)
{
    (void)state;
    struct parsed *p =
        parse_good(HEAD ".global .align 4 .b8 g[64];\n"
                        ".entry k(.param .u64 a) {\n"
                        ".reg .pred %p<3>; .reg .b32 %r<12>, one; .reg .b64 %rd<3>;\n"
                        "ld.param.u64 %rd1, [a+0];\n"
                        "shfl.sync.bfly.b32 %r11|%p1, %r2, -1, 0x1f, -1;\n"
                        "@!%p2 ld.global.v2.b32 {%r1, _}, [%rd1+-8];\n"
                        "mov.u64 %rd2, g+16;\n"
                        "mov.u32 one, %tid.x;\n"
                        "fma.rn.f32 %r1, %r2, 0f3F800000, 0.5;\n"
                        "vadd.s32.u32.u32 %r1, %r2.b1, %r3.h1, %r4;\n"
                        "}");
    const struct ptx_func *f = &p->m.funcs[0];
    assert_int_equal(f->n_regs, 3 + 12 + 1 + 3);
    assert_int_equal(f->params[0].bytes, 8);

    const struct ptx_operand *o = instr_of(p, 0)->operands;
    assert_int_equal(o[1].kind, OPERAND_MEMORY);
    assert_int_equal(o[1].base, OPERAND_VAR);
    assert_true(o[1].local);

    o = instr_of(p, 1)->operands;
    assert_int_equal(o[0].kind, OPERAND_PAIR);
    assert_int_equal(f->elements[o[0].index].index, 3 + 11);
    assert_int_equal(f->elements[o[0].index + 1].index, 1);
    assert_true(o[2].bits == UINT64_MAX);

    o = instr_of(p, 2)->operands;
    assert_true(instr_of(p, 2)->guarded && instr_of(p, 2)->guard_negated);
    assert_int_equal(instr_of(p, 2)->guard, 2);
    assert_int_equal(o[0].count, 2);
    assert_int_equal(f->elements[o[0].index + 1].kind, OPERAND_SINK);
    assert_int_equal(o[1].base, OPERAND_REG);
    assert_int_equal(o[1].offset, -8);

    o = instr_of(p, 3)->operands;
    assert_int_equal(o[1].kind, OPERAND_VAR);
    assert_false(o[1].local);
    assert_int_equal(o[1].offset, 16);

    o = instr_of(p, 4)->operands;
    assert_int_equal(o[0].index, 15);
    assert_int_equal(o[1].kind, OPERAND_SREG);
    assert_int_equal(o[1].index, SREG_TID_X);

    o = instr_of(p, 5)->operands;
    assert_int_equal(o[2].kind, OPERAND_F32);
    assert_int_equal(o[2].bits, 0x3f800000);
    assert_int_equal(o[3].kind, OPERAND_F64);

    o = instr_of(p, 6)->operands;
    assert_int_equal(o[1].count, MOD_B1 + 1);
    assert_int_equal(o[2].count, MOD_H1 + 1);
    done(p);
}

/* Inline assembly repeats labels and registers in braces of its own. */
static void names_live_in_their_braces(void **state)
{
    (void)state;
    struct parsed *p =
        parse_good(HEAD ".entry k() { .reg .pred p; .reg .b32 x;\n"
                        "{ .reg .pred p; WAIT: add.s32 x, x, 1; @p bra WAIT; @p bra OUT; }\n"
                        "{ .reg .pred p; WAIT: add.s32 x, x, 2; @p bra WAIT; }\n"
                        "@p bra OUT;\n"
                        "OUT: ret; }");
    assert_int_equal(instr_of(p, 1)->operands[0].index, 0);
    assert_int_equal(instr_of(p, 2)->operands[0].index, 6);
    assert_int_equal(instr_of(p, 4)->operands[0].index, 3);
    assert_int_equal(instr_of(p, 5)->operands[0].index, 6);
    assert_int_not_equal(instr_of(p, 1)->guard, instr_of(p, 4)->guard);
    assert_int_equal(instr_of(p, 5)->guard, 0);
    done(p);
}

static void calls_have_four_places(void **state)
{
    (void)state;
    struct parsed *p =
        parse_good(HEAD ".extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n"
                        ".func two() ;\n"
                        ".entry k() { .reg .b64 %rd<3>;\n"
                        "{ .param .b64 p0; .param .b64 p1; .param .b32 out;\n"
                        "call.uni (out), vprintf, (p0, p1); }\n"
                        "call.uni two;\n"
                        "proto: .callprototype (.param .b32 _) _ (.param .b64 _);\n"
                        "{ .param .b64 p0; .param .b32 out; call (out), %rd1, (p0), proto; }\n"
                        "ret; }\n"
                        ".func two() { ret; }");
    assert_int_equal(p->m.n_funcs, 3);
    const struct ptx_func *f = &p->m.funcs[2];
    assert_int_equal(f->instrs[0].operands[0].count, 1);
    assert_int_equal(f->instrs[0].operands[1].kind, OPERAND_FUNC);
    assert_int_equal(f->instrs[0].operands[1].index, 0);
    assert_int_equal(f->instrs[0].operands[2].count, 2);
    assert_int_equal(f->instrs[1].operands[1].index, 1);
    assert_int_equal(f->instrs[2].operands[1].kind, OPERAND_REG);
    assert_int_equal(f->instrs[2].operands[3].kind, OPERAND_TABLE);
    assert_int_equal(f->tables[0].n_params, 1);
    assert_false(p->m.funcs[1].external);
    assert_int_equal(p->m.funcs[1].n_instrs, 1);
    done(p);
}

static void tables_hold_instructions(void **state)
{
    (void)state;
    struct parsed *p = parse_good(HEAD ".entry k() { .reg .b32 %r<2>;\n"
                                       "T: .branchtargets A, B, A;\n"
                                       "brx.idx %r1, T;\n"
                                       "A: add.s32 %r1, %r1, 1;\n"
                                       "B: ret; }");
    const struct ptx_table *t = &p->m.funcs[0].tables[0];
    assert_int_equal(t->n_targets, 3);
    assert_int_equal(t->targets[0], 1);
    assert_int_equal(t->targets[1], 2);
    assert_int_equal(t->targets[2], 1);
    assert_int_equal(instr_of(p, 0)->operands[1].kind, OPERAND_TABLE);
    done(p);
}

static void first_values_become_bytes(void **state)
{
    (void)state;
    struct parsed *p = parse_good(
        HEAD ".global .align 4 .u32 a[2][2] = {{1}, {3, -1}};\n"
             ".const .f32 f[2] = {0f3F800000, 2.0};\n"
             ".global .align 8 .u64 q[2] = {generic(a)+4, a};\n"
             ".global .align 8 .b8 m[4] = {7, 0xff(generic(a)), 0xff00(generic(a)), 9};\n");
    static const uint8_t a[] = {1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255};
    assert_memory_equal(p->m.vars[0].init, a, sizeof(a));
    static const uint8_t f[] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40};
    assert_memory_equal(p->m.vars[1].init, f, sizeof(f));
    const struct ptx_var *q = &p->m.vars[2];
    assert_int_equal(q->n_relocations, 2);
    assert_int_equal(q->relocations[0].addend, 4);
    assert_true(q->relocations[0].generic);
    assert_int_equal(q->relocations[1].at, 8);
    const struct ptx_var *m = &p->m.vars[3];
    assert_int_equal(m->n_relocations, 2);
    assert_int_equal(m->relocations[1].at, 2);
    assert_int_equal(m->relocations[1].shift, 8);
    assert_int_equal(m->relocations[1].bytes, 1);
    done(p);
}

/* Code from a header is the learner's line that called it, however deep. */
static void inlined_code_is_the_callers_line(void **state)
{
    (void)state;
    struct parsed *p =
        parse_good(HEAD ".entry k() { .reg .b32 r;\n"
                        ".loc 1 6 2\n add.s32 r, r, 1;\n"
                        ".loc 2 40 9, function_name $L__i0, inlined_at 1 6 2\n"
                        "add.s32 r, r, 2;\n"
                        ".loc 3 7 1, function_name $L__i0+12, inlined_at 2 40 9\n"
                        "add.s32 r, r, 3; }\n"
                        ".file 1 \"my.cu\"\n.file 2 \"a.hpp\", 1, 2\n"
                        ".file 3 \"b.hpp\"\n.section .debug_str { $L__i0: .b8 1,2 }");
    for (size_t i = 0; i < 3; i++) {
        const char *file = NULL;
        uint32_t line = 0;
        assert_true(ptx_source(&p->m, instr_of(p, i), &file, &line));
        assert_string_equal(file, "my.cu");
        assert_int_equal(line, 6);
    }
    done(p);
}

static void refuses_with_the_line_and_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *story;
        enum err_code rc;
    } cases[] = {
        {"", "PTX line 1: the text ends where .version", ERR_FORMAT},
        {HEAD ".entry k() {\nfrob.u32 %r1;\n}", "PTX line 5: 'frob' is no instruction",
         ERR_UNSUPPORTED},
        {HEAD ".entry k() {\nadd.sideways.u32 %r1;}", "PTX line 5: add.sideways is not supported",
         ERR_UNSUPPORTED},
        {HEAD ".entry k() { .reg .b32 %r<2>; add.u32 %r1, %r1, %r2; }", "'%r2' is not declared",
         ERR_FORMAT},
        {HEAD ".entry k() { .reg .b32 %r<11>; add.u32 %r1, %r1, %r07; }", "'%r07' is not declared",
         ERR_FORMAT},
        {HEAD ".entry k() { bra NOWHERE; }", "label 'NOWHERE' stands nowhere", ERR_FORMAT},
        {HEAD ".entry k() { { A: ret; } bra A; }", "label 'A' stands nowhere", ERR_FORMAT},
        {HEAD ".entry k() { A: A: ret; }", "label 'A' stands twice", ERR_FORMAT},
        {HEAD ".entry k() { ret; } .entry k() { ret; }", "function 'k' stands twice", ERR_FORMAT},
        {HEAD ".global .texref t;", "type .texref is not supported", ERR_UNSUPPORTED},
        {HEAD ".entry k() { .reg .b32 %r<999999>; }", "999999 is too large", ERR_RANGE},
        {HEAD ".global .b8 big[0x7fffffffffffffff][9];", "is too large for a dimension", ERR_RANGE},
        {HEAD ".global .b8 a[2] = {1,2,3};", "more first values", ERR_RANGE},
        {HEAD ".entry k() { ret;", "the text ends where an instruction was expected", ERR_FORMAT},
        {HEAD ".entry k() {{{{{{{{{{{{{{{{{{{{ret;}}}}}}}}}}}}}}}}}}}}", "more than 16 braces",
         ERR_RANGE},
        {".version 9.0\n.target sm_80\n.address_size 32\n", "32-bit addresses", ERR_UNSUPPORTED},
        {HEAD ".alias a, b;", "directive .alias is not supported", ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct parsed *p = parse(cases[i].text);
        if (p->rc != cases[i].rc || !strstr(p->why.text, cases[i].story))
            fail_msg("%s\ngave %s, expected: %s", cases[i].text, p->why.text, cases[i].story);
        done(p);
    }
}

static void a_small_arena_is_told(void **state)
{
    (void)state;
    struct arena arena;
    struct ptx_module m;
    struct err why;
    const char *text = HEAD ".entry k() { .reg .b32 %r<1000>; ret; }";
    arena_init(&arena, 4096);
    assert_int_equal(ptx_parse(text, strlen(text), &arena, &m, &why), ERR_NOMEM);
    assert_non_null(strstr(why.text, "no memory left"));
    arena_done(&arena);
}

/* 600 KB in under 50 ms is the aim; the test allows a slow machine twenty times that. */
static void reads_600_kb_at_once(void **state)
{
    (void)state;
    static const char line[] = "\tfma.rn.f32 \t%f3, %f1, %f2, %f3;\n\t@%p1 bra $L__BB0_2;\n";
    const size_t lines = 600000 / (sizeof(line) - 1);
    char *text = malloc(700000);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, HEAD ".entry k() {.reg .f32 %%f<4>; .reg .pred %%p<2>;\n");
    for (size_t i = 0; i < lines; i++) {
        memcpy(text + n, line, sizeof(line) - 1);
        n += sizeof(line) - 1;
    }
    n += (size_t)sprintf(text + n, "$L__BB0_2: ret; }");
    text[n] = 0;
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    struct parsed *p = parse_good(text);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    const double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    print_message("%zu bytes, %zu instructions in %.1f ms\n", n, p->m.funcs[0].n_instrs, ms);
    assert_true(ms < 1000);
    done(p);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_modifiers_and_types),
        cmocka_unit_test(operands_are_what_they_are),
        cmocka_unit_test(names_live_in_their_braces),
        cmocka_unit_test(calls_have_four_places),
        cmocka_unit_test(tables_hold_instructions),
        cmocka_unit_test(first_values_become_bytes),
        cmocka_unit_test(inlined_code_is_the_callers_line),
        cmocka_unit_test(refuses_with_the_line_and_the_name),
        cmocka_unit_test(a_small_arena_is_told),
        cmocka_unit_test(reads_600_kb_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
