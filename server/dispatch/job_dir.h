/* A job's directory: JOBS/<submission>-<attempt>/{submission/FILES, job.json}, laid out for the
 * grader, who leaves report.json there. */
#pragma once

#include "server/store/job.h"

/* Makes `jobs` if it is not there and removes whatever is in it. */
MUST_CHECK enum err_code job_dir_clear(const char *jobs, struct err *why);

/* Lays the job out; `ret_path` is the arena's. What is there already is removed first. */
MUST_CHECK enum err_code job_dir_make(const char *jobs, struct store *store, const struct job *job,
                                      struct arena *a, const char **ret_path, struct err *why);

/* The report's bytes. ERR_NOT_FOUND: the grader left none. */
MUST_CHECK enum err_code job_dir_report(const char *path, struct arena *a, char **ret_json,
                                        size_t *ret_size, struct err *why);

void job_dir_remove(const char *path);
