/* Progress as NDJSON: one object a line, written at once, so that a person sees each group as it
 * ends. Learners read them live: nothing of a case is ever in here. */
#pragma once

#include "grader/report/report.h"

struct events {
    int fd;    /* -1: nobody listens */
    bool lost; /* the reader went away; grading goes on for the report */
};

void events_simple(struct events *e, const char *event); /* "compile_started" */
void events_compiled(struct events *e, const struct report_compile *c);
void events_group_started(struct events *e, const char *group);
void events_group(struct events *e, const struct report_group *g);
void events_sanitized(struct events *e, const struct report_sanitizer *s);
void events_timed_started(struct events *e, const char *name);
void events_timed(struct events *e, const struct report_performance *p);
void events_finished(struct events *e, const struct report *r);
