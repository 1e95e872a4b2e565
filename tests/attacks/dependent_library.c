/* class: compile */
/* lab: 0.1 */
/* verdict: accepted or compile_error */
/* Has lld link a file of the host, by a section that names libraries. */
#include "lab.h"

__asm__(".section .deplibs,\"MS\",@0x6fff4c04,1\n.asciz \"/etc/passwd\"\n.text");

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}
