/* What the fuzzers ask of any report with a stranger's words in it: its JSON fits, is read again,
 * and is written again to the same bytes. */
#pragma once

#include "grader/report/report.h"

/* Aborts where it does not hold. */
void report_round_trip(const struct report *r);
