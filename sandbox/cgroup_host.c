/* Finds the control group trees that this process may use. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/cgroup.h"
#include "sandbox/kernel_file.h"

/* One line of /proc/self/mountinfo, cut into what matters. */
struct mount_line {
    char root[PATH_MAX], point[PATH_MAX], type[32], options[256];
};

/* Fields: proc_pid_mountinfo(5). Optional ones stand before the " - ". */
static bool parse_mount_line(const char *line, struct mount_line *ret)
{
    const char *rest = strstr(line, " - ");
    return rest != NULL && sscanf(line, "%*s %*s %*s %4095s %4095s", ret->root, ret->point) == 2 &&
           sscanf(rest, " - %31s %*s %255s", ret->type, ret->options) == 2;
}

static bool has_word(const char *list, const char *word, char separator)
{
    const size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += n) {
        const bool starts = at == list || at[-1] == separator;
        if (starts && (at[n] == separator || at[n] == '\0' || at[n] == '\n'))
            return true;
    }
    return false;
}

/* The `graded` directory below `base`, made where it is missing; -1 where we may not write. */
static int open_parent(int base)
{
    if (mkdirat(base, "graded", 0755) != 0 && errno != EEXIST)
        return -1;
    if (faccessat(base, "graded", W_OK | X_OK, AT_EACCESS) != 0)
        return -1;
    return openat(base, "graded", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* v1 groups stand at the top of what is mounted. In a container that is the container's own group,
 * so its limits hold for us too. */
static int open_v1(const char *point)
{
    const int base = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base < 0)
        return -1;
    const int parent = open_parent(base);
    close(base);
    return parent;
}

static bool hands_down(int dir, const char *controller)
{
    char text[256] = "";
    const int fd = openat(dir, "cgroup.subtree_control", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    char word[32];
    const int n = snprintf(word, sizeof word, "+%s", controller);
    (void)!write(fd, word, (size_t)n); /* the read below says whether it is on */
    (void)!pread(fd, text, sizeof text - 1, 0);
    close(fd);
    return has_word(text, controller, ' ');
}

/* Limits need the controller on in both, the base and our parent in it. */
static int open_v2_at(const char *path, struct cgroup_host *host)
{
    const int base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base < 0)
        return -1;
    const int parent = open_parent(base);
    if (parent >= 0) {
        host->v2_memory = hands_down(base, "memory") && hands_down(parent, "memory");
        host->v2_pids = hands_down(base, "pids") && hands_down(parent, "pids");
    }
    close(base);
    return parent;
}

/* Our own group as the mount shows it: "0::/a/b" with the mount's root "/a" is "/b". */
static void own_v2_path(const struct mount_line *m, const char *own_groups, char *ret, size_t size)
{
    char line[PATH_MAX] = "";
    FILE *f = fopen(own_groups, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL && strncmp(line, "0::", 3) != 0)
        line[0] = '\0';
    if (f != NULL)
        fclose(f);
    line[strcspn(line, "\n")] = '\0';
    const char *own = line[0] == '\0' ? "/" : line + 3;
    const size_t root = strcmp(m->root, "/") == 0 ? 0 : strlen(m->root);
    if (strncmp(own, m->root, root) == 0)
        own += root;
    if (snprintf(ret, size, "%s%s", m->point, own) >= (int)size)
        snprintf(ret, size, "%s", m->point);
}

/* A group with processes in it cannot hand controllers down, so where our own group is such a one
 * its parent is tried: systemd's DelegateSubgroup= makes just that arrangement. */
static int open_v2(const struct mount_line *m, const char *own_groups, struct cgroup_host *host)
{
    char path[2 * PATH_MAX];
    own_v2_path(m, own_groups, path, sizeof path);
    const int own = open_v2_at(path, host);
    if (host->v2_memory || strlen(path) <= strlen(m->point) + 1)
        return own;
    *strrchr(path, '/') = '\0';
    struct cgroup_host above = {0};
    const int upper = open_v2_at(path, &above);
    if (upper < 0 || (own >= 0 && !above.v2_memory)) {
        if (upper >= 0)
            close(upper);
        return own;
    }
    if (own >= 0)
        close(own);
    host->v2_memory = above.v2_memory;
    host->v2_pids = above.v2_pids;
    return upper;
}

static void take_mount(const struct mount_line *m, const char *own_groups, struct cgroup_host *host)
{
    static const char *const v1[N_CGROUP_TREES] = {
        [CGROUP_V1_MEMORY] = "memory",
        [CGROUP_V1_PIDS] = "pids",
        [CGROUP_V1_CPUACCT] = "cpuacct",
        [CGROUP_V1_FREEZER] = "freezer",
    };
    if (strcmp(m->type, "cgroup2") == 0 && host->parent[CGROUP_V2] < 0)
        host->parent[CGROUP_V2] = open_v2(m, own_groups, host);
    if (strcmp(m->type, "cgroup") != 0)
        return;
    for (int t = CGROUP_V2 + 1; t < N_CGROUP_TREES; t++)
        if (host->parent[t] < 0 && has_word(m->options, v1[t], ','))
            host->parent[t] = open_v1(m->point);
}

/* The number that tells pid namespaces apart. */
static uint64_t own_pid_namespace(void)
{
    struct stat st;
    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/* What a process that died left behind. A group of a live namesake, or of another container's
 * process that we cannot see, is never touched. */
static void sweep_tree(int parent, uint64_t pid_namespace)
{
    const int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL)
        return;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        const int64_t pid = kernel_file_number(e->d_name);
        const char *last = strrchr(e->d_name, '-');
        if (pid <= 0 || last == NULL || kernel_file_number(last + 1) != (int64_t)pid_namespace ||
            kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        char file[sizeof e->d_name + 16];
        snprintf(file, sizeof file, "%s/cgroup.kill", e->d_name);
        (void)!kernel_file_write(parent, file, "1"); /* v2 only */
        snprintf(file, sizeof file, "%s/freezer.state", e->d_name);
        (void)!kernel_file_write(parent, file, "THAWED"); /* v1's: so that the dead can leave */
        cgroup_remove(parent, e->d_name);
    }
    closedir(dir);
}

static void sweep(const struct cgroup_host *host)
{
    for (int t = 0; t < N_CGROUP_TREES; t++)
        if (host->parent[t] >= 0)
            sweep_tree(host->parent[t], host->pid_namespace);
}

void cgroup_host_find(const char *mountinfo, const char *own_groups, struct cgroup_host *ret)
{
    *ret = (struct cgroup_host){0};
    char line[3 * PATH_MAX];
    for (int t = 0; t < N_CGROUP_TREES; t++)
        ret->parent[t] = -1;
    FILE *f = fopen(mountinfo, "re");
    struct mount_line m;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (parse_mount_line(line, &m))
            take_mount(&m, own_groups, ret);
    if (f != NULL)
        fclose(f);
    ret->pid_namespace = own_pid_namespace();
}

/* A fact about the host, not a state of ours: finding it takes a millisecond, cells are to start in
 * two. Each process that asks for the first time, a fork too, sweeps. */
const struct cgroup_host *cgroup_host(void)
{
    static struct cgroup_host host;
    static pid_t asked;
    if (asked == 0)
        cgroup_host_find("/proc/self/mountinfo", "/proc/self/cgroup", &host);
    if (asked != getpid())
        sweep(&host);
    asked = getpid();
    return &host;
}

bool cgroup_host_limits_memory(const struct cgroup_host *host)
{
    return host->parent[CGROUP_V1_MEMORY] >= 0 || host->v2_memory;
}

bool cgroup_host_limits_pids(const struct cgroup_host *host)
{
    return host->parent[CGROUP_V1_PIDS] >= 0 || host->v2_pids;
}

bool cgroup_host_freezes(const struct cgroup_host *host)
{
    return host->parent[CGROUP_V2] >= 0 || host->parent[CGROUP_V1_FREEZER] >= 0;
}
