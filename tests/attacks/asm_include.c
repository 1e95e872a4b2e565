/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* The assembler includes, too. */
__asm__(".include \"/etc/passwd\"");
