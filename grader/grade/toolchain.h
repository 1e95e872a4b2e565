/* What stands between sources and an image beside the sources: the compiler and what it reads. */
#pragma once

#include "grader/grade/compile_cache.h"

/* Adds the compiler's version, the identity (name, size, time of change) of its programs, of the
 * libraries it links and of the folders of headers, and what this processor is. Packages are
 * replaced by renaming, which changes the time of the folder too, so any update gives other keys.
 */
void toolchain_add(struct compile_hash *h);
