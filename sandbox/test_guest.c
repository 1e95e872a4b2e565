#include "sandbox/test_guest.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int guest_image(void)
{
    static int image = -1;
    if (image >= 0)
        return image;
    const int file = open(GUEST_PATH, O_RDONLY | O_CLOEXEC);
    struct stat st;
    const int memfd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 || fstat(file, &st) != 0 ||
        sendfile(memfd, file, NULL, (size_t)st.st_size) != st.st_size) {
        perror(GUEST_PATH);
        abort();
    }
    close(file);
    fcntl(memfd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return image = memfd;
}

struct cell_config guest_config(enum cell_profile profile, const char *const *argv)
{
    static const char *const environment[] = {NULL};
    return (struct cell_config){
        .profile = profile,
        .argv = argv,
        .envp = environment,
        .image_fd = guest_image(),
        .core = -1,
        .limits =
            {
                .cpu_ms = 20000,
                .wall_ms = 30000,
                .memory_bytes = 256 << 20,
                .stack_bytes = 8 << 20,
                .file_bytes = 64 << 20,
                .work_bytes = 64 << 20,
                .output_bytes = 65536,
                .processes = 16,
                .descriptors = 64,
            },
    };
}

static void keep(char *to, size_t size, const struct str *text)
{
    snprintf(to, size, "%s", text->text);
}

struct outcome guest_run(const struct cell_config *config)
{
    struct outcome o = {0};
    struct cell *cell = NULL;
    struct err why;
    if (cell_open(&cell, config, &why) != OK)
        fail_msg("cell_open: %s", why.text);
    cell_wait(cell);
    cell_result(cell, &o.exit);
    keep(o.out, sizeof o.out, cell_stdout(cell));
    keep(o.err, sizeof o.err, cell_stderr(cell));
    cell_close(cell);
    return o;
}

struct outcome guest_do(enum cell_profile profile, const char *const *argv)
{
    const struct cell_config config = guest_config(profile, argv);
    return guest_run(&config);
}

const char *guest_verdict(enum cell_verdict verdict)
{
    static const char *const words[] = {"exited",     "signaled",     "cpu limit",
                                        "wall limit", "memory limit", "output limit",
                                        "forbidden",  "killed",       "setup failed"};
    return words[verdict];
}

static int run_as_nobody(const char *name, const struct CMUnitTest *tests, size_t count)
{
    const pid_t pid = fork();
    if (pid == 0) {
        char title[128];
        snprintf(title, sizeof title, "%s, as an ordinary user", name);
        /* A change of id makes a process undumpable, and its /proc files root's, until an exec. */
        if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
            setresuid(65534, 65534, 65534) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
            _exit(1);
        exit(_cmocka_run_group_tests(title, tests, count, NULL, NULL));
    }
    int status;
    waitpid(pid, &status, 0);
    return status == 0 ? 0 : 1;
}

int guest_run_tests(const char *name, const struct CMUnitTest *tests, size_t count)
{
    char title[128];
    /* While root may still read it: the build folder may be root's own. */
    guest_image();
    const int failed = geteuid() == 0 ? run_as_nobody(name, tests, count) : 0;
    snprintf(title, sizeof title, "%s, as uid %u", name, (unsigned)geteuid());
    return _cmocka_run_group_tests(title, tests, count, NULL, NULL) + failed;
}
