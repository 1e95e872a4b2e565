/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* 2^40 additions from a few lines: the compiler's limits end it. */
#define A1(x) x + x
#define A2(x) A1(A1(A1(A1(A1(x)))))
#define A3(x) A2(A2(A2(A2(x))))
int bomb = A3(A3(1));
