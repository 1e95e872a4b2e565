/* class: compile */
/* lab: 3.2 */
/* verdict: compile_error */
/* A caret would print the line of the named file without any #include; diagnostics are JSON. */
#line 1 "/etc/passwd"
int x = ;
