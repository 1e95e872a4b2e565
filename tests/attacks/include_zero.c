/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* An endless source. */
#include "/dev/zero"
