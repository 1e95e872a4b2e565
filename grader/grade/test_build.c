/* Builds in real cells, and what of them is kept. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/grade/build.h"
#include "grader/grade/config.h"

static struct err why;
#define WANT(code, call)                                                                           \
    do {                                                                                           \
        const enum err_code got = (call);                                                          \
        if (got != (code))                                                                         \
            fail_msg("%s: %s", #call, got == OK ? "OK" : why.text);                                \
    } while (0)

struct bench {
    char dir[64];
    struct arena a;
    struct lab lab;
    struct submission s;
    struct compile_cache cache;
};

static const char LAB_H[] = "int answer(void);\n";
static const char GOOD[] = "#include \"lab.h\"\nint answer(void)\n{\n    return 42;\n}\n";

static void write_file(const struct bench *b, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    WANT(OK, file_replace(AT_FDCWD, path, text, strlen(text), &why));
}

/* What the linker wraps calls of the heap into; the SDK's counts them (grader/sdk/heap.c). */
static const char HARNESS[] =
    "#include <stddef.h>\n"
    "#define WRAP(type, name, args, call) \\\n"
    "    type __real_##name args; type __wrap_##name args; \\\n"
    "    type __wrap_##name args { return __real_##name call; }\n"
    "WRAP(void *, malloc, (size_t n), (n))\n"
    "WRAP(void *, calloc, (size_t n, size_t m), (n, m))\n"
    "WRAP(void *, realloc, (void *p, size_t n), (p, n))\n"
    "WRAP(void *, aligned_alloc, (size_t a, size_t n), (a, n))\n"
    "WRAP(int, posix_memalign, (void **p, size_t a, size_t n), (p, a, n))\n"
    "void __real_free(void *p); void __wrap_free(void *p);\n"
    "void __wrap_free(void *p) { __real_free(p); }\n"
    "int answer(void);\n"
    "int main(void) { return answer(); }\n";

/* harness.KIND.o: a main that calls the learner. `flag` NULL: plain. */
static void make_harness(const struct bench *b, const char *kind, const char *optimize,
                         const char *flag)
{
    char source[96], object[96];
    int status = -1;
    pid_t pid;
    write_file(b, "harness.c", HARNESS);
    snprintf(source, sizeof source, "%s/harness.c", b->dir);
    snprintf(object, sizeof object, "%s/harness.%s.o", b->dir, kind);
    const char *const argv[] = {CONFIG_CC, optimize, "-c", source, "-o", object, flag, NULL};
    assert_int_equal(
        posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void lay_out(const struct bench *b)
{
    write_file(b, "lab.h", LAB_H);
    make_harness(b, "plain", "-O1", NULL);
}

static void setup(struct bench *b)
{
    *b = (struct bench){.dir = "/tmp/graded-build-XXXXXX"};
    assert_non_null(mkdtemp(b->dir));
    arena_init(&b->a, 64 << 20);
    lay_out(b);
    make_harness(b, "sanitize", "-O1", "-fsanitize=address,undefined");
    b->lab = (struct lab){.id = "9.1",
                          .std = "c11",
                          .optimize = "-O2",
                          .files = {{"a.c", 65536}},
                          .n_files = 1,
                          .limits = {.compile_ms = 20000},
                          .dir = b->dir,
                          .build_dir = b->dir};
    b->s = (struct submission){.files = {{"a.c", GOOD, strlen(GOOD)}}, .n_files = 1};
    compile_cache_open(&b->cache, b->dir, COMPILE_CACHE_BYTES);
    assert_int_equal(b->cache.trouble.code, OK);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(struct bench *b)
{
    assert_int_equal(b->cache.trouble.code, OK);
    compile_cache_close(&b->cache);
    arena_done(&b->a);
    assert_int_equal(nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void submit(struct bench *b, const char *source)
{
    b->s.files[0].bytes = source;
    b->s.files[0].size = strlen(source);
}

/* The image's bytes, NULL where there is none. */
static const char *image_bytes(struct bench *b, const struct build *build, size_t *ret_size)
{
    struct stat st;
    if (build->image_fd < 0)
        return NULL;
    assert_int_equal(fstat(build->image_fd, &st), 0);
    char *bytes = arena_alloc(&b->a, (size_t)st.st_size);
    assert_int_equal(pread(build->image_fd, bytes, (size_t)st.st_size, 0), st.st_size);
    *ret_size = (size_t)st.st_size;
    return bytes;
}

struct built {
    struct report_compile said;
    const char *image;
    size_t size;
};

static struct built compile(struct bench *b, enum build_kind kind, bool cached)
{
    struct build build;
    struct built r = {.size = 0};
    WANT(OK, build_start(&build, &b->lab, &b->s, kind, cached ? &b->cache : NULL, &b->a, &why));
    WANT(OK, build_finish(&build, NULL, &b->a, &r.said, &why));
    r.image = image_bytes(b, &build, &r.size);
    build_close(&build);
    return r;
}

static bool is_kept(struct bench *b, enum build_kind kind)
{
    struct build build;
    WANT(OK, build_start(&build, &b->lab, &b->s, kind, &b->cache, &b->a, &why));
    const bool hit = build.hit;
    build_close(&build);
    return hit;
}

static void an_image_has_the_same_bytes_with_and_without_a_cache(void **state)
{
    (void)state;
    static const enum build_kind kinds[] = {BUILD_PLAIN, BUILD_SANITIZE};
    struct bench b;
    setup(&b);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct built bare = compile(&b, kinds[i], false);
        const struct built first = compile(&b, kinds[i], true), again = compile(&b, kinds[i], true);
        assert_non_null(bare.image);
        assert_false(bare.said.cached);
        assert_false(first.said.cached);
        assert_true(again.said.cached);
        assert_int_equal(again.said.ms, first.said.ms);
        assert_int_equal(bare.size, first.size);
        assert_int_equal(bare.size, again.size);
        assert_memory_equal(bare.image, first.image, bare.size);
        assert_memory_equal(bare.image, again.image, bare.size);
    }
    teardown(&b);
}

static void change_source(struct bench *b)
{
    submit(b, "#include \"lab.h\"\nint answer(void)\n{\n    return 43;\n}\n");
}
static void change_header(struct bench *b)
{
    write_file(b, "lab.h", "int answer(void); /* of another edition */\n");
}
/* A file that is replaced while a cell binds it cannot be bound any more: that would be another
 * test. */
static void change_header_in_place(const struct bench *b)
{
    char path[128];
    snprintf(path, sizeof path, "%s/lab.h", b->dir);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_true(fputs("int answer(void); /* of another edition */\n", f) >= 0);
    fclose(f);
}
static void change_harness(struct bench *b)
{
    make_harness(b, "plain", "-O0", NULL);
}
static void change_optimize(struct bench *b)
{
    b->lab.optimize = "-O3";
}
static void change_std(struct bench *b)
{
    b->lab.std = "c17";
}
static void change_libs(struct bench *b)
{
    b->lab.libs[b->lab.n_libs++] = "m";
}
static void change_name(struct bench *b)
{
    b->lab.files[0].name = b->s.files[0].name = "b.c";
}

static void whatever_an_image_depends_on_makes_it_anew(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*change)(struct bench *b);
    } table[] = {
        {"the source", change_source},   {"lab.h", change_header},
        {"the harness", change_harness}, {"the optimisation", change_optimize},
        {"the standard", change_std},    {"the libraries", change_libs},
        {"the name", change_name},
    };
    struct bench b;
    setup(&b);
    compile(&b, BUILD_PLAIN, true);
    assert_false(is_kept(&b, BUILD_SANITIZE));
    const struct lab lab = b.lab;
    const struct submission submission = b.s;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        table[i].change(&b);
        if (is_kept(&b, BUILD_PLAIN))
            fail_msg("%s changed, and the old image was taken", table[i].what);
        b.lab = lab;
        b.s = submission;
        lay_out(&b);
        if (!is_kept(&b, BUILD_PLAIN))
            fail_msg("%s is what it was, and the old image is lost", table[i].what);
    }
    teardown(&b);
}

static void errors_of_the_sources_are_kept_with_their_words(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    submit(&b, "int answer(void)\n{\n    int unused;\n    return wrong;\n}\n");
    const struct built first = compile(&b, BUILD_PLAIN, true);
    const struct built again = compile(&b, BUILD_PLAIN, true);
    assert_int_equal(first.said.verdict, VERDICT_COMPILE_ERROR);
    assert_int_equal(again.said.verdict, VERDICT_COMPILE_ERROR);
    assert_true(again.said.cached);
    assert_null(again.image);
    assert_string_equal(again.said.log, first.said.log);
    assert_int_equal(again.said.n_diagnostics, first.said.n_diagnostics);
    assert_true(first.said.n_diagnostics >= 2);
    for (size_t i = 0; i < first.said.n_diagnostics; i++) {
        const struct report_diagnostic *x = &first.said.diagnostics[i];
        const struct report_diagnostic *y = &again.said.diagnostics[i];
        assert_string_equal(x->message, y->message);
        assert_string_equal(x->file, y->file);
        assert_int_equal(x->line, y->line);
        assert_int_equal(x->severity, y->severity);
    }
    teardown(&b);
}

static void what_may_be_our_doing_is_not_kept(void **state)
{
    (void)state;
    static const struct {
        const char *what, *source;
        int64_t compile_ms;
    } table[] = {
        {"a limit", GOOD, 1},
        {"a breakdown", "#error internal compiler error\n", 20000},
        {"a compiler that was killed", "#error Killed\n", 20000},
        {"an error at no line", "int other(void)\n{\n    return 1;\n}\n", 20000},
    };
    struct bench b;
    setup(&b);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        submit(&b, table[i].source);
        b.lab.limits.compile_ms = table[i].compile_ms;
        const struct built r = compile(&b, BUILD_PLAIN, true);
        if (r.said.verdict != VERDICT_COMPILE_ERROR)
            fail_msg("%s: %s", table[i].what, verdict_word(r.said.verdict));
        if (is_kept(&b, BUILD_PLAIN))
            fail_msg("%s was kept", table[i].what);
    }
    teardown(&b);
}

/* The compiler may have read either; under neither key is that to be found. */
static void a_lab_that_changes_while_it_compiles_is_not_kept(void **state)
{
    (void)state;
    struct bench b;
    struct build build;
    struct report_compile said;
    setup(&b);
    WANT(OK, build_start(&build, &b.lab, &b.s, BUILD_PLAIN, &b.cache, &b.a, &why));
    change_header_in_place(&b);
    WANT(OK, build_finish(&build, NULL, &b.a, &said, &why));
    build_close(&build);
    assert_int_equal(said.verdict, VERDICT_ACCEPTED);
    assert_false(is_kept(&b, BUILD_PLAIN));
    write_file(&b, "lab.h", LAB_H);
    assert_false(is_kept(&b, BUILD_PLAIN));
    teardown(&b);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_has_the_same_bytes_with_and_without_a_cache),
        cmocka_unit_test(whatever_an_image_depends_on_makes_it_anew),
        cmocka_unit_test(errors_of_the_sources_are_kept_with_their_words),
        cmocka_unit_test(what_may_be_our_doing_is_not_kept),
        cmocka_unit_test(a_lab_that_changes_while_it_compiles_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
