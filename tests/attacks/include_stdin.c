/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* A source that never comes. */
#include "/dev/stdin"
