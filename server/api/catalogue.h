/* The course as labs/ tells it: modules and labs, read once at start and never changed. What is
 * wrong in one folder makes that lab unavailable, with a reason that names file, line and key, and
 * takes nothing else with it. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct lab_file_rule {
    const char *name;
    size_t max_bytes;
};

struct lab_provided { /* a file that learners may read */
    const char *path; /* "lab.h", "starter/formats.c" */
    const char *bytes;
    size_t size;
};

struct lab {
    const char *id, *slug, *title;
    int module;
    const struct lab_file_rule *files; /* all must be submitted */
    size_t n_files;
    const struct lab_provided *provided;
    size_t n_provided;
    json_t *brief, *detail; /* what every learner gets to see of it; not to be changed */
    json_t *source;         /* lab.json; holds the texts above */
    /* Why it cannot be graded; NULL: it can. Without `source` it has no files and no detail, and
     * its names are those of its folder. */
    const char *unavailable;
};

struct module {
    int number;
    json_t *brief;     /* module.json, as it is */
    const char *fault; /* what is wrong with module.json; NULL: nothing */
};

struct catalogue {
    struct arena arena;
    struct module *modules; /* by number */
    size_t n_modules;
    struct lab *labs; /* by id */
    size_t n_labs;
};

/* ERR_NOMEM; ERR_IO: the folder itself cannot be read. */
MUST_CHECK enum err_code catalogue_read(const char *labs_dir, struct catalogue **ret,
                                        struct err *why);
void catalogue_free(struct catalogue *c);

/* The lab of this folder, "lab-3.2-ggml-formats", cannot be graded. The first reason stays. */
void catalogue_mark(struct catalogue *c, const char *folder, const char *why);

/* By id ("3.2") or slug; NULL: unknown. */
const struct lab *catalogue_lab(const struct catalogue *c, const char *name);
const struct lab_provided *lab_provided_file(const struct lab *lab, const char *path);
