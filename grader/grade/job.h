/* A job directory: what the server lays out and `grade run --job DIR` answers in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/report/report.h"

struct job {
    const char *lab;
    bool has_seed;
    uint64_t seed;
    bool visible_only; /* "mode": "visible" */
};

/* Reads DIR/job.json. ERR_FORMAT names the key. */
MUST_CHECK enum err_code job_read(const char *dir, struct arena *a, struct job *ret,
                                  struct err *why);
/* The same of its text, which need not live on. */
MUST_CHECK enum err_code job_parse(const char *json, size_t size, struct arena *a, struct job *ret,
                                   struct err *why);
/* Writes DIR/report.json, whole or not at all. */
MUST_CHECK enum err_code job_write_report(const char *dir, const struct report *r, struct err *why);
