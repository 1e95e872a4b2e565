/* class: compile */
/* lab: 3.2 */
/* verdict: compile_error */
/* The assembler reads files too. */
__asm__(".incbin \"/etc/shadow\"");
