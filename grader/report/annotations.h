/* What a report says about places in source files, as one list for all formats that show it so:
 * what the compiler said, then what sanitizers found, then crashes of visible groups. */
#pragma once

#include "grader/report/report.h"

enum { ANNOTATION_RULE_MAX = 96 };

struct annotation {
    char rule[ANNOTATION_RULE_MAX]; /* "compiler/unused-variable": stays the same from run to run */
    enum report_severity severity;
    const char *file;    /* NULL: nowhere in the source */
    int line, column;    /* 0: unknown */
    const char *message; /* "" where nothing was said */
    const char *group;   /* NULL: found outside of any */
    const struct report_frame *stack;
    size_t n_stack;
};

size_t annotation_count(const struct report *r);
struct annotation annotation_at(const struct report *r, size_t index);
