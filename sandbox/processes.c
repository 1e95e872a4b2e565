#include "sandbox/processes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Reads a small file of /proc into `text`; an empty text where there is none. */
static void read_proc(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);
    text[n < 0 ? 0 : n] = '\0';
    if (fd >= 0)
        close(fd);
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
        strtoll(stat_field(stat, 13), NULL, 10) + strtoll(stat_field(stat, 14), NULL, 10);
    return (int64_t)own.tv_sec * 1000000 + own.tv_nsec / 1000 +
           ticks * 1000000 / sysconf(_SC_CLK_TCK);
}

static void add(pid_t pid, struct processes_usage *sum)
{
    char text[1024];
    read_proc(pid, "stat", text, sizeof text);
    if (text[0] == '\0')
        return;
    sum->cpu_us += cpu_us(pid, text);
    sum->resident_bytes += strtoll(stat_field(text, 21), NULL, 10) * sysconf(_SC_PAGESIZE);
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
        for (char *at = children, *end; n < MANY; at = end) {
            const long pid = strtol(at, &end, 10);
            if (end == at)
                break;
            found[n++] = (pid_t)pid;
        }
        add(found[i], ret);
    }
}

pid_t processes_pid_of(int pidfd)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "fdinfo/%d", pidfd);
    read_proc(getpid(), path, text, sizeof text);
    const char *line = strstr(text, "Pid:");
    return line == NULL ? -1 : (pid_t)strtol(line + 4, NULL, 10);
}

char processes_state(int stat)
{
    char text[512];
    const ssize_t n = pread(stat, text, sizeof text - 1, 0);
    if (n <= 0)
        return '?';
    text[n] = '\0';
    return stat_field(text, 0)[0];
}
