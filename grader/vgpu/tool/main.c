#include <stdio.h>
#include <string.h>

#include "grader/vgpu/tool/tool.h"

static const char usage[] =
    "vgpu cc FILE.cu... [-o PROGRAM] [nvcc's options]   builds for the virtual GPU\n"
    "vgpu run [options] PROGRAM [ARGUMENTS]             runs what was built so\n"
    "  --device PROFILE   a100, h100, t4, a6000, or a slice as a100/8 (the default)\n"
    "  --devices N        1 to 8 of them (1)\n"
    "  --workers N        threads that run blocks (one per CPU)\n"
    "  --order N          runs blocks and warps in an order shuffled by N\n"
    "  --check            looks for races, uninitialised reads and misused barriers\n"
    "  --profile [--lines] [--json]   counts and explains what the time goes for\n"
    "vgpu device --data FD --memory FD [--control FD] [options]   serves a grader\n";

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"cc", tool_cc}, {"run", tool_run}, {"device", tool_device}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    const int asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    fputs(usage, asked ? stdout : stderr);
    return asked ? 0 : TOOL_USAGE;
}
