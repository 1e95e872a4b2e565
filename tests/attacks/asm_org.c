/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* A section of 64 TiB. */
__asm__(".data\n.org 0x400000000000\n.byte 1");
