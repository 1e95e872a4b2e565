/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Escapes in what the assembler complains about. */
__asm__("\033[2J\033[31mroot");
