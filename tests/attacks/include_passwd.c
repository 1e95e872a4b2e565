/* class: compile */
/* lab: 3.2 */
/* verdict: compile_error */
/* Asks the compiler for a file of the host; it is not there, and nothing of it is shown. */
#include "/etc/passwd"
