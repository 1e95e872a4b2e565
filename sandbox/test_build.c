/* A compiler in a cell, and what it made in the next: the two steps of every submission. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/test_guest.h"

enum { MAX_PROGRAM = 16 << 20 };

static const char hello[] = "#include <stdio.h>\n"
                            "#include \"part/part.h\"\n"
                            "int main(void)\n"
                            "{\n"
                            "    printf(\"%d\\n\", PART);\n"
                            "    return 7;\n"
                            "}\n";
static const char part[] = "enum { PART = 42 };\n";

/* The paths that a compiler of a usual distribution is made of. */
static size_t toolchain(struct cell_bind ret[4])
{
    static const char *const paths[] = {"/usr", "/lib", "/lib64", "/bin"};
    struct stat st;
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        if (stat(paths[i], &st) == 0)
            ret[n++] = (struct cell_bind){paths[i], paths[i], false};
    return n;
}

static struct cell_config build_config(const char *const *argv, const struct cell_file *files,
                                       size_t n_files, struct cell_bind binds[4])
{
    static const char *const environment[] = {"PATH=/usr/bin", "LC_ALL=C", NULL};
    struct cell_config c = guest_config(CELL_BUILD, argv);
    c.envp = environment;
    c.image_fd = -1;
    c.binds = binds;
    c.n_binds = toolchain(binds);
    c.files = files;
    c.n_files = n_files;
    c.keep_work = true;
    c.limits.memory_bytes = 1 << 30;
    return c;
}

struct built {
    struct outcome outcome;
    int program; /* the caller's; -1 where there is none */
};

static struct built build(const struct cell_config *config)
{
    struct built b = {.program = -1};
    struct cell *cell = NULL;
    struct err why;
    if (cell_open(&cell, config, &why) != OK)
        fail_msg("%s", why.text);
    cell_wait(cell);
    cell_result(cell, &b.outcome.exit);
    snprintf(b.outcome.out, sizeof b.outcome.out, "%s", cell_stdout(cell)->text);
    snprintf(b.outcome.err, sizeof b.outcome.err, "%s", cell_stderr(cell)->text);
    (void)!cell_take(cell, "a.out", MAX_PROGRAM, &b.program, &why);
    cell_close(cell);
    return b;
}

static void expect_program(const struct built *b)
{
    if (b->outcome.exit.verdict != CELL_EXITED || b->outcome.exit.status != 0 || b->program < 0)
        fail_msg("%s, status %d: %s%s", guest_verdict(b->outcome.exit.verdict),
                 b->outcome.exit.status, b->outcome.exit.message, b->outcome.err);
}

#define COMPILE(...) ((const char *const[]){__VA_ARGS__, "-o", "a.out", NULL})

static void every_compiler_and_linker_here_builds_a_program_that_runs(void **state)
{
    (void)state;
    static const char *const compilers[] = {"/usr/bin/gcc", "/usr/bin/clang"};
    static const char *const linkers[] = {"bfd", "gold", "lld"};
    const struct cell_file files[] = {{"hello.c", hello, sizeof hello - 1},
                                      {"part/part.h", part, sizeof part - 1}};
    int ran = 0;
    for (size_t i = 0; i < 6; i++) {
        char linker[32], linker_path[32];
        const char *compiler = compilers[i / 3];
        snprintf(linker, sizeof linker, "-fuse-ld=%s", linkers[i % 3]);
        snprintf(linker_path, sizeof linker_path, "/usr/bin/ld.%s", linkers[i % 3]);
        if (access(compiler, X_OK) != 0 || access(linker_path, X_OK) != 0)
            continue;
        struct cell_bind binds[4];
        const struct cell_config config = build_config(
            COMPILE(compiler, "-O2", "-g", "-static", linker, "hello.c"), files, 2, binds);
        const struct built b = build(&config);
        expect_program(&b);
        struct cell_config run = guest_config(CELL_RUN, GUEST("hello"));
        run.image_fd = b.program;
        const struct outcome o = guest_run(&run);
        close(b.program);
        if (o.exit.status != 7 || strcmp(o.out, "42\n") != 0)
            fail_msg("%s %s: %s %s", compiler, linker, guest_verdict(o.exit.verdict), o.out);
        ran++;
    }
    assert_in_range(ran, 1, 6);
}

static void the_usual_tools_of_a_build_work(void **state)
{
    (void)state;
    static const char script[] =
        "gcc -c part.c -o part.o && ar rcs libpart.a part.o && ranlib libpart.a && nm part.o && "
        "objcopy --strip-debug part.o b.o && objdump -d b.o | wc -l && cp part.o c.o && ls -n && "
        "install -m 755 part.o d.o && mv d.o e.o && mkdir -p p/q && rm -rf p && strip part.o && "
        "ld -r part.o -o a.out";
    static const char source[] = "int part(void)\n{\n    return 1;\n}\n";
    const struct cell_file file = {"part.c", source, sizeof source - 1};
    static const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct cell_bind binds[4];
    const struct cell_config config = build_config(argv, &file, 1, binds);
    const struct built b = build(&config);
    expect_program(&b);
    close(b.program);
}

static const char overflow[] = "#include <stdlib.h>\n"
                               "int main(int argc, char **argv)\n"
                               "{\n"
                               "    (void)argv;\n"
                               "    char *p = malloc(10);\n"
                               "    p[9 + argc] = 1;\n"
                               "    return p[9];\n"
                               "}\n";

static struct outcome sanitize(const char *source, size_t size)
{
    const struct cell_file file = {"bug.c", source, size};
    struct cell_bind binds[4];
    const struct cell_config config = build_config(
        COMPILE("/usr/bin/gcc", "-g", "-fsanitize=address,undefined", "bug.c"), &file, 1, binds);
    const struct built b = build(&config);
    expect_program(&b);
    struct cell_config run = guest_config(CELL_SANITIZE, GUEST("bug"));
    static const char *const environment[] = {"ASAN_OPTIONS=detect_leaks=0",
                                              "UBSAN_OPTIONS=print_stacktrace=1", NULL};
    run.envp = environment;
    run.image_fd = b.program;
    run.binds = binds;
    run.n_binds = config.n_binds;
    const struct outcome o = guest_run(&run);
    close(b.program);
    return o;
}

static void a_sanitizer_names_the_line_of_a_heap_overflow(void **state)
{
    (void)state;
    const struct outcome o = sanitize(overflow, sizeof overflow - 1);
    if (o.exit.verdict != CELL_EXITED || o.exit.status != 1 ||
        strstr(o.err, "heap-buffer-overflow") == NULL || strstr(o.err, "bug.c:6") == NULL)
        fail_msg("%s %s: %s", guest_verdict(o.exit.verdict), o.exit.message, o.err);
}

static void a_sanitizer_names_the_line_of_an_undefined_shift(void **state)
{
    (void)state;
    static const char source[] = "int main(int argc, char **argv)\n"
                                 "{\n"
                                 "    (void)argv;\n"
                                 "    return (1 << (31 + argc)) != 0;\n"
                                 "}\n";
    const struct outcome o = sanitize(source, sizeof source - 1);
    if (o.exit.verdict != CELL_EXITED || strstr(o.err, "bug.c:4") == NULL ||
        strstr(o.err, "shift exponent 33") == NULL)
        fail_msg("%s %s: %s", guest_verdict(o.exit.verdict), o.exit.message, o.err);
}

/* The report shows the bytes at the address, which takes UBSan a pipe. */
static void a_sanitizer_names_the_line_of_a_misaligned_load(void **state)
{
    (void)state;
    static const char source[] = "int main(int argc, char **argv)\n"
                                 "{\n"
                                 "    (void)argv;\n"
                                 "    char bytes[16] = {0};\n"
                                 "    return *(int *)(void *)(bytes + argc);\n"
                                 "}\n";
    const struct outcome o = sanitize(source, sizeof source - 1);
    if (o.exit.verdict != CELL_EXITED || strstr(o.err, "bug.c:5") == NULL ||
        strstr(o.err, "misaligned") == NULL)
        fail_msg("%s %s: %s", guest_verdict(o.exit.verdict), o.exit.message, o.err);
}

static void no_source_can_show_a_file_of_the_host(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "#include \"/etc/passwd\"\n",
        "#line 1 \"/etc/passwd\"\nint x = ;\n",
        "__asm__(\".include \\\"/etc/passwd\\\"\");\n",
        "__asm__(\".incbin \\\"/etc/passwd\\\"\");\n",
        "#if __has_include(\"/etc/passwd\")\n#else\n#error root: absent\n#endif\n",
        "#include \"/proc/self/environ\"\n",
        "#include \"/box/../etc/shadow\"\n",
    };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const struct cell_file file = {"a.c", sources[i], strlen(sources[i])};
        struct cell_bind binds[4];
        const struct cell_config config =
            build_config(COMPILE("/usr/bin/gcc", "-c", "a.c"), &file, 1, binds);
        const struct built b = build(&config);
        if (b.outcome.exit.verdict != CELL_EXITED || b.outcome.exit.status == 0 ||
            strstr(b.outcome.err, "root:x:") != NULL || b.program >= 0)
            fail_msg("source %zu: %s", i, b.outcome.err);
    }
}

static void a_source_that_never_ends_meets_a_limit(void **state)
{
    (void)state;
    static const char source[] = "#if __INCLUDE_LEVEL__ < 100 /* 2 to the 100 files */\n"
                                 "#include \"a.c\"\n"
                                 "#include \"a.c\"\n"
                                 "#endif\n";
    const struct cell_file file = {"a.c", source, sizeof source - 1};
    struct cell_bind binds[4];
    struct cell_config config = build_config(COMPILE("/usr/bin/gcc", "-c", "a.c"), &file, 1, binds);
    config.limits.cpu_ms = 500;
    const struct built b = build(&config);
    const enum cell_verdict v = b.outcome.exit.verdict;
    if (v != CELL_CPU_LIMIT && v != CELL_MEMORY_LIMIT)
        fail_msg("%s, status %d", guest_verdict(v), b.outcome.exit.status);
}

static void only_a_file_that_was_made_is_taken(void **state)
{
    (void)state;
    struct cell *cell = NULL;
    struct cell_config config = guest_config(CELL_BUILD, GUEST("write", "/box/a", "1000"));
    config.keep_work = true;
    assert_int_equal(cell_open(&cell, &config, NULL), OK);
    int fd = -1;
    cell_wait(cell);
    assert_int_equal(cell_take(cell, "b", 1000, &fd, NULL), ERR_NOT_FOUND);
    assert_int_equal(cell_take(cell, "a", 999, &fd, NULL), ERR_TOO_LARGE);
    assert_int_equal(cell_take(cell, "../dev/null", 999, &fd, NULL), ERR_INVALID);
    assert_int_equal(cell_take(cell, "a", 1000, &fd, NULL), OK);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 1000);
    close(fd);
    cell_close(cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_compiler_and_linker_here_builds_a_program_that_runs),
        cmocka_unit_test(the_usual_tools_of_a_build_work),
        cmocka_unit_test(a_sanitizer_names_the_line_of_a_heap_overflow),
        cmocka_unit_test(a_sanitizer_names_the_line_of_an_undefined_shift),
        cmocka_unit_test(a_sanitizer_names_the_line_of_a_misaligned_load),
        cmocka_unit_test(no_source_can_show_a_file_of_the_host),
        cmocka_unit_test(a_source_that_never_ends_meets_a_limit),
        cmocka_unit_test(only_a_file_that_was_made_is_taken),
    };
    return guest_run_tests("a compiler in a cell", tests, sizeof tests / sizeof tests[0]);
}
