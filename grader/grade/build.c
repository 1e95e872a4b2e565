#include "grader/grade/build.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

#include "grader/grade/config.h"
#include "grader/grade/diagnostics.h"

enum { BUILD_ARGS = 64, BUILD_BINDS = 16, IMAGE_MAX = 64 << 20 };
static const char IMAGE_NAME[] = "runner";

/* A command line under construction; its size is fixed by what a lab may have. */
struct args {
    const char *argv[BUILD_ARGS];
    size_t n;
};

static void push(struct args *a, const char *arg)
{
    if (a->n + 1 < BUILD_ARGS)
        a->argv[a->n++] = arg;
}

static void push_all(struct args *a, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        push(a, list[i]);
}

#define PUSH_LIST(cmd, list) push_all((cmd), (list), sizeof(list) / sizeof((list)[0]))

static void command_line(struct args *cmd, const struct lab *lab, enum build_kind kind,
                         struct arena *a)
{
    static const char *const arch[] = {CONFIG_ARCH_FLAGS};
    static const char *const sanitize[] = {CONFIG_SANITIZE_FLAGS};
    static const char *const link[] = {CONFIG_LINK_FLAGS};
    static const char *const words[] = {
        "-Wall", "-Wextra", "-fmax-errors=20", "-fdiagnostics-format=json", "-pipe", "-I/lab"};
    push(cmd, CONFIG_CC);
    push(cmd, arena_printf(a, "-std=%s", lab->std));
    PUSH_LIST(cmd, arch);
    if (kind == BUILD_SANITIZE)
        PUSH_LIST(cmd, sanitize);
    else
        push(cmd, lab->optimize);
    PUSH_LIST(cmd, words);
    for (size_t i = 0; i < lab->n_files; i++)
        push(cmd, lab->files[i].name);
    push(cmd, "/lab/harness.o");
    if (kind == BUILD_PLAIN)
        push(cmd, "-static");
    PUSH_LIST(cmd, link);
    for (size_t i = 0; i < lab->n_libs; i++)
        push(cmd, arena_printf(a, "-l%s", lab->libs[i]));
    push(cmd, "-o");
    push(cmd, IMAGE_NAME);
}

static size_t binds_of(struct cell_bind *binds, const struct lab *lab, enum build_kind kind,
                       struct arena *a)
{
    static const char *const system[] = {"/usr/bin", "/usr/lib",   "/usr/include", "/lib",
                                         "/lib64",   "/usr/lib64", "/usr/libexec"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++)
        if (access(system[i], F_OK) == 0)
            binds[n++] = (struct cell_bind){.host = system[i], .guest = system[i]};
    binds[n++] =
        (struct cell_bind){.host = arena_printf(a, "%s/lab.h", lab->dir), .guest = "/lab/lab.h"};
    binds[n++] =
        (struct cell_bind){.host = arena_printf(a, "%s/harness.%s.o", lab->build_dir,
                                                kind == BUILD_PLAIN ? "plain" : "sanitize"),
                           .guest = "/lab/harness.o"};
    return n;
}

enum err_code build_start(struct build *ret, const struct lab *lab, const struct submission *s,
                          enum build_kind kind, struct arena *a, struct err *why)
{
    static const char *const envp[] = {"PATH=/usr/bin", "LC_ALL=C", "TMPDIR=/tmp", NULL};
    struct args cmd = {.n = 0};
    command_line(&cmd, lab, kind, a);
    struct cell_bind binds[BUILD_BINDS];
    struct cell_file files[LAB_FILES];
    for (size_t i = 0; i < s->n_files; i++)
        files[i] = (struct cell_file){
            .name = s->files[i].name, .bytes = s->files[i].bytes, .size = s->files[i].size};
    const struct cell_config config = {
        .profile = CELL_BUILD,
        .argv = cmd.argv,
        .envp = envp,
        .image_fd = -1,
        .binds = binds,
        .n_binds = binds_of(binds, lab, kind, a),
        .files = files,
        .n_files = s->n_files,
        .limits = {.cpu_ms = lab->limits.compile_ms,
                   .wall_ms = lab->limits.compile_ms * 3 / 2,
                   .memory_bytes = (int64_t)2 << 30,
                   .stack_bytes = 64 << 20,
                   .file_bytes = IMAGE_MAX,
                   .work_bytes = 2 * (int64_t)IMAGE_MAX,
                   .output_bytes = 1 << 20,
                   .processes = 32,
                   .descriptors = 256},
        .core = -1,
        .keep_work = true,
    };
    *ret = (struct build){.image_fd = -1, .limit_ms = lab->limits.compile_ms};
    return cell_open(&ret->cell, &config, why);
}

static void wait_for(struct build *b, struct build *other)
{
    while (!cell_ended(b->cell)) {
        struct pollfd fds[2] = {{.fd = cell_fd(b->cell), .events = POLLIN}, {.fd = -1}};
        const bool other_runs = other != NULL && other->cell != NULL && !cell_ended(other->cell);
        if (other_runs)
            fds[1] = (struct pollfd){.fd = cell_fd(other->cell), .events = POLLIN};
        poll(fds, 2, -1);
        cell_step(b->cell);
        if (other_runs)
            cell_step(other->cell);
    }
}

static void add_message(struct report_compile *ret, struct arena *a, const char *message)
{
    struct report_diagnostic *d = arena_array(a, ret->n_diagnostics + 1, sizeof *d);
    d[0] = (struct report_diagnostic){.severity = REPORT_ERROR, .message = message};
    for (size_t i = 0; i < ret->n_diagnostics; i++)
        d[i + 1] = ret->diagnostics[i];
    ret->diagnostics = d;
    ret->n_diagnostics++;
}

/* A compiler that was stopped or died on these sources: the sources do not compile, and why. */
static enum err_code judge(struct build *b, const struct cell_exit *end, struct arena *a,
                           struct report_compile *ret, struct err *why)
{
    ret->verdict = VERDICT_COMPILE_ERROR;
    switch (end->verdict) {
    case CELL_EXITED:
        if (end->status == 0)
            ret->verdict = VERDICT_ACCEPTED;
        return OK;
    case CELL_CPU_LIMIT:
    case CELL_WALL_LIMIT:
        add_message(ret, a,
                    arena_printf(a, "compiling took longer than %lld ms", (long long)b->limit_ms));
        return OK;
    case CELL_MEMORY_LIMIT:
        add_message(ret, a, "compiling took more than 2 GiB of memory");
        return OK;
    case CELL_OUTPUT_LIMIT:
        add_message(ret, a, "the compiler printed more than 1 MiB");
        return OK;
    case CELL_SIGNALED:
        add_message(
            ret, a,
            arena_printf(a, "the compiler died of signal %d on these sources", end->signal));
        return OK;
    case CELL_FORBIDDEN_CALL:
        add_message(
            ret, a,
            arena_printf(a, "the compiler made the forbidden system call %s", end->system_call));
        return OK;
    case CELL_KILLED:
    case CELL_SETUP_FAILED:
        return err_set(why, ERR_INTERNAL, "the build cell did not run: %s", end->message);
    }
    return OK;
}

enum err_code build_finish(struct build *b, struct build *other, struct arena *a,
                           struct report_compile *ret, struct err *why)
{
    wait_for(b, other);
    struct cell_exit end;
    cell_result(b->cell, &end);
    b->wall_us = end.wall_us;
    b->cpu_us = end.cpu_us;
    b->peak_bytes = end.peak_bytes;
    struct report_compile result = {.ms = end.wall_us / 1000};
    const struct str *said = cell_stderr(b->cell);
    diagnostics_read(said->text, said->length, a, &result);
    enum err_code rc = judge(b, &end, a, &result, why);
    if (rc == OK && result.verdict == VERDICT_ACCEPTED)
        rc = cell_take(b->cell, IMAGE_NAME, IMAGE_MAX, &b->image_fd, why);
    if (rc == OK)
        *ret = result;
    return rc;
}

void build_close(struct build *b)
{
    cell_close(b->cell);
    b->cell = NULL;
    if (b->image_fd > 0)
        close(b->image_fd);
    b->image_fd = -1;
}

static enum err_code fill_image(int fd, const char *path, struct err *why)
{
    struct arena a;
    arena_init(&a, IMAGE_MAX + 4096);
    char *bytes;
    size_t size;
    enum err_code rc = file_read(AT_FDCWD, path, IMAGE_MAX, &a, &bytes, &size, why);
    if (rc == OK)
        rc = file_write_all(fd, bytes, size, why);
    if (rc == OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        rc = err_sys(why, ERR_IO, errno, "sealing the image of %s", path);
    arena_done(&a);
    return rc;
}

enum err_code build_load_image(const char *path, int *ret_fd, struct err *why)
{
    const int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "memfd_create");
    const enum err_code rc = fill_image(fd, path, why);
    if (rc != OK) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return OK;
}
