#include "grader/grade/runner.h"

#include <assert.h>
#include <errno.h>
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
    int fds[5] = {r->shm.input_fd, r->shm.output_fd, guest_bell};
    size_t n_fds = 3;
    static_assert(COVER_FD == FRAME_FD_INPUT + 3, "the fourth of them");
    if (c->cover_fd > 0)
        fds[n_fds++] = c->cover_fd;
    if (c->allow.sockets) {
        r->shm.listener = FRAME_FD_INPUT + (uint32_t)n_fds;
        fds[n_fds++] = r->listener.fd;
    }
    const struct cell_config config = {
        .profile = c->profile,
        .extras = extras_of(&c->allow),
        .argv = argv,
        .envp = sanitize ? envp : no_env,
        .image_fd = c->image_fd,
        .binds = binds,
        .n_binds = sanitize ? sanitizer_binds(binds) : 0,
        .fds = fds,
        .n_fds = n_fds,
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
        .keep_work = c->allow.scratch_bytes > 0,
    };
    return cell_open(&r->cell, &config, why);
}

/* Our two ends; the bell's other one is the cell's. */
static enum err_code open_ends(struct runner *r, const struct runner_config *c, int *ret_bell,
                               struct err *why)
{
    int pair[2];
    enum err_code rc = shm_open_pair(&r->shm, (size_t)c->arena_bytes, why);
    if (rc == OK && c->allow.sockets)
        rc = listener_open(&r->listener, why);
    if (rc != OK)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_sys(why, ERR_IO, errno, "socketpair for the bell");
    r->bell = pair[0];
    *ret_bell = pair[1];
    return OK;
}

enum err_code runner_open(struct runner *ret, const struct runner_config *config, struct err *why)
{
    struct runner r = {
        .bell = -1, .listener = {.fd = -1, .place = -1}, .threads = config->allow.threads > 1};
    int guest_bell = -1;
    enum err_code rc = open_ends(&r, config, &guest_bell, why);
    if (rc == OK)
        rc = open_cell(&r, config, guest_bell, why);
    if (guest_bell >= 0)
        close(guest_bell);
    listener_handed_over(&r.listener);
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
    listener_close(&r->listener);
    shm_close(&r->shm);
    r->call.open = false;
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

enum err_code runner_start(struct runner *r, int64_t limit_cpu_ms, struct err *why)
{
    assert(!r->call.open);
    empty_bell(r);
    r->call.open = true;
    r->call.deaf = false;
    r->call.limit_cpu_ms = limit_cpu_ms;
    r->call.cpu_before_us = r->cpu_us;
    /* Before the thaw: a runner that spins on its inputs need not wait for the bell, and on our own
     * core the thaw may well let it go first. */
    r->call.urgent = begin_urgency(r);
    r->call.start_ns = now_ns();
    const enum err_code rc = thaw(r, why);
    if (rc != OK) {
        runner_break_off(r);
        return rc;
    }
    const char byte = 1;
    /* A dead runner shows in the wait, where its end is told apart from a limit. */
    (void)!send(r->bell, &byte, 1, MSG_NOSIGNAL);
    return OK;
}

void runner_watch(const struct runner *r, struct pollfd ret[RUNNER_FDS])
{
    ret[0] = (struct pollfd){.fd = r->call.deaf ? -1 : r->bell, .events = POLLIN};
    ret[1] = (struct pollfd){.fd = cell_fd(r->cell), .events = POLLIN};
}

static int64_t gone_ms(const struct runner *r, int64_t now)
{
    return (now - r->call.start_ns) / 1000000;
}

int runner_patience_ms(const struct runner *r)
{
    const int64_t gone = gone_ms(r, now_ns());
    const int64_t ms = r->call.urgent                ? RUNNER_URGENT_MS - gone
                       : gone < r->call.limit_cpu_ms ? r->call.limit_cpu_ms - gone
                                                     : 20;
    return ms > 0 ? (int)ms : 0;
}

static bool is_over_a_limit(const struct runner *r, int64_t gone)
{
    const int64_t limit_ms = r->call.limit_cpu_ms;
    return gone >= limit_ms * 3 + 1000 ||
           (gone >= limit_ms && cell_cpu_us(r->cell) - r->cpu_us >= limit_ms * 1000);
}

/* A ring, an end, or a limit? The bell is a hint; its byte is worth nothing. */
static bool is_over(struct runner *r, int64_t now, enum runner_outcome *ret)
{
    char byte;
    const ssize_t rung = recv(r->bell, &byte, 1, MSG_DONTWAIT);
    *ret = RUNNER_REPLIED;
    if (rung == 1)
        return true;
    if (rung == 0)
        r->call.deaf = true; /* only an end or a limit can follow */
    cell_step(r->cell);
    *ret = RUNNER_ENDED;
    if (cell_ended(r->cell))
        return true;
    *ret = RUNNER_TOO_SLOW;
    if (is_over_a_limit(r, gone_ms(r, now)))
        return true;
    if (r->call.urgent && gone_ms(r, now) >= RUNNER_URGENT_MS) {
        r->call.urgent = false;
        end_urgency(r, true);
    }
    return false;
}

/* The clock stops, then the runner; what it says is read while it stands still. */
static enum err_code hear_reply(struct runner *r, int64_t *end_ns, struct runner_end *ret,
                                struct err *why)
{
    const enum err_code rc = freeze(r, why);
    if (r->threads) /* a second one may have gone on until now */
        *end_ns = now_ns();
    if (rc == OK && !shm_read_reply(&r->shm, &ret->reply)) {
        cell_kill(r->cell);
        ret->outcome = RUNNER_LIED;
    }
    return rc;
}

enum err_code runner_look(struct runner *r, bool *ret_over, struct runner_end *ret, struct err *why)
{
    int64_t end = now_ns();
    struct runner_end e = {.outcome = RUNNER_ENDED};
    enum err_code rc = OK;
    *ret_over = is_over(r, end, &e.outcome);
    if (!*ret_over)
        return OK;
    r->call.open = false;
    if (e.outcome == RUNNER_REPLIED)
        rc = hear_reply(r, &end, &e, why);
    if (e.outcome == RUNNER_TOO_SLOW)
        cell_kill(r->cell);
    if (r->call.urgent) /* not before the freeze: one that only rang still stands above others */
        end_urgency(r, false);
    r->call.urgent = false;
    if (e.outcome != RUNNER_REPLIED)
        cell_wait(r->cell);
    e.times = (struct runner_times){.wall_ns = end - r->call.start_ns,
                                    .cpu_us = cell_cpu_us(r->cell) - r->call.cpu_before_us};
    *ret = e;
    return rc;
}

int64_t runner_break_off(struct runner *r)
{
    const bool open = r->call.open;
    if (r->call.urgent)
        end_urgency(r, true);
    r->call.open = r->call.urgent = false;
    cell_kill(r->cell);
    cell_wait(r->cell);
    return open ? cell_cpu_us(r->cell) - r->call.cpu_before_us : 0;
}
