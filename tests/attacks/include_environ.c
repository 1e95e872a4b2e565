/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* The environment of the compiler, as a source. */
#include "/proc/self/environ"
