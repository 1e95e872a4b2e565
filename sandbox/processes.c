#include "sandbox/processes.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/kernel_file.h"

static void read_proc(pid_t pid, const char *file, char *text, size_t size)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    kernel_file_read(AT_FDCWD, path, text, size);
}

/* The n-th field, counted from 0, behind the command's name, which may hold anything but ends at
 * the last bracket. Field 0 there is the state; utime is 11. */
static const char *stat_field(const char *stat, int n)
{
    const char *at = strrchr(stat, ')');
    for (at = at == NULL ? NULL : strchr(at, ' '); at != NULL && n > 0; n--)
        at = strchr(at + 1, ' ');
    return at == NULL ? "" : at + 1;
}

/* To the microsecond from the process's own clock; ticks for the children it has reaped. */
static int64_t cpu_us(pid_t pid, const char *stat)
{
    clockid_t clock;
    struct timespec own = {0};
    if (clock_getcpuclockid(pid, &clock) == 0)
        clock_gettime(clock, &own);
    const int64_t ticks =
        kernel_file_number(stat_field(stat, 13)) + kernel_file_number(stat_field(stat, 14));
    return (int64_t)own.tv_sec * 1000000 + own.tv_nsec / 1000 +
           ticks * 1000000 / sysconf(_SC_CLK_TCK);
}

static void add(pid_t pid, bool is_root, struct processes_usage *sum)
{
    char text[1024];
    read_proc(pid, "stat", text, sizeof text);
    if (text[0] == '\0')
        return;
    sum->cpu_us += cpu_us(pid, text);
    if (!is_root)
        sum->resident_bytes += kernel_file_number(stat_field(text, 21)) * sysconf(_SC_PAGESIZE);
}

void processes_usage(pid_t root, struct processes_usage *ret)
{
    enum { MANY = 256 };
    pid_t found[MANY] = {root};
    int n = 1;
    *ret = (struct processes_usage){0};
    for (int i = 0; i < n; i++) {
        char path[64], children[4096];
        snprintf(path, sizeof path, "task/%d/children", (int)found[i]);
        read_proc(found[i], path, children, sizeof children);
        for (const char *at = children; at != NULL && n < MANY;) {
            const int64_t child = kernel_file_number(at);
            if (child > 0)
                found[n++] = (pid_t)child;
            at = strchr(at, ' ');
            at = at == NULL ? NULL : at + 1;
        }
        add(found[i], i == 0, ret);
    }
}

pid_t processes_pid_of(int pidfd)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "fdinfo/%d", pidfd);
    read_proc(getpid(), path, text, sizeof text);
    const char *line = strstr(text, "Pid:");
    return line == NULL ? -1 : (pid_t)kernel_file_number(line + 4);
}

char processes_state(int stat)
{
    char text[512];
    kernel_file_reread(stat, text, sizeof text);
    const char letter = stat_field(text, 0)[0];
    return letter == '\0' ? 'X' : letter;
}
