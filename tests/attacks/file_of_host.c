/* class: shape */
/* lab: 0.23 */
/* verdict: wrong_answer */
/* max_score: 40 */
/* Reads what is not of the case: the host's accounts, its own image, the folder above. */
#include "lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void show(const char *path)
{
    char bytes[256];
    const int fd = open(path, O_RDONLY);
    const ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
    if (n > 0)
        fwrite(bytes, 1, (size_t)n, stdout);
    if (fd >= 0)
        close(fd);
}

int load_sum(const char *path, uint64_t *ret_bytes, uint64_t *ret_sum)
{
    (void)path;
    show("/etc/passwd");
    show("../etc/passwd");
    show("/proc/self/environ");
    show("/proc/1/root/etc/passwd");
    *ret_bytes = *ret_sum = 0;
    return LOAD_MISSING;
}
