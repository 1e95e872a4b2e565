/* `grade new`: a complete lab folder that passes `grade test` as soon as it is built. What it
 * writes lies in templates/; @ID@, @SLUG@, @NAME@, @TITLE@ and @MODULE@ in it are replaced. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

struct new_template {
    const char *path; /* "lab/solution/NAME.c": NAME is replaced, too */
    const char *text;
};
extern const struct new_template new_templates[];
extern const size_t new_n_templates;

struct new_request {
    const char *id;       /* "2.10" */
    const char *slug;     /* "running-sums" */
    const char *title;    /* NULL: made from the slug */
    const char *language; /* "c" */
    const char *dir;      /* the folder of modules; made where it is missing */
    const char *home;     /* graded's own folder of labs, which needs no project around it */
};

/* Writes the folder and tells on `out` what to do next. ERR_INVALID: a word of the request, nothing
 * was written; ERR_EXISTS: there is such a lab; ERR_IO. */
MUST_CHECK enum err_code new_lab(const struct new_request *request, struct arena *a, FILE *out,
                                 struct err *why);
