#include "sandbox/remedy.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/kernel_file.h"

static int setting(const char *path)
{
    char text[24];
    kernel_file_read(AT_FDCWD, path, text, sizeof text);
    return text[0] == '\0' ? -1 : (int)kernel_file_number(text);
}

/* The usual obstacles, in the order in which they can be told apart. */
static const char *remedy_for_userns(void)
{
    if (setting("/proc/sys/user/max_user_namespaces") == 0)
        return "user namespaces are off: sysctl -w user.max_user_namespaces=10000";
    if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
        return "AppArmor keeps user namespaces from ordinary users (Ubuntu): sysctl -w "
               "kernel.apparmor_restrict_unprivileged_userns=0, or give grade and graded-sandbox a "
               "profile with the rule `userns,`";
    if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        return "user namespaces are root's alone (Debian's old switch): sysctl -w "
               "kernel.unprivileged_userns_clone=1";
    if (setting("/proc/sys/vm/memfd_noexec") == 2)
        return "no program may be started from memory, as a cell's is: sysctl -w vm.memfd_noexec=1";
    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        return "this container's seccomp profile refuses namespaces and mounts: start it with "
               "--security-opt seccomp=PROFILE, one that allows clone, clone3, unshare, setns, "
               "mount, umount2, pivot_root, open_tree, move_mount, fsopen, fsconfig, fsmount, "
               "mount_setattr and seccomp, and with --security-opt apparmor=unconfined "
               "--security-opt systempaths=unconfined";
    return "it takes Linux 5.14 with CONFIG_USER_NS, CONFIG_SECCOMP_FILTER and all namespaces, and "
           "a caller whom no seccomp profile keeps from them";
}

#define DELEGATE                                                                                   \
    "let graded write a control group: as root outside containers it can; as a service use "       \
    "Delegate=yes and DelegateSubgroup=main; as a user try systemd-run --user --scope -p "         \
    "Delegate=yes COMMAND; in a container use --cgroupns=private and mount /sys/fs/cgroup "        \
    "writable"

const char *remedy_for(const char *word)
{
    static const struct {
        const char *word, *remedy;
    } table[] = {
        {"landlock", "boot Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK and `landlock` in the "
                     "list of lsm="},
        {"own_ids", "run it as root, which can map ids that no account has"},
        {"time_ns", "boot Linux 6.1 or later with CONFIG_TIME_NS"},
        {"memory_limit", DELEGATE},
        {"process_limit", DELEGATE},
        {"freeze", DELEGATE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].word, word) == 0)
            return table[i].remedy;
    return remedy_for_userns(); /* everything else is missing because no cell can be made */
}
