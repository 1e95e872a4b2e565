#include "grader/grade/runner.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "grader/grade/config.h"
#include "grader/grade/core.h"
#include "grader/sdk/cover.h"

enum { SANITIZER_LIBRARIES_MAX = 16 };

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The loader's name is fixed by the ABI; the libraries are found by it in the multiarch folder. */
static size_t sanitizer_binds(struct cell_bind *binds)
{
    static const char *const libraries[] = {CONFIG_SANITIZER_LIBRARIES};
    size_t n = 0;
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i += 2)
        binds[n++] = (struct cell_bind){.host = libraries[i], .guest = libraries[i + 1]};
    return n;
}

static unsigned extras_of(const struct lab_allow *allow)
{
    return (allow->threads > 1 ? CELL_THREADS : 0u) | (allow->files ? CELL_FILES : 0u) |
           (allow->scratch_bytes > 0 ? CELL_SCRATCH : 0u) | (allow->sockets ? CELL_SOCKETS : 0u);
}

/* The working directory is memory, and what lies in it is ours: it costs the learner nothing. */
static int64_t files_bytes(const struct runner_config *c)
{
    enum { PAGE = 4096, FOLDERS = 64 * 1024 };
    int64_t sum = c->allow.scratch_bytes + (c->n_files > 0 ? FOLDERS : 0);
    for (size_t i = 0; i < c->n_files; i++)
        sum += ((int64_t)c->files[i].size + PAGE - 1) / PAGE * PAGE;
    return sum;
}

static enum err_code open_cell(struct runner *r, const struct runner_config *c, int guest_bell,
                               struct err *why)
{
    static const char *const argv[] = {"runner", NULL};
    /* The sanitizers end the process at the first finding; what they print explains it. */
    static const char *const envp[] = {
        "ASAN_OPTIONS=detect_leaks=0:exitcode=77:abort_on_error=0:allocator_may_return_null=1:"
        "detect_stack_use_after_return=1:allow_user_segv_handler=0",
        "UBSAN_OPTIONS=print_stacktrace=1:exitcode=77", NULL};
    static const char *const no_env[] = {NULL};
    struct cell_bind binds[SANITIZER_LIBRARIES_MAX];
    const bool sanitize = c->profile == CELL_SANITIZE;
    const int fds[] = {r->shm.input_fd, r->shm.output_fd, guest_bell, c->cover_fd};
    static_assert(COVER_FD == 3 + 3, "the fourth of them");
    const struct cell_config config = {
        .profile = c->profile,
        .extras = extras_of(&c->allow),
        .argv = argv,
        .envp = sanitize ? envp : no_env,
        .image_fd = c->image_fd,
        .binds = binds,
        .n_binds = sanitize ? sanitizer_binds(binds) : 0,
        .fds = fds,
        .n_fds = c->cover_fd > 0 ? 4 : 3,
        .limits = {.cpu_ms = c->total_cpu_ms,
                   .wall_ms = c->total_cpu_ms * 3,
                   .memory_bytes = c->memory_bytes + files_bytes(c),
                   .stack_bytes = c->stack_bytes,
                   .file_bytes = (1 << 20) + files_bytes(c), /* "no space" comes first */
                   .work_bytes = files_bytes(c),
                   .output_bytes = c->output_bytes,
                   .processes = c->allow.threads,
                   .descriptors = c->allow.sockets ? 256 : 16},
        .files = c->files,
        .n_files = c->n_files,
        .core = c->core,
    };
    return cell_open(&r->cell, &config, why);
}

enum err_code runner_open(struct runner *ret, const struct runner_config *config, struct err *why)
{
    struct runner r = {.bell = -1, .threads = config->allow.threads > 1};
    int pair[2];
    enum err_code rc = shm_open_pair(&r.shm, (size_t)config->arena_bytes, why);
    if (rc != OK)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        rc = err_sys(why, ERR_IO, errno, "socketpair for the bell");
        shm_close(&r.shm);
        return rc;
    }
    r.bell = pair[0];
    rc = open_cell(&r, config, pair[1], why);
    close(pair[1]);
    if (rc != OK) {
        runner_close(&r);
        return rc;
    }
    *ret = r;
    return OK;
}

void runner_close(struct runner *r)
{
    if (r == NULL)
        return;
    cell_close(r->cell);
    r->cell = NULL;
    if (r->bell > 0)
        close(r->bell);
    r->bell = -1;
    shm_close(&r->shm);
}

bool runner_alive(const struct runner *r)
{
    return r->cell != NULL && !cell_ended(r->cell);
}

pid_t runner_pid(struct runner *r)
{
    if (runner_alive(r) && cell_pid(r->cell) < 0)
        cell_step(r->cell); /* where it may have said so */
    return runner_alive(r) ? cell_pid(r->cell) : -1;
}

/* For a timed call nobody else runs on the core, where the host grants that. A runner of threads
 * has ordinary ones beside the first, which must not wait for them in vain. */
static bool begin_urgency(struct runner *r)
{
    if (!r->urgent || r->threads || !core_raise(0, CORE_CLOCK))
        return false;
    if (core_raise(runner_pid(r), CORE_RUNNER))
        return true;
    core_lower(0);
    return false;
}

/* `both`: the runner goes on for long, and others shall not wait for it. */
static void end_urgency(struct runner *r, bool both)
{
    if (both)
        core_lower(runner_pid(r));
    core_lower(0);
}

/* Waits for a ring, an end, or a limit. The bell is a hint; its byte is worth nothing. */
static enum runner_outcome wait_for_reply(struct runner *r, int64_t start_ns, int64_t limit_cpu_ms,
                                          bool *urgent, int64_t *ret_end_ns)
{
    struct pollfd fds[] = {{.fd = r->bell, .events = POLLIN},
                           {.fd = cell_fd(r->cell), .events = POLLIN}};
    const int64_t wall_ms = limit_cpu_ms * 3 + 1000;
    for (;;) {
        const int64_t gone_ms = (now_ns() - start_ns) / 1000000;
        const bool out_of_cpu =
            gone_ms >= limit_cpu_ms && cell_cpu_us(r->cell) - r->cpu_us >= limit_cpu_ms * 1000;
        if (gone_ms >= wall_ms || out_of_cpu) {
            cell_kill(r->cell);
            return RUNNER_TOO_SLOW;
        }
        if (*urgent && gone_ms >= RUNNER_URGENT_MS) {
            *urgent = false;
            end_urgency(r, true);
        }
        const int64_t next_ms = *urgent                  ? RUNNER_URGENT_MS - gone_ms
                                : gone_ms < limit_cpu_ms ? limit_cpu_ms - gone_ms
                                                         : 20;
        const int ready = poll(fds, 2, (int)next_ms);
        *ret_end_ns = now_ns();
        if (ready > 0 && (fds[0].revents & POLLIN)) {
            char byte;
            if (recv(r->bell, &byte, 1, MSG_DONTWAIT) == 1)
                return RUNNER_REPLIED;
        }
        if (ready > 0) {
            cell_step(r->cell);
            if (cell_ended(r->cell))
                return RUNNER_ENDED;
            if (fds[0].revents & (POLLHUP | POLLERR))
                fds[0].fd = -1; /* it closed its bell; only an end or a limit can follow */
        }
    }
}

static enum err_code freeze(struct runner *r, struct err *why)
{
    const enum err_code rc = cell_freeze(r->cell, why);
    if (rc == OK) {
        r->frozen = true;
        r->cpu_us = cell_cpu_us(r->cell);
    }
    return rc;
}

static enum err_code thaw(struct runner *r, struct err *why)
{
    if (!r->frozen)
        return OK;
    r->frozen = false;
    return cell_thaw(r->cell, why);
}

void runner_hang_up(struct runner *r)
{
    enum { PATIENCE_MS = 5000 };
    if (!runner_alive(r) || thaw(r, NULL) != OK)
        return;
    shutdown(r->bell, SHUT_RDWR);
    for (const int64_t end = now_ns() + PATIENCE_MS * 1000000LL; now_ns() < end;) {
        struct pollfd fd = {.fd = cell_fd(r->cell), .events = POLLIN};
        poll(&fd, 1, 100);
        cell_step(r->cell);
        if (cell_ended(r->cell))
            return;
    }
    cell_kill(r->cell);
    cell_wait(r->cell);
}

/* A byte that lies in the bell before we ring was no answer to anything. */
static void empty_bell(struct runner *r)
{
    char bytes[64];
    while (recv(r->bell, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

enum err_code runner_call(struct runner *r, int64_t limit_cpu_ms, enum runner_outcome *ret,
                          struct frame_reply *ret_reply, struct runner_times *ret_times,
                          struct err *why)
{
    const int64_t cpu_before = r->cpu_us;
    empty_bell(r);
    /* Before the thaw: a runner that spins on its inputs need not wait for the bell, and on our own
     * core the thaw may well let it go first. */
    bool urgent = begin_urgency(r);
    const int64_t start = now_ns();
    int64_t end = start;
    enum err_code rc = thaw(r, why);
    if (rc != OK) {
        if (urgent)
            end_urgency(r, true);
        return rc;
    }
    const char byte = 1;
    /* A dead runner shows in the wait, where its end is told apart from a limit. */
    (void)!send(r->bell, &byte, 1, MSG_NOSIGNAL);
    *ret = wait_for_reply(r, start, limit_cpu_ms, &urgent, &end);
    if (*ret == RUNNER_REPLIED) {
        rc = freeze(r, why);
        if (r->threads) /* a second one may have gone on until now */
            end = now_ns();
        if (rc == OK && !shm_read_reply(&r->shm, ret_reply)) {
            cell_kill(r->cell);
            *ret = RUNNER_LIED;
        }
    }
    if (urgent) /* not before the freeze: a runner that only rang still stands above others */
        end_urgency(r, false);
    if (*ret != RUNNER_REPLIED)
        cell_wait(r->cell);
    *ret_times =
        (struct runner_times){.wall_ns = end - start, .cpu_us = cell_cpu_us(r->cell) - cpu_before};
    return rc;
}
