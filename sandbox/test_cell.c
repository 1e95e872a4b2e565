/* How a cell ends, and what stays behind: nothing. */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/later.h"
#include "sandbox/test_guest.h"

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void expect(const struct outcome *o, enum cell_verdict verdict)
{
    if (o->exit.verdict != verdict)
        fail_msg("%s (status %d, signal %d, %s): expected %s", guest_verdict(o->exit.verdict),
                 o->exit.status, o->exit.signal, o->exit.message, guest_verdict(verdict));
}

static void an_exit_status_comes_back(void **state)
{
    (void)state;
    const struct outcome o = guest_do(CELL_RUN, GUEST("exit", "42"));
    expect(&o, CELL_EXITED);
    assert_int_equal(o.exit.status, 42);
    assert_in_range(o.exit.wall_us, 1, 5000000);
}

static void a_signal_is_named(void **state)
{
    (void)state;
    const struct outcome o = guest_do(CELL_RUN, GUEST("raise", "11"));
    expect(&o, CELL_SIGNALED);
    assert_int_equal(o.exit.signal, SIGSEGV);
}

static void both_outputs_are_kept_apart(void **state)
{
    (void)state;
    const struct outcome o = guest_do(CELL_RUN, GUEST("print", "to stdout", "to stderr"));
    expect(&o, CELL_EXITED);
    assert_string_equal(o.out, "to stdout\n");
    assert_string_equal(o.err, "to stderr\n");
}

static void output_may_fill_its_limit_and_not_pass_it(void **state)
{
    (void)state;
    struct outcome o = guest_do(CELL_RUN, GUEST("flood", "65536"));
    expect(&o, CELL_EXITED);
    o = guest_do(CELL_RUN, GUEST("flood", "65537"));
    expect(&o, CELL_OUTPUT_LIMIT);
    o = guest_do(CELL_RUN, GUEST("flood", "0"));
    expect(&o, CELL_OUTPUT_LIMIT);
    assert_string_equal(o.exit.message, "printed more than 65536 bytes");
}

static void a_spinning_program_meets_its_cpu_limit(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_RUN, GUEST("spin"));
    config.limits.cpu_ms = 200;
    const struct outcome o = guest_run(&config);
    expect(&o, CELL_CPU_LIMIT);
    assert_in_range(o.exit.cpu_us, 200000, 1900000); /* RLIMIT_CPU would be at 2 s */
}

static void processes_share_one_cpu_limit(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_BUILD, GUEST("spins", "4"));
    config.limits.cpu_ms = 300;
    const struct outcome o = guest_run(&config);
    expect(&o, CELL_CPU_LIMIT);
    assert_in_range(o.exit.cpu_us, 300000, 1900000);
}

static void a_sleeping_program_meets_its_wall_limit(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_RUN, GUEST("sleep", "60"));
    config.limits.wall_ms = 150;
    const struct outcome o = guest_run(&config);
    expect(&o, CELL_WALL_LIMIT);
    assert_in_range(o.exit.wall_us, 150000, 10000000);
    assert_in_range(o.exit.cpu_us, 0, 140000);
}

static void memory_is_limited_and_reported(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_RUN, GUEST("eat", "40"));
    config.limits.memory_bytes = 64 << 20;
    struct outcome o = guest_run(&config);
    expect(&o, CELL_EXITED);
    assert_in_range(o.exit.peak_bytes, 40 << 20, 64 << 20);
    config.argv = GUEST("eat", "2000");
    o = guest_run(&config);
    expect(&o, CELL_MEMORY_LIMIT);
    assert_string_equal(o.exit.message, "used more than 67108864 bytes of memory");
}

static void a_large_parent_is_not_the_cells_memory(void **state)
{
    (void)state;
    const size_t size = 200 << 20;
    void *heap =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_ptr_not_equal(heap, MAP_FAILED);
    struct cell_config config = guest_config(CELL_RUN, GUEST("sleep", "1"));
    config.limits.memory_bytes = 64 << 20;
    struct outcome o = guest_run(&config);
    expect(&o, CELL_EXITED);
    assert_in_range(o.exit.peak_bytes, 0, 64 << 20);
    config.argv = GUEST("raise", "11");
    o = guest_run(&config);
    expect(&o, CELL_SIGNALED);
    munmap(heap, size);
}

/* The guest's own image with a last segment of 32 TiB. */
static int image_with_huge_bss(void)
{
    const int memfd = memfd_create("huge", MFD_CLOEXEC);
    struct stat st;
    off_t from = 0;
    fstat(guest_image(), &st);
    assert_int_equal(sendfile(memfd, guest_image(), &from, (size_t)st.st_size), st.st_size);
    Elf64_Ehdr header;
    assert_int_equal(pread(memfd, &header, sizeof header, 0), sizeof header);
    for (int i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        const off_t at = (off_t)(header.e_phoff + (size_t)i * sizeof segment);
        assert_int_equal(pread(memfd, &segment, sizeof segment, at), sizeof segment);
        if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_W))
            continue;
        segment.p_memsz = (uint64_t)32 << 40;
        assert_int_equal(pwrite(memfd, &segment, sizeof segment, at), sizeof segment);
    }
    return memfd;
}

static void static_data_too_large_to_start_with_is_a_memory_limit(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_RUN, GUEST("exit", "0"));
    config.image_fd = image_with_huge_bss();
    const struct outcome o = guest_run(&config);
    close(config.image_fd);
    expect(&o, CELL_MEMORY_LIMIT);
}

static void a_stack_ends(void **state)
{
    (void)state;
    const struct outcome o = guest_do(CELL_RUN, GUEST("recurse"));
    expect(&o, CELL_SIGNALED);
    assert_int_equal(o.exit.signal, SIGSEGV);
}

static void forks_are_bounded(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_BUILD, GUEST("forks"));
    config.limits.processes = 8;
    const struct outcome o = guest_run(&config);
    expect(&o, CELL_EXITED);
    const long children = strtol(o.out, NULL, 10);
    assert_in_range(children, 6, 8);
}

/* --- shared memory with the guest, to see it live from outside --- */

struct counter {
    int fd;
    volatile uint64_t *word;
};

static struct counter counter_open(void)
{
    struct counter c = {.fd = memfd_create("counter", MFD_CLOEXEC)};
    assert_int_equal(ftruncate(c.fd, 4096), 0);
    c.word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, 0);
    assert_ptr_not_equal(c.word, MAP_FAILED);
    return c;
}

static void counter_close(struct counter *c)
{
    munmap((void *)c->word, 4096);
    close(c->fd);
}

static void await_count(const struct counter *c)
{
    const int64_t end = now_ms() + 10000;
    for (const uint64_t before = *c->word; *c->word == before;) {
        if (now_ms() > end)
            fail_msg("the guest does not count");
        usleep(1000);
    }
}

static bool counts(const struct counter *c)
{
    const uint64_t before = *c->word;
    usleep(30000);
    return *c->word != before;
}

static struct cell *open_counting(struct cell_config *config, const struct counter *c)
{
    struct cell *cell = NULL;
    struct err why;
    config->fds = &c->fd;
    config->n_fds = 1;
    if (cell_open(&cell, config, &why) != OK)
        fail_msg("%s", why.text);
    await_count(c);
    cell_step(cell);
    return cell;
}

static void what_forks_left_dies_with_the_command(void **state)
{
    (void)state;
    struct counter c = counter_open();
    struct cell_config config = guest_config(CELL_BUILD, GUEST("count", "in a child"));
    config.fds = &c.fd;
    config.n_fds = 1;
    const struct outcome o = guest_run(&config);
    expect(&o, CELL_EXITED);
    assert_false(counts(&c));
    counter_close(&c);
}

static void a_frozen_program_stands_still_until_thawed(void **state)
{
    (void)state;
    struct counter c = counter_open();
    struct cell_config config = guest_config(CELL_RUN, GUEST("count"));
    struct cell *cell = open_counting(&config, &c);
    struct err why;
    for (int i = 0; i < 10; i++) {
        if (cell_freeze(cell, &why) != OK)
            fail_msg("%s", why.text);
        const uint64_t before = *c.word;
        const int64_t cpu_us = cell_cpu_us(cell);
        usleep(10000);
        assert_true(*c.word == before);
        assert_in_range(cell_cpu_us(cell) - cpu_us, 0, 4000); /* a tick, that cpu.stat may lag */
        assert_int_equal(cell_thaw(cell, NULL), OK);
        await_count(&c);
    }
    cell_close(cell);
    counter_close(&c);
}

static void a_frozen_cell_can_be_killed(void **state)
{
    (void)state;
    struct counter c = counter_open();
    struct cell_config config = guest_config(CELL_RUN, GUEST("count"));
    struct cell *cell = open_counting(&config, &c);
    struct cell_exit e;
    assert_int_equal(cell_freeze(cell, NULL), OK);
    cell_kill(cell);
    cell_wait(cell);
    cell_result(cell, &e);
    assert_int_equal(e.verdict, CELL_KILLED);
    cell_close(cell);
    counter_close(&c);
}

static void cpu_time_can_be_read_while_it_grows(void **state)
{
    (void)state;
    struct counter c = counter_open();
    struct cell_config config = guest_config(CELL_RUN, GUEST("count"));
    struct cell *cell = open_counting(&config, &c);
    const int64_t before = cell_cpu_us(cell);
    const int64_t end = now_ms() + 10000;
    while (cell_cpu_us(cell) - before < 20000 && now_ms() < end)
        usleep(1000);
    assert_true(cell_cpu_us(cell) - before >= 20000);
    cell_close(cell);
    counter_close(&c);
}

static void closing_kills_without_a_wait(void **state)
{
    (void)state;
    struct counter c = counter_open();
    struct cell_config config = guest_config(CELL_BUILD, GUEST("count"));
    struct cell *cell = open_counting(&config, &c);
    cell_close(cell);
    assert_false(counts(&c));
    counter_close(&c);
}

static void a_cell_dies_with_its_parent(void **state)
{
    (void)state;
    struct counter c = counter_open();
    const pid_t parent = fork();
    if (parent == 0) {
        struct cell_config config = guest_config(CELL_RUN, GUEST("count"));
        open_counting(&config, &c);
        _exit(0); /* no cell_close */
    }
    int status;
    waitpid(parent, &status, 0);
    const int64_t end = now_ms() + 10000;
    while (counts(&c) && now_ms() < end)
        ;
    assert_false(counts(&c));
    counter_close(&c);
}

static void cells_run_side_by_side(void **state)
{
    (void)state;
    enum { MANY = 6 };
    struct cell *cells[MANY];
    char word[MANY][8];
    for (int i = 0; i < MANY; i++) {
        snprintf(word[i], sizeof word[i], "%d", i);
        const struct cell_config config = guest_config(CELL_RUN, GUEST("exit", word[i]));
        assert_int_equal(cell_open(&cells[i], &config, NULL), OK);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        struct cell_exit e;
        cell_wait(cells[i]);
        cell_result(cells[i], &e);
        assert_int_equal(e.status, i);
        cell_close(cells[i]);
    }
}

static void a_step_never_waits(void **state)
{
    (void)state;
    struct cell *cell = NULL;
    const struct cell_config config = guest_config(CELL_RUN, GUEST("sleep", "60"));
    assert_int_equal(cell_open(&cell, &config, NULL), OK);
    const int64_t start = now_ms();
    for (int i = 0; i < 100; i++)
        cell_step(cell);
    assert_in_range(now_ms() - start, 0, 2000);
    assert_false(cell_ended(cell));
    cell_close(cell);
}

/* --- faults of ours and of the caller --- */

static void a_program_that_cannot_start_is_a_failed_setup(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_BUILD, NULL);
    static const char *const missing[] = {"/nowhere/cc", NULL};
    config.argv = missing;
    config.image_fd = -1;
    const struct outcome o = guest_run(&config);
    expect(&o, CELL_SETUP_FAILED);
    assert_string_equal(o.exit.message, "run the command: No such file or directory");
}

/* A grader that may have no page more, in a process of its own as there is no way back. init's exec
 * fails past its point of no return, which may show at once (as no memory, or as an init that is
 * gone before it was told anything) or as the cell's end. */
static int open_without_memory(void)
{
    const struct rlimit none = {0, 0};
    struct cell *cell = NULL;
    struct cell_exit e;
    struct err why = {0};
    const struct cell_config config = guest_config(CELL_RUN, GUEST("exit", "0"));
    if (setrlimit(RLIMIT_AS, &none) != 0)
        return 1;
    const enum err_code rc = cell_open(&cell, &config, &why);
    if (rc != OK)
        return cell == NULL && why.text[0] != '\0' ? 0 : 10 + (int)rc;
    cell_wait(cell);
    cell_result(cell, &e);
    cell_close(cell);
    return e.verdict == CELL_SETUP_FAILED && e.message[0] != '\0' ? 0 : 2;
}

static void without_memory_no_command_runs_and_somebody_is_told(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    print_message("skipped: AddressSanitizer itself ends where there is no memory\n");
    skip();
#endif
    const pid_t pid = fork();
    if (pid == 0)
        _exit(open_without_memory());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("status %#x", (unsigned)status);
}

static void a_config_is_checked_before_anything_starts(void **state)
{
    (void)state;
    static const struct cell_bind missing = {"/no/such/thing", "/x", false},
                                  relative = {"usr", "/usr", false};
    static const struct cell_file outside = {"../a", "", 0}, absolute = {"/a", "", 0};
    const struct cell_config good = guest_config(CELL_RUN, GUEST("exit", "0"));
    struct cell_config bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].binds = &missing, bad[0].n_binds = 1;
    bad[1].binds = &relative, bad[1].n_binds = 1;
    bad[2].files = &outside, bad[2].n_files = 1;
    bad[3].files = &absolute, bad[3].n_files = 1;
    bad[4].limits.wall_ms = 0;
    bad[5].limits.processes = -1;
    bad[6].envp = NULL;
    for (int i = 0; i < 7; i++) {
        struct cell *cell = NULL;
        const enum err_code rc = cell_open(&cell, &bad[i], NULL);
        if (rc != (i == 0 ? ERR_NOT_FOUND : ERR_INVALID) || cell != NULL)
            fail_msg("config %d gave %s", i, err_code_text(rc));
    }
}

/* --- what stays behind --- */

static int entries(const char *path, const char *prefix)
{
    int n = 0;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    closedir(dir);
    return n;
}

static int lines(const char *path)
{
    int n = 0;
    FILE *f = fopen(path, "r");
    for (int c; f != NULL && (c = fgetc(f)) != EOF;)
        n += c == '\n';
    fclose(f);
    return n;
}

static const char *const trees[] = {"unified", "memory", "pids", "cpuacct", "freezer", "."};

/* Said by the library, and checked against what is there: a tree is writable exactly if it is held.
 */
static bool has_groups(void)
{
    struct cell_guarantees g;
    cell_guarantees(&g);
    for (const char *const *held = g.held; *held != NULL; held++)
        if (strncmp(*held, "cgroup_", 7) == 0)
            return true;
    return false;
}

static int our_groups(void)
{
    char path[64], prefix[16];
    int n = 0;
    snprintf(prefix, sizeof prefix, "%d-", (int)getpid());
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/graded", trees[i]);
        n += entries(path, prefix);
    }
    return n;
}

/* Runs first: the sweep is at the first use of a process. */
static void groups_of_the_dead_are_swept(void **state)
{
    (void)state;
    struct stat st;
    const pid_t dead = fork();
    if (dead == 0)
        _exit(0);
    waitpid(dead, NULL, 0);
    assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
    char path[6][96];
    int made = 0;
    for (size_t i = 0; i < 6; i++) {
        snprintf(path[i], sizeof path[i], "/sys/fs/cgroup/%s/cgroup.procs", trees[i]);
        const bool is_tree = access(path[i], W_OK) == 0;
        snprintf(path[i], sizeof path[i], "/sys/fs/cgroup/%s/graded", trees[i]);
        if (is_tree)
            (void)!mkdir(path[i], 0755);
        snprintf(path[i], sizeof path[i], "/sys/fs/cgroup/%s/graded/%d-0-%ju", trees[i], (int)dead,
                 (uintmax_t)st.st_ino);
        made += is_tree && mkdir(path[i], 0755) == 0;
    }
    assert_true(has_groups() == (made > 0)); /* sweeps */
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(stat(path[i], &st), -1);
}

/* The inits of cells that ended by themselves, which nobody waits for. */
static void let_inits_die(void)
{
    for (int i = 0; i < 1000 && waitid(P_ALL, 0, NULL, WEXITED | __WALL | WNOHANG | WNOWAIT) == 0;
         i++) {
        later_sweep();
        usleep(10000);
    }
}

static void nothing_is_left(void **state)
{
    (void)state;
    guest_do(CELL_RUN, GUEST("exit", "0")); /* what is found once per process is found now */
    let_inits_die();
    const int descriptors = entries("/proc/self/fd", "");
    const int mounts = lines("/proc/self/mounts");
    struct counter c = counter_open();
    struct cell_config config = guest_config(CELL_RUN, GUEST("count"));
    struct cell *cell = open_counting(&config, &c);
    assert_int_equal(cell_freeze(cell, NULL), OK);
    assert_true(has_groups() == (our_groups() > 0));
    cell_close(cell);
    counter_close(&c);
    guest_do(CELL_BUILD, GUEST("forks"));
    let_inits_die();
    assert_int_equal(entries("/proc/self/fd", ""), descriptors);
    assert_int_equal(lines("/proc/self/mounts"), mounts);
    assert_int_equal(our_groups(), 0);
    assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_the_dead_are_swept),
        cmocka_unit_test(an_exit_status_comes_back),
        cmocka_unit_test(a_signal_is_named),
        cmocka_unit_test(both_outputs_are_kept_apart),
        cmocka_unit_test(output_may_fill_its_limit_and_not_pass_it),
        cmocka_unit_test(a_spinning_program_meets_its_cpu_limit),
        cmocka_unit_test(processes_share_one_cpu_limit),
        cmocka_unit_test(a_sleeping_program_meets_its_wall_limit),
        cmocka_unit_test(memory_is_limited_and_reported),
        cmocka_unit_test(a_large_parent_is_not_the_cells_memory),
        cmocka_unit_test(static_data_too_large_to_start_with_is_a_memory_limit),
        cmocka_unit_test(a_stack_ends),
        cmocka_unit_test(forks_are_bounded),
        cmocka_unit_test(what_forks_left_dies_with_the_command),
        cmocka_unit_test(a_frozen_program_stands_still_until_thawed),
        cmocka_unit_test(a_frozen_cell_can_be_killed),
        cmocka_unit_test(cpu_time_can_be_read_while_it_grows),
        cmocka_unit_test(closing_kills_without_a_wait),
        cmocka_unit_test(a_cell_dies_with_its_parent),
        cmocka_unit_test(cells_run_side_by_side),
        cmocka_unit_test(a_step_never_waits),
        cmocka_unit_test(a_program_that_cannot_start_is_a_failed_setup),
        cmocka_unit_test(a_config_is_checked_before_anything_starts),
        cmocka_unit_test(without_memory_no_command_runs_and_somebody_is_told),
        cmocka_unit_test(nothing_is_left),
    };
    return guest_run_tests("a cell", tests, sizeof tests / sizeof tests[0]);
}
