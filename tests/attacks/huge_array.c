/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* Initialised data that no file can hold. */
char bomb[1L << 40] = {1};
