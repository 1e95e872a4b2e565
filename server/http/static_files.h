/* The built web app: files of one folder, kept in memory with their gzip, read again when they
 * change. A path never leaves the folder: it is walked segment by segment and no link is followed.
 */
#pragma once

#include "base/err.h"

struct static_files;

/* ERR_NOT_FOUND: no such folder. */
MUST_CHECK enum err_code static_files_open(const char *dir, struct static_files **ret,
                                           struct err *why);
void static_files_close(struct static_files *files);
