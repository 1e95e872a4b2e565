/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* A name with @ is an option file to gcc, elsewhere. */
#include "@/etc/passwd"
