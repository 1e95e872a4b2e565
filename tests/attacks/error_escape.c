/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Paints the terminal of whoever reads the report. */
#error "[2J]0;graded root[31m"
