/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* Endless data. */
__asm__(".incbin \"/dev/zero\"");
