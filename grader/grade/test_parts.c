/* The pure parts of the grader: manifest, diagnostics, findings, statistics, shared memory. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade/diagnostics.h"
#include "grader/grade/findings.h"
#include "grader/grade/lab.h"
#include "grader/grade/prove.h"
#include "grader/grade/shm.h"
#include "grader/grade/stats.h"
#include "grader/grade/submission.h"
#include "grader/grade/trace.h"

#define MANIFEST_HEAD                                                                              \
    "{\"id\":\"9.1\",\"slug\":\"s\",\"title\":\"t\",\"module\":9,\"lessons\":[],\"kind\":"         \
    "\"guided\","                                                                                  \
    "\"language\":\"c\",\"hours\":1,\"needs\":[],\"pass\":70,\"starter_max\":5,"                   \
    "\"build\":{\"std\":\"c11\",\"optimize\":\"-O2\",\"libs\":[\"m\"]},"                           \
    "\"limits\":{\"compile_ms\":1,\"case_cpu_ms\":1,\"group_cpu_ms\":1,\"memory_bytes\":1,"        \
    "\"stack_bytes\":1,\"output_bytes\":1,\"arena_bytes\":1},"
#define FILES  "\"files\":[{\"name\":\"a.c\",\"max_bytes\":100}],"
#define GROUPS "\"groups\":[{\"name\":\"g\",\"points\":100,\"visible\":true,\"about\":\"x\"}]"

static void a_manifest_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *json, *why; /* NULL: it is right */
    } table[] = {
        {MANIFEST_HEAD FILES GROUPS "}", NULL},
        {MANIFEST_HEAD FILES GROUPS ",\"extra\":1}", "lab.json:1: /extra: unknown key 'extra'"},
        {MANIFEST_HEAD "\"files\":[]," GROUPS "}",
         "lab.json:1: /files: expected a list of 1 to 16"},
        {"{", "lab.json:1:1: not JSON: string or '}' expected near end of file"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena a;
        struct lab lab;
        struct err why = {0};
        arena_init(&a, 1 << 20);
        const enum err_code rc =
            lab_parse(table[i].json, strlen(table[i].json), "lab.json", &a, &lab, &why);
        if ((rc == OK) != (table[i].why == NULL))
            fail_msg("row %zu: %s", i, why.text);
        if (rc != OK)
            assert_string_equal(why.text, table[i].why);
        arena_done(&a);
    }
}

static const struct submission sources = {
    .files = {{"formats.c", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 15}, {"a.c", "x", 1}}, .n_files = 2};

static void a_place_that_no_file_has_is_none(void **state)
{
    (void)state;
    static const char said[] =
        "[{\"kind\": \"error\", \"locations\": [{\"caret\": {\"file\": \"formats.c\", \"line\": "
        "1000, \"byte-column\": 9}}], \"message\": \"#line\"}]\n";
    struct arena a;
    arena_init(&a, 1 << 20);
    struct report_compile c = {0};
    diagnostics_read(&sources, said, sizeof said - 1, &a, &c);
    assert_string_equal(c.diagnostics[0].file, "formats.c");
    assert_int_equal(c.diagnostics[0].line, 0);
    arena_done(&a);
}

static void compiler_json_becomes_diagnostics_and_a_plain_log(void **state)
{
    (void)state;
    static const char said[] =
        "[{\"kind\": \"error\", \"locations\": [{\"caret\": {\"file\": \"formats.c\", \"line\": "
        "14, "
        "\"byte-column\": 9}}], \"message\": \"expected \\u2018;\\u2019\", \"children\": []}, "
        "{\"kind\": \"warning\", \"option\": \"-Wshift\", \"locations\": [{\"caret\": {\"file\": "
        "\"/lab/lab.h\", \"line\": 2, \"byte-column\": 1}}], \"message\": \"m\", \"children\": "
        "[]}]\n"
        "ld.lld: error: undefined symbol: qt_quantize\n"
        "collect2: error: ld returned 1 exit status\n"
        "[not json\n";
    struct arena a;
    arena_init(&a, 1 << 20);
    struct report_compile c = {0};
    diagnostics_read(&sources, said, sizeof said - 1, &a, &c);
    assert_int_equal(c.n_diagnostics, 3);
    assert_string_equal(c.diagnostics[0].file, "formats.c");
    assert_int_equal(c.diagnostics[0].line, 14);
    assert_int_equal(c.diagnostics[0].column, 9);
    assert_int_equal(c.diagnostics[0].severity, REPORT_ERROR);
    assert_null(c.diagnostics[1].file);
    assert_string_equal(c.diagnostics[1].message, "lab.h:2: m [-Wshift]");
    assert_null(c.diagnostics[2].file);
    assert_string_equal(c.diagnostics[2].message, "undefined symbol: qt_quantize");
    assert_non_null(strstr(c.log, "formats.c:14:9: error: expected"));
    assert_non_null(strstr(c.log, "collect2: error"));
    arena_done(&a);
}

static void a_diagnostic_fits_a_report_whatever_the_compiler_says(void **state)
{
    (void)state;
    struct arena a;
    struct str said;
    arena_init(&a, 1 << 20);
    str_init(&said, 1 << 20);
    str_add(&said,
            "[{\"kind\": \"error\", \"locations\": [{\"caret\": {\"file\": \"a.c\", \"line\": "
            "-2147483647, \"byte-column\": 4294967297}}], \"message\": \"m\"}]\n"
            "undefined symbol: ");
    for (int i = 0; i < 10000; i++)
        str_add_char(&said, '\1');
    struct report_compile c = {0};
    diagnostics_read(&sources, said.text, said.length, &a, &c);
    assert_int_equal(c.n_diagnostics, 2);
    assert_int_equal(c.diagnostics[0].line, 0);
    assert_int_equal(c.diagnostics[0].column, 0);
    assert_int_equal(strlen(c.diagnostics[1].message), REPORT_MESSAGE_MAX);
    str_done(&said);
    arena_done(&a);
}

static void control_bytes_cost_no_diagnostic(void **state)
{
    (void)state;
    static const char said[] = "[{\"kind\": \"error\", \"message\": \"#error \033[2J\"}]\n";
    struct arena a;
    arena_init(&a, 1 << 20);
    struct report_compile c = {0};
    diagnostics_read(&sources, said, sizeof said - 1, &a, &c);
    assert_int_equal(c.n_diagnostics, 1);
    assert_string_equal(c.diagnostics[0].message, "#error ?[2J");
    arena_done(&a);
}

static struct report_finding read_finding(struct arena *a, const char *text,
                                          struct finding_access *ret_access)
{
    static char source[200]; /* of a hundred lines */
    memset(source, '\n', 99);
    const struct submission s = {.files = {{"gguf.c", source, 99}}, .n_files = 1};
    return finding_read(&s, text, strlen(text), a, ret_access);
}

static void a_finding_has_the_learners_line_and_stack(void **state)
{
    (void)state;
    struct arena a;
    struct finding_access access;
    arena_init(&a, 1 << 20);
    const struct report_finding f = read_finding(
        &a,
        "noise\n==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1f at pc 0x2\n"
        "READ of size 4 at 0x60 thread T0\n"
        "    #0 0x7f in memcpy ../../src/libsanitizer/memcpy.c:2\n"
        "    #1 0x40 in gg_open /box/gguf.c:57\n    #2 0x40 in main gguf.c:99:3\n"
        "\n0x1f is located here\nfreed by thread T0 here:\n    #0 0x40 in other gguf.c:3\n",
        &access);
    assert_string_equal(f.kind, "heap-buffer-overflow");
    assert_string_equal(f.message, "heap-buffer-overflow: READ of size 4");
    assert_string_equal(f.file, "gguf.c");
    assert_int_equal(f.line, 57);
    assert_int_equal(f.n_stack, 2);
    assert_string_equal(f.stack[0].function, "gg_open");
    assert_int_equal(f.stack[1].line, 99);
    assert_true(access.has_address && access.reads && access.address == 0x1f);
    arena_done(&a);
}

static void undefined_behaviour_has_a_kind_and_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind;
    } table[] = {
        {"gguf.c:12:7: runtime error: load of misaligned address 0x1\n", "misaligned-address"},
        {"gguf.c:12:7: runtime error: signed integer overflow: 1 + 2147483647\n",
         "signed-integer-overflow"},
        {"gguf.c:12:7: runtime error: -3.4e+38 is outside the range of representable values\n",
         "float-cast-overflow"},
        {"gguf.c:12:7: runtime error: shift exponent 64 is too large\n", "shift"},
        {"gguf.c:12:7: runtime error: index 9 out of bounds for type 'int [4]'\n",
         "index-out-of-bounds"},
        {"gguf.c:12:7: runtime error: something that is new\n", "undefined-behavior"},
    };
    struct arena a;
    struct finding_access access;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct report_finding f = read_finding(&a, table[i].text, &access);
        assert_string_equal(f.kind, table[i].kind);
        assert_int_equal(f.line, 12);
        assert_int_equal(f.column, 7);
    }
    const struct report_finding none = read_finding(&a, "nothing to see\n", &access);
    assert_string_equal(none.kind, "crash");
    assert_null(none.file);
    arena_done(&a);
}

static void a_line_that_the_file_does_not_have_is_no_place(void **state)
{
    (void)state;
    struct arena a;
    struct finding_access access;
    arena_init(&a, 1 << 20);
    const struct report_finding f = read_finding(
        &a,
        "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x10 (pc 0x1 bp 0x2 sp 0x3 T0)\n"
        "==1==The signal is caused by a WRITE memory access.\n"
        "    #0 0x1 in forged gguf.c:101\n    #1 0x1 in f;rm gguf.c:100\n"
        "    #2 0x1 in g /etc/passwd:1\n",
        &access);
    assert_string_equal(f.kind, "SEGV");
    assert_int_equal(f.n_stack, 1);
    assert_string_equal(f.stack[0].function, "f");
    assert_int_equal(f.line, 100);
    assert_true(access.writes && access.address == 0x10);
    arena_done(&a);
}

static void an_address_is_told_as_a_place_in_an_argument(void **state)
{
    (void)state;
    static const struct frame_call call = {
        .args = {{.kind = FRAME_I64},
                 {.kind = FRAME_IN, .offset = 8192 - 100, .size = 100},
                 {.kind = FRAME_OUT, .offset = 4096, .size = 4096}}};
    static const struct {
        struct finding_access access;
        const char *words;
    } table[] = {
        {{true, false, true, 8}, "a read of NULL+8"},
        {{true, true, false, FRAME_INPUT_AT + 8192},
         "a write, 0 bytes behind the end of argument 1"},
        {{true, false, true, FRAME_INPUT_AT + 8200},
         "a read, 8 bytes behind the end of argument 1"},
        {{true, true, false, FRAME_INPUT_AT + 8191},
         "a write inside of argument 1, which is read-only"},
        {{true, false, false, 0x41414141414141}, "a use of an address that is part of no buffer"},
        {{false, false, true, 0}, NULL},
    };
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *words = trace_access(&table[i].access, &call, &a);
        assert_true((words == NULL) == (table[i].words == NULL));
        if (words != NULL)
            assert_string_equal(words, table[i].words);
    }
    arena_done(&a);
}

static void a_finding_stays_small_however_much_is_printed(void **state)
{
    (void)state;
    struct arena a;
    struct str said;
    arena_init(&a, 1 << 20);
    str_init(&said, 1 << 16);
    str_add(&said, "ERROR: AddressSanitizer: ");
    for (int i = 0; i < 4000; i++)
        str_add_char(&said, 'x');
    for (int i = 0; i < 3000; i++)
        str_add(&said, "\nREAD of size 4 at 0x");
    struct finding_access access;
    const struct report_finding f = read_finding(&a, said.text, &access);
    assert_true(strlen(f.kind) < 100);
    assert_true(strlen(f.message) <= REPORT_MESSAGE_MAX);
    assert_non_null(strstr(f.message, "x: READ of size 4"));
    str_done(&said);
    arena_done(&a);
}

static void the_median_and_its_interval_bracket_the_truth(void **state)
{
    (void)state;
    double odd[] = {3, 1, 2}, even[] = {4, 1, 2, 3};
    assert_true(stats_median(odd, 3) == 2);
    assert_true(stats_median(even, 4) == 2.5);
    double x[60];
    lab_rng rng = {.s = 42};
    for (int i = 0; i < 60; i++)
        x[i] = 1 + 0.1 * (lab_u53(&rng) - 0.5);
    double low, high;
    stats_interval(x, 60, &rng, &low, &high);
    assert_true(low > 0.97 && low <= high && high < 1.03);
    for (int i = 0; i < 60; i++)
        x[i] = 2;
    stats_interval(x, 60, &rng, &low, &high);
    assert_true(low == 2 && high == 2);
}

static void the_course_rng_has_its_published_stream(void **state)
{
    (void)state;
    lab_rng rng = {.s = 42};
    static const uint32_t want[] = {0x56ce4ab7, 0xc841eb53, 0xca466be0, 0xf1acc733};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(lab_u32(&rng), want[i]);
}

static void buffers_end_at_guard_pages_and_overruns_are_counted(void **state)
{
    (void)state;
    struct shm s;
    assert_int_equal(shm_open_pair(&s, 1 << 20, NULL), OK);
    uint8_t in[100];
    memset(in, 7, sizeof in);
    const struct shm_arg args[] = {{.kind = FRAME_IN, .bytes = in, .size = 100},
                                   {.kind = FRAME_IN, .bytes = in, .size = 99, .skew = 3},
                                   {.kind = FRAME_OUT, .size = 50},
                                   {.kind = FRAME_I64, .i64 = -5},
                                   {.kind = FRAME_F64, .f64 = 0.1},
                                   {.kind = FRAME_OUT, .bytes = in, .size = 20}};
    assert_int_equal(shm_write_call(&s, 1, args, 6, NULL), OK);
    const struct frame_call *f = (const struct frame_call *)(const void *)s.input;
    assert_int_equal((f->args[0].offset + 100) % FRAME_PAGE, 0);
    assert_int_equal((f->args[1].offset + 99 + 3) % FRAME_PAGE, 0);
    assert_true(f->args[1].offset >= f->args[0].offset + 100 + FRAME_PAGE);
    assert_int_equal(f->args[3].i64, -5);
    assert_true(f->args[4].f64 == 0.1);
    assert_memory_equal(s.output + f->args[5].offset, in, 20);
    assert_int_equal(s.output[f->args[5].offset + 20], FRAME_POISON);

    struct frame_reply reply;
    assert_false(shm_read_reply(&s, &reply));
    uint8_t out[50];
    uint8_t *at = s.output + f->args[2].offset;
    assert_int_equal(at[0], FRAME_POISON);
    memset(at, 1, 50);
    assert_int_equal(shm_read_output(&s, 2, out), 0);
    assert_int_equal(out[49], 1);
    at[50] = at[51] = 1;
    assert_int_equal(shm_read_output(&s, 2, out), 2);
    at[-1] = 1;
    assert_int_equal(shm_read_output(&s, 2, out), -1);

    struct err why;
    const struct shm_arg large = {.kind = FRAME_OUT, .size = 1 << 20};
    assert_int_equal(shm_write_call(&s, 1, &large, 1, &why), ERR_TOO_LARGE);
    shm_close(&s);
}

static void the_runner_can_neither_write_nor_resize_its_inputs(void **state)
{
    (void)state;
    struct shm s;
    assert_int_equal(shm_open_pair(&s, 1 << 16, NULL), OK);
    assert_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, s.input_fd, 0) == MAP_FAILED);
    assert_int_equal(write(s.input_fd, "x", 1), -1);
    assert_int_equal(ftruncate(s.input_fd, 0), -1);
    assert_int_equal(ftruncate(s.output_fd, 0), -1);
    assert_int_equal(ftruncate(s.output_fd, 1 << 20), -1);
    shm_close(&s);
}

static void a_mutant_names_its_groups(void **state)
{
    (void)state;
    struct arena a;
    const char *names[PROVE_GROUPS];
    size_t n;
    arena_init(&a, 1 << 16);
    assert_int_equal(prove_groups_of("/* group: edges */\nint x;", &a, names, &n, NULL), OK);
    assert_int_equal(n, 1);
    assert_string_equal(names[0], "edges");
    assert_int_equal(prove_groups_of("// group: a, b-c\n", &a, names, &n, NULL), OK);
    assert_int_equal(n, 2);
    assert_string_equal(names[1], "b-c");
    assert_int_equal(prove_groups_of("int x;\n/* group: a */", &a, names, &n, NULL), ERR_FORMAT);
    arena_done(&a);
}

static void equal_files_have_equal_seeds(void **state)
{
    (void)state;
    static const struct lab lab = {.id = "9.1", .files = {{"a.c", 10}}, .n_files = 1};
    char dir[] = "/tmp/graded-submission-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct arena a;
    arena_init(&a, 1 << 20);
    const char *path = arena_printf(&a, "%s/a.c", dir);
    struct submission one, two;
    struct err why;
    assert_int_equal(submission_read_folder(&lab, dir, &a, &one, &why), ERR_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(path, "w");
        fputs(i == 0 ? "int x;" : "int y;", f);
        fclose(f);
        assert_int_equal(submission_read_folder(&lab, dir, &a, i == 0 ? &one : &two, &why), OK);
    }
    assert_true(one.seed != two.seed && one.seed < (uint64_t)1 << 53);
    assert_int_equal(submission_read_paths(&lab, &path, 1, &a, &one, &why), OK);
    assert_true(one.seed == two.seed);
    FILE *f = fopen(path, "a");
    fputs("12345", f);
    fclose(f);
    assert_int_equal(submission_read_paths(&lab, &path, 1, &a, &one, &why), ERR_TOO_LARGE);
    assert_int_equal(submission_read_paths(&lab, &path, 0, &a, &one, &why), ERR_INVALID);
    unlink(path);
    rmdir(dir);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_is_read_strictly),
        cmocka_unit_test(compiler_json_becomes_diagnostics_and_a_plain_log),
        cmocka_unit_test(a_place_that_no_file_has_is_none),
        cmocka_unit_test(a_diagnostic_fits_a_report_whatever_the_compiler_says),
        cmocka_unit_test(control_bytes_cost_no_diagnostic),
        cmocka_unit_test(a_finding_has_the_learners_line_and_stack),
        cmocka_unit_test(undefined_behaviour_has_a_kind_and_a_place),
        cmocka_unit_test(a_line_that_the_file_does_not_have_is_no_place),
        cmocka_unit_test(an_address_is_told_as_a_place_in_an_argument),
        cmocka_unit_test(a_finding_stays_small_however_much_is_printed),
        cmocka_unit_test(the_median_and_its_interval_bracket_the_truth),
        cmocka_unit_test(the_course_rng_has_its_published_stream),
        cmocka_unit_test(buffers_end_at_guard_pages_and_overruns_are_counted),
        cmocka_unit_test(the_runner_can_neither_write_nor_resize_its_inputs),
        cmocka_unit_test(a_mutant_names_its_groups),
        cmocka_unit_test(equal_files_have_equal_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
