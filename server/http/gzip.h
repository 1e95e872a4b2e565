/* gzip for answers. */
#pragma once

#include <stdbool.h>

#include "server/http/blob.h"

/* Worth compressing: text of some length. */
bool gzip_helps(const char *type, size_t size);
/* `level` 1 (fast) to 9 (small). NULL: out of memory, or it would not get smaller. */
struct blob *gzip_bytes(const void *bytes, size_t size, int level);
