/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Escapes in the name of a file. */
#line 7 "\033[2Jetc/passwd"
int x = ;
