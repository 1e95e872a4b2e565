#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sandbox/cell_inside.h"
#include "sandbox/kernel_file.h"

static int write_proc(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return kernel_file_write(AT_FDCWD, path, text);
}

/* Two host ids below `base` that no other live cell has, since no other process has this pid. */
static int map_two_ids(pid_t pid, uint32_t base, uint32_t span)
{
    const uint32_t host = base + 2 * ((uint32_t)pid % span);
    char text[96];
    snprintf(text, sizeof text, "%d %u 1\n%d %u 1\n", ORDER_INIT_ID, host, ORDER_GUEST_ID,
             host + 1);
    if (write_proc(pid, "uid_map", text) != 0)
        return -1;
    return write_proc(pid, "gid_map", text);
}

/* The kernel lets an ordinary user map one id, its own. */
static int map_own_id(pid_t pid)
{
    char text[48];
    if (write_proc(pid, "setgroups", "deny") != 0)
        return -1;
    snprintf(text, sizeof text, "%d %u 1\n", ORDER_GUEST_ID, (unsigned)geteuid());
    if (write_proc(pid, "uid_map", text) != 0)
        return -1;
    snprintf(text, sizeof text, "%d %u 1\n", ORDER_GUEST_ID, (unsigned)getegid());
    return write_proc(pid, "gid_map", text);
}

/* As root: a range that systemd's table of ids (systemd.io/UIDS-GIDS) leaves unused, wide enough
 * for every pid; inside a container that maps 65536 ids, the upper end of those. */
int ids_map(pid_t pid, bool *ret_two)
{
    *ret_two = true;
    if (geteuid() == 0 &&
        (map_two_ids(pid, 0x70000000, 1u << 22) == 0 || map_two_ids(pid, 60000, 2700) == 0))
        return 0;
    *ret_two = false;
    return map_own_id(pid);
}
