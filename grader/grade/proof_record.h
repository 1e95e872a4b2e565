/* What the last proof of a lab came to, kept as proof.json beside its built parts, so that a server
 * does not offer what is known not to work. It is of one version of the lab's folder: an edit ends
 * it. docs/decisions has its price. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/lab.h"

/* `why` NULL: it was proved. Says nothing where the folder cannot be written: then nothing is
 * known, as before. */
void proof_record_write(const char *build_dir, const char *version, const char *why);

/* Why this version of the lab must not be used; NULL: nothing is known against it. The arena's. */
const char *proof_record_fault(const struct lab *lab, struct arena *a);
