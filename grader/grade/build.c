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
#include "grader/grade/toolchain.h"

enum { BUILD_ARGS = 64, BUILD_BINDS = 16, IMAGE_MAX = COMPILE_IMAGE_MAX, LAB_PART_MAX = 16 << 20 };
static const char IMAGE_NAME[] = "runner";
/* Changes with anything here that changes what the same key gives. */
static const char KEY_VERSION[] = "graded compile 1";

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
    static const char *const cover[] = {"-O0", "-fprofile-arcs", "-ftest-coverage",
                                        "-fprofile-info-section=graded_gcov"};
    static const char *const words[] = {
        "-Wall", "-Wextra", "-fmax-errors=20", "-fdiagnostics-format=json", "-pipe", "-I/lab"};
    push(cmd, CONFIG_CC);
    push(cmd, arena_printf(a, "-std=%s", lab->std));
    PUSH_LIST(cmd, arch);
    if (kind == BUILD_SANITIZE)
        PUSH_LIST(cmd, sanitize);
    else if (kind == BUILD_COVER)
        PUSH_LIST(cmd, cover);
    else
        push(cmd, lab->optimize);
    PUSH_LIST(cmd, words);
    for (size_t i = 0; i < lab->n_files; i++)
        push(cmd, lab->files[i].name);
    push(cmd, "/lab/harness.o");
    if (kind == BUILD_COVER)
        push(cmd, "/lab/cover.o");
    if (kind != BUILD_SANITIZE)
        push(cmd, "-static");
    PUSH_LIST(cmd, link);
    for (size_t i = 0; i < lab->n_libs; i++)
        push(cmd, arena_printf(a, "-l%s", lab->libs[i]));
    push(cmd, "-o");
    push(cmd, IMAGE_NAME);
}

size_t build_tool_binds(struct cell_bind ret[BUILD_TOOL_BINDS])
{
    static const char *const system[] = {"/usr/bin", "/usr/lib",   "/usr/include", "/lib",
                                         "/lib64",   "/usr/lib64", "/usr/libexec"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++)
        if (access(system[i], F_OK) == 0)
            ret[n++] = (struct cell_bind){.host = system[i], .guest = system[i]};
    return n;
}

struct cell_bind build_no_locks(const struct lab *lab, struct arena *a)
{
    return (struct cell_bind){.host = arena_printf(a, "%s/../no_locks.so", lab->build_dir),
                              .guest = "/lab/no_locks.so"};
}

static size_t binds_of(struct cell_bind *binds, const struct lab *lab, enum build_kind kind,
                       struct arena *a)
{
    size_t n = build_tool_binds(binds);
    binds[n++] =
        (struct cell_bind){.host = arena_printf(a, "%s/lab.h", lab->dir), .guest = "/lab/lab.h"};
    binds[n++] =
        (struct cell_bind){.host = arena_printf(a, "%s/harness.%s.o", lab->build_dir,
                                                kind == BUILD_SANITIZE ? "sanitize" : "plain"),
                           .guest = "/lab/harness.o"};
    if (kind == BUILD_COVER) {
        binds[n++] = (struct cell_bind){.host = arena_printf(a, "%s/../cover.o", lab->build_dir),
                                        .guest = "/lab/cover.o"};
        binds[n++] = build_no_locks(lab, a);
    }
    return n;
}

/* ---- what was compiled before ---- */

/* Folders of the system are toolchain_add's. */
static enum err_code add_bind(struct compile_hash *h, const struct cell_bind *bind, struct err *why)
{
    struct arena scratch;
    char *bytes;
    size_t size;
    if (strncmp(bind->guest, "/lab/", 5) != 0)
        return OK;
    arena_init(&scratch, LAB_PART_MAX + 4096);
    const enum err_code rc =
        file_read(AT_FDCWD, bind->host, LAB_PART_MAX, &scratch, &bytes, &size, why);
    if (rc == OK) {
        compile_hash_add_text(h, bind->guest);
        compile_hash_add(h, bytes, size);
    }
    arena_done(&scratch);
    return rc;
}

/* All that the cell shows to the compiler, and the compiler. */
static enum err_code key_of(const struct build *b, struct arena *a, struct compile_key *ret,
                            struct err *why)
{
    struct compile_hash h;
    struct args cmd = {.n = 0};
    struct cell_bind binds[BUILD_BINDS];
    compile_hash_init(&h);
    compile_hash_add_text(&h, KEY_VERSION);
    toolchain_add(&h);
    command_line(&cmd, b->lab, b->kind, a);
    for (size_t i = 0; i <= cmd.n; i++) /* with the NULL, which ends the list */
        compile_hash_add_text(&h, cmd.argv[i]);
    for (size_t i = 0; i < b->s->n_files; i++) {
        compile_hash_add_text(&h, b->s->files[i].name);
        compile_hash_add(&h, b->s->files[i].bytes, b->s->files[i].size);
    }
    compile_hash_add_text(&h, NULL);
    enum err_code rc = OK;
    const size_t n_binds = binds_of(binds, b->lab, b->kind, a);
    for (size_t i = 0; rc == OK && i < n_binds; i++)
        rc = add_bind(&h, &binds[i], why);
    if (rc == OK)
        compile_hash_done(&h, ret);
    return rc;
}

static bool has_cache(const struct build *b)
{
    return b->cache != NULL && b->cache->dir >= 0;
}

static enum err_code look_up(struct build *b, struct arena *a, struct err *why)
{
    if (!has_cache(b))
        return OK;
    const enum err_code rc = key_of(b, a, &b->key, why);
    if (rc == OK)
        b->hit = compile_cache_get(b->cache, &b->key, a, &b->kept);
    if (b->hit)
        b->image_fd = b->kept.image_fd;
    return rc;
}

/* An error at a line of the sources comes again whenever they are compiled. A compiler that broke
 * down, perhaps for want of memory, may have been hindered by us. */
static bool is_lasting(const struct cell_exit *end, const struct report_compile *r,
                       const struct str *said)
{
    static const char *const breakdowns[] = {
        "internal compiler error", "Killed",           "Terminated",
        "out of memory",           "memory exhausted", "No space left on device"};
    if (end->verdict != CELL_EXITED || end->status > 1)
        return false;
    for (size_t i = 0; end->status != 0 && i < sizeof breakdowns / sizeof breakdowns[0]; i++)
        if (strstr(said->text, breakdowns[i]) != NULL)
            return false;
    bool located = false;
    for (size_t i = 0; i < r->n_diagnostics; i++)
        located |= r->diagnostics[i].severity == REPORT_ERROR && r->diagnostics[i].line > 0;
    return end->status == 0 || located;
}

/* Once more the key: a lab that was built anew meanwhile gave the compiler something else. */
static void keep(struct build *b, struct arena *a)
{
    struct compile_key now;
    struct err why;
    if (key_of(b, a, &now, &why) != OK) {
        b->cache->trouble = why;
        return;
    }
    if (memcmp(&now, &b->key, sizeof now) != 0)
        return;
    const struct str *said = cell_stderr(b->cell);
    const struct compile_result result = {.compiled = b->image_fd >= 0,
                                          .wall_us = b->wall_us,
                                          .cpu_us = b->cpu_us,
                                          .peak_bytes = b->peak_bytes,
                                          .said = said->text,
                                          .said_size = said->length,
                                          .image_fd = b->image_fd};
    compile_cache_put(b->cache, &b->key, &result);
}

/* ---- compiling ---- */

static enum err_code start_cell(struct build *b, struct arena *a, struct err *why)
{
    const char *const envp[] = {"PATH=/usr/bin", "LC_ALL=C", "TMPDIR=/tmp",
                                b->kind == BUILD_COVER ? BUILD_PRELOAD : NULL, NULL};
    const struct lab *lab = b->lab;
    const struct submission *s = b->s;
    struct args cmd = {.n = 0};
    command_line(&cmd, lab, b->kind, a);
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
        .n_binds = binds_of(binds, lab, b->kind, a),
        .files = files,
        .n_files = s->n_files,
        .limits = {.cpu_ms = lab->limits.compile_ms,
                   .wall_ms = lab->limits.compile_ms * 3 / 2,
                   .memory_bytes = (int64_t)2 << 30,
                   .stack_bytes = 64 << 20,
                   .file_bytes = IMAGE_MAX,
                   .work_bytes = 2 * (int64_t)IMAGE_MAX,
                   .output_bytes = COMPILE_SAID_MAX,
                   .processes = 32,
                   .descriptors = 256},
        .core = -1,
        .keep_work = true,
    };
    return cell_open(&b->cell, &config, why);
}

enum err_code build_start(struct build *ret, const struct lab *lab, const struct submission *s,
                          enum build_kind kind, struct compile_cache *cache, struct arena *a,
                          struct err *why)
{
    *ret = (struct build){.lab = lab,
                          .s = s,
                          .kind = kind,
                          .cache = cache,
                          .limit_ms = lab->limits.compile_ms,
                          .image_fd = -1};
    enum err_code rc = look_up(ret, a, why);
    if (rc == OK && !ret->hit)
        rc = start_cell(ret, a, why);
    return rc;
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

static void finish_kept(const struct build *b, struct arena *a, struct report_compile *ret)
{
    *ret = (struct report_compile){.ms = b->kept.wall_us / 1000, .cached = true};
    diagnostics_read(b->s, b->kept.said, b->kept.said_size, a, ret);
    ret->verdict = b->kept.compiled ? VERDICT_ACCEPTED : VERDICT_COMPILE_ERROR;
}

enum err_code build_finish(struct build *b, struct build *other, struct arena *a,
                           struct report_compile *ret, struct err *why)
{
    if (b->hit) {
        finish_kept(b, a, ret);
        return OK;
    }
    wait_for(b, other);
    struct cell_exit end;
    cell_result(b->cell, &end);
    b->wall_us = end.wall_us;
    b->cpu_us = end.cpu_us;
    b->peak_bytes = end.peak_bytes;
    struct report_compile result = {.ms = end.wall_us / 1000};
    const struct str *said = cell_stderr(b->cell);
    diagnostics_read(b->s, said->text, said->length, a, &result);
    enum err_code rc = judge(b, &end, a, &result, why);
    if (rc == OK && result.verdict == VERDICT_ACCEPTED)
        rc = cell_take(b->cell, IMAGE_NAME, IMAGE_MAX, &b->image_fd, why);
    if (rc == OK && has_cache(b) && is_lasting(&end, &result, said))
        keep(b, a);
    if (rc == OK)
        *ret = result;
    return rc;
}

void build_tend(struct build *b)
{
    if (b->cell != NULL && !cell_ended(b->cell))
        cell_step(b->cell);
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
