/* Brings a file of a stranger's directory over the trust line. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* Copies the regular file `name` below the directory `work` into a sealed memfd, the caller's. No
 * link, device, FIFO, other mount or way out of `work` is ever followed: a published escape of
 * nearly every judge was the host walking a path that the guest had laid. */
MUST_CHECK enum err_code take_file(int work, const char *name, size_t max_bytes, int *ret_fd,
                                   struct err *why);
