/* The files of one submission, in memory: named by the lab, bounded by it, hashed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/lab.h"

struct source {
    const char *name; /* as the lab calls it */
    const char *bytes;
    size_t size;
};

struct submission {
    struct source files[LAB_FILES]; /* in the lab's order */
    size_t n_files;
    uint64_t seed; /* below 2^53; from names and bytes, so that equal files see equal cases */
};

/* Reads the lab's files from the folder. ERR_NOT_FOUND, ERR_TOO_LARGE: names the file. */
MUST_CHECK enum err_code submission_read_folder(const struct lab *lab, const char *folder,
                                                struct arena *a, struct submission *ret,
                                                struct err *why);

/* The same from paths as a person typed them: each is matched to the lab's file of its name; one
 * path for a lab of one file may have any name. */
MUST_CHECK enum err_code submission_read_paths(const struct lab *lab, const char *const *paths,
                                               size_t n_paths, struct arena *a,
                                               struct submission *ret, struct err *why);

/* Lines of the file of this name; 0: the submission has none. */
int submission_lines(const struct submission *s, const char *name);
