/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Asks the date of a file of the host. */
#pragma GCC dependency "/etc/passwd"
