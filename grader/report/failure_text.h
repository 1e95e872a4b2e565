/* A failing case as labelled lines, for the formats that have a text field for it. */
#pragma once

#include "grader/report/report.h"

/* "case: ...", "expected: ...", one a line and only what is there. */
void failure_write_lines(const struct report_failure *f, struct str *out);
