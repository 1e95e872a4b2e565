/* class: compile */
/* lab: 3.2 */
/* verdict: compile_error */
/* A main of its own would never answer a call. */
#include "lab.h"

int main(void)
{
    return 0;
}
