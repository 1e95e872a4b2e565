/* Landlock: the cell's file rules once more, kept by another part of the kernel. It would still
 * hold where a fault in the mount tree let the command see more than it should. */
#pragma once

#include "sandbox/cell.h"

/* The kernel's Landlock ABI; 0: none. */
int landlock_abi(void);

/* Confines the calling thread to what `config` binds and to its work directory; no TCP, no signals
 * or abstract sockets out of the cell. A kernel without Landlock is no error. -1 and errno. */
int landlock_restrict(const struct cell_config *config);
