/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* 16 GiB from one line. */
__asm__(".fill 0x7fffffff, 8, 0x55");
