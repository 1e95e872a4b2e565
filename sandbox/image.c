#include "sandbox/image.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"

int64_t image_memory_bytes(int fd)
{
    Elf64_Ehdr header;
    if (pread(fd, &header, sizeof header, 0) != sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return 0;
    int64_t sum = 0;
    for (int i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        int64_t at;
        if (ckd_add(&at, header.e_phoff, (size_t)i * sizeof segment) ||
            pread(fd, &segment, sizeof segment, at) != sizeof segment)
            return 0;
        if (segment.p_type == PT_LOAD && ckd_add(&sum, sum, segment.p_memsz))
            return INT64_MAX;
    }
    return sum;
}
