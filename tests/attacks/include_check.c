/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Looks for the checker beside what it may see. */
#include "/lab/check.c"
