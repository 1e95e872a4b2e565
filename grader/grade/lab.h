/* A lab as `grade` needs it: the manifest, the folder's digest, and the checker's module.
 * The format of lab.json is grader/lab.schema.json; unknown keys are errors. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/sdk/check.h"

enum { LAB_FILES = 16, LAB_LIBS = 4, LAB_GROUPS = 32, LAB_TIMED = 8, LAB_TIERS = 8 };

struct lab_file_rule {
    const char *name;
    size_t max_bytes;
};

struct lab_group_rule {
    const char *name, *about;
    double points;
    bool visible;
};

struct lab_tier {
    const char *name;
    double ratio, points; /* reached at this ratio to par or above */
};

struct lab_timed_rule {
    const char *name, *unit;
    double points;
    struct lab_tier tiers[LAB_TIERS];
    size_t n_tiers;
};

struct lab_limits {
    int64_t compile_ms, case_cpu_ms, group_cpu_ms;
    int64_t memory_bytes, stack_bytes, output_bytes, arena_bytes;
};

/* What the program may do besides computing. */
struct lab_allow {
    int threads;           /* at once, the first one counted; 1: no others */
    int runners;           /* of one submission at once; 1: no others */
    bool files, sockets;   /* reads files; TCP over its own loopback */
    int64_t scratch_bytes; /* writes files, so many bytes of them; 0: none */
};

struct lab {
    const char *id, *slug, *title;
    const char *std, *optimize; /* "c11", "-O2" */
    const char *libs[LAB_LIBS]; /* "m" */
    size_t n_libs;
    struct lab_file_rule files[LAB_FILES];
    size_t n_files;
    struct lab_limits limits;
    struct lab_allow allow;
    double pass, starter_max; /* points */
    struct lab_group_rule groups[LAB_GROUPS];
    size_t n_groups;
    struct lab_timed_rule timed[LAB_TIMED];
    size_t n_timed;

    const char *dir;       /* labs/module-3/lab-3.2-ggml-formats */
    const char *build_dir; /* harness objects, par, check.so */
    char version[65];      /* SHA-256 over the names and bytes of the folder, in hex */
    void *library;         /* of dlopen */
    const struct lab_module *module;
};

/* Where labs are; the environment's GRADED_LABS and GRADED_LAB_BUILD or what CMake knew. */
struct lab_paths {
    const char *labs, *build;
};

/* Finds a lab by id ("3.2"), slug or folder and loads all of it. Strings are the arena's.
 * ERR_NOT_FOUND; ERR_FORMAT: lab.json, with its key; ERR_IO: files, or a module that does not load.
 */
MUST_CHECK enum err_code lab_open(struct lab *ret, const struct lab_paths *paths, const char *name,
                                  struct arena *a, struct err *why);
void lab_close(struct lab *lab);

/* The folders of all labs, sorted by id. */
MUST_CHECK enum err_code lab_list(const struct lab_paths *paths, struct arena *a,
                                  const char *const **ret_dirs, size_t *ret_count, struct err *why);

/* Reads lab.json only. `json` need not live on; `path` is how the story names it. */
MUST_CHECK enum err_code lab_parse(const char *json, size_t size, const char *path, struct arena *a,
                                   struct lab *ret, struct err *why);

/* The module's group of this name; NULL: it has none. */
const struct lab_group *lab_group_code(const struct lab *lab, const char *name);
const struct lab_timed *lab_timed_code(const struct lab *lab, const char *name);
