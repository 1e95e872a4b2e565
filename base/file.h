/* Whole files in and out. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* Reads a regular file of at most `max` bytes; `name` is relative to the directory `dir`
 * (AT_FDCWD: the working directory). The bytes are the arena's, with a NUL behind them.
 * ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_INVALID (no regular file), ERR_NOMEM, ERR_IO. */
MUST_CHECK enum err_code file_read(int dir, const char *name, size_t max, struct arena *a,
                                   char **ret_bytes, size_t *ret_size, struct err *why);

/* Replaces `name` in `dir` so that a reader sees the old file or the whole new one, also after a
 * power cut: writes name.tmp, fsyncs it, renames it, fsyncs the directory. */
MUST_CHECK enum err_code file_replace(int dir, const char *name, const void *bytes, size_t size,
                                      struct err *why);

/* Writes all of it to a descriptor, through short writes and signals. */
MUST_CHECK enum err_code file_write_all(int fd, const void *bytes, size_t size, struct err *why);

/* mkdir -p. */
MUST_CHECK enum err_code file_make_dirs(const char *path, struct err *why);
