/* What filter.h's programs are made of: rules, and libseccomp to compile them. Only at build time
 * and in tests: compiling one program takes 1.5 ms, which is more than the rest of a cell's start.
 */
#pragma once

#include "sandbox/filter.h"

/* A new program, the caller's: program.filter is freed. For an architecture that may be another
 * than this one, as libseccomp numbers them. Negative errno. */
int filter_build(enum cell_profile profile, unsigned extras, uint32_t architecture,
                 uint64_t exec_cookie, struct filter *ret);
