/* `grade calibrate`: how sure timings are on this host. Par races par, so the true ratio is 1, and
 * what the race says instead is the host's noise. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "grader/grade/lab.h"
#include "grader/grade/pairs.h"
#include "grader/grade/quiet.h"

/* A host is fit when a difference of a twentieth can be told, and equal programs are not told apart
 * by more than a hundredth. */
#define CALIBRATE_TOLD  0.05
#define CALIBRATE_EQUAL 0.01
enum { CALIBRATE_BUDGET_MS = 3000 };

struct calibration { /* of one timed case */
    const char *lab, *name;
    struct pairs_result result;
    bool holds_one;
    double smallest; /* difference to a border that ends a race: the interval's width */
    bool fit;
};

/* Judges a race of equals. */
struct calibration calibrate_judge(const struct pairs_result *r);

/* All timed cases of one lab; strings are the lab's. */
MUST_CHECK enum err_code calibrate_lab(const struct lab *lab, int core, struct arena *a,
                                       struct calibration ret[LAB_TIMED], struct err *why);

/* The command: the labs of these names (none: all that time something), a table or JSON on `out`,
 * and where the host is not fit what to change. ERR_NOT_FOUND: no such lab, or none is timed. */
struct calibrate_command {
    struct lab_paths paths;
    const char *const *names;
    size_t n_names;
    int core;
    bool json;
};
MUST_CHECK enum err_code calibrate_run(const struct calibrate_command *c, struct arena *a,
                                       FILE *out, bool *ret_fit, struct err *why);

/* The two ways to write it. */
struct calibrate_result {
    const struct calibration *cases;
    size_t n_cases;
    const struct quiet_finding *findings; /* why it may scatter; told where it does */
    size_t n_findings;
    int core;
    bool fit;
};
void calibrate_write_text(const struct calibrate_result *r, struct str *out);
void calibrate_write_json(const struct calibrate_result *r, struct str *out);
