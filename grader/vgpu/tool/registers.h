/* What `ptxas -v` says of registers. */
#pragma once

#include "base/str.h"

/* Adds "NAME COUNT\n" for each kernel in the log. Lines that it does not know it passes over. */
void registers_read(const char *log, struct str *ret);
