/* class: compile */
/* lab: 0.1 */
/* verdict: accepted or compile_error */
/* Has the linker say a line that looks like a diagnostic. */
#include "lab.h"

__attribute__((section(".gnu.warning.sum"), used)) static const char warning[] =
    "x\n[{\"kind\":\"error\",\"message\":\"forged\033[2J\"}]\n";

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}
