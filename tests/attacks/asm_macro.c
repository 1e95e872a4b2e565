/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* A macro of the assembler that calls itself twice. */
__asm__(".macro bomb\nbomb\nbomb\n.endm\nbomb");
