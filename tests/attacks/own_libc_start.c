/* class: load */
/* lab: 0.1 */
/* verdict: compile_error or runtime_error */
/* Replaces what calls main. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv)
{
    (void)main;
    (void)argc;
    (void)argv;
    _exit(0);
}

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}
