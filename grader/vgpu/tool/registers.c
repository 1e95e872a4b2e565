#include "grader/vgpu/tool/registers.h"

#include <string.h>

/*     ptxas info    : Compiling entry function 'NAME' for 'sm_80'
 *     ptxas info    : Used 16 registers, ...                            (CUDA 13.0) */
void registers_read(const char *log, struct str *ret)
{
    static const char entry[] = "Compiling entry function '", used[] = ": Used ";
    const char *name = NULL;
    size_t length = 0;
    for (const char *line = log; *line;) {
        const size_t bytes = strcspn(line, "\n");
        const char *at = memmem(line, bytes, entry, sizeof entry - 1);
        if (at) {
            name = at + sizeof entry - 1;
            length = strcspn(name, "'\n");
        }
        at = memmem(line, bytes, used, sizeof used - 1);
        if (at && name) {
            at += sizeof used - 1;
            str_printf(ret, "%.*s %.*s\n", (int)length, name, (int)strspn(at, "0123456789"), at);
            name = NULL;
        }
        line += bytes + (line[bytes] == '\n');
    }
}
