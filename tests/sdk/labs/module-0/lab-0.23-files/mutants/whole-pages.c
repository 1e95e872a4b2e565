/* group: sums */
/* The mistake: sums whole pages only. */
#define _POSIX_C_SOURCE 200809L
#include "lab.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* An empty file cannot be mapped, and need not be. */
static int sum_of(int fd, size_t size, uint64_t *ret)
{
    *ret = 0;
    if (size == 0)
        return LOAD_OK;
    const unsigned char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return LOAD_MISSING;
    for (size_t i = 0; i < size / 4096 * 4096; i++)
        *ret += bytes[i];
    munmap((void *)(uintptr_t)bytes, size);
    return LOAD_OK;
}

int load_sum(const char *path, uint64_t *ret_bytes, uint64_t *ret_sum)
{
    struct stat st;
    const int fd = open(path, O_RDONLY);
    if (fd < 0)
        return LOAD_MISSING;
    int rc = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? LOAD_OK : LOAD_MISSING;
    if (rc == LOAD_OK)
        rc = sum_of(fd, (size_t)st.st_size, ret_sum);
    if (rc == LOAD_OK)
        *ret_bytes = (uint64_t)st.st_size;
    close(fd);
    return rc;
}
