/* class: compile */
/* lab: 0.9 */
/* verdict: compile_error */
/* Brackets so deep that the parser runs out of stack. */
#define N1(x) ((x))
#define N2(x) N1(N1(N1(N1(x))))
#define N3(x) N2(N2(N2(N2(x))))
#define N4(x) N3(N3(N3(N3(x))))
#define N5(x) N4(N4(N4(N4(x))))
#define N6(x) N5(N5(N5(N5(x))))
#define N7(x) N6(N6(N6(N6(x))))
#define N8(x) N7(N7(N7(N7(x))))
#define N9(x) N8(N8(N8(N8(x))))
int deep = N9(N9(1));
