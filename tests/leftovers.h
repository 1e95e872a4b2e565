/* What a grading could leave on the host: looked at before and after. */
#pragma once

/* From now on what our children leave behind becomes ours, so that it can be found. */
void leftovers_adopt(void);

/* NULL when nothing is left: no descendant, no mount or control group of a cell, nothing of a
 * cell's in the folders for temporary files, no System V object. Else what
 * it is, in words; static. What is about to go gets two seconds. `graders` are processes that have
 * ended. */
const char *leftovers_find(const int *graders, int n_graders);
