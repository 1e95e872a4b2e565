/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* The memory of the assembler, as data. */
__asm__(".incbin \"/proc/self/mem\", 0x400000, 4096");
