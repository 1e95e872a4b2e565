/* The program `vgpu`: builds CUDA programs for the virtual GPU and runs them there. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { TOOL_FAILED = 125, TOOL_USAGE = 2, TOOL_FINDINGS = 3 }; /* exit statuses of our own */

/* Each gives the exit status. `argv[0]` is the command's name. */
int tool_cc(int argc, char **argv);
int tool_run(int argc, char **argv);
int tool_device(int argc, char **argv);

/* A list of words that becomes an argv; the words are borrowed, the list is the arena's. */
struct words {
    struct arena *arena;
    const char **list;
    size_t n, room;
};
void words_add(struct words *w, const char *word); /* NULL word: out of memory; ends the program */
/* Runs a command and waits; `log`: where its standard error goes, -1: ours. Gives its exit status;
 * -1: it could not be started. */
int tool_spawn(const char *const *argv, int log);
