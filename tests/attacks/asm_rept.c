/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* A billion lines from three. */
__asm__(".rept 1000000000\n.long 1\n.endr");
