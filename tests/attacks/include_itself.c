/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Includes itself, and again, and again. */
#include __FILE__
#include __FILE__
