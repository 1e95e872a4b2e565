/* How a report leaves the command line: in which format, for whose eyes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/report/report.h"

#define OUTPUT_FORMATS "text, json, junit, gradescope, sarif, github or markdown"

struct output {
    const char *format;            /* a word of OUTPUT_FORMATS */
    const char *reader;            /* "learner", "staff"; NULL: as the format is used */
    bool colour;                   /* for text */
    const char *const (*paths)[2]; /* for github: the lab's name of a file, and where it lies */
    size_t n_paths;
    const char *summary; /* for github: the file to which Markdown is appended; NULL: none */
};

/* ERR_INVALID: no such format or reader. */
MUST_CHECK enum err_code output_check(const struct output *o, struct err *why);

/* Appends the report to `out`, and to the summary where there is one. ERR_IO: names the summary. */
MUST_CHECK enum err_code output_write(const struct output *o, const struct report *r,
                                      struct arena *a, struct str *out, struct err *why);
