/* class: compile */
/* lab: 3.2 */
/* verdict: compile_error */
/* Three of the four functions do not exist; the linker's complaint is told as one of the compiler.
 */
#include "lab.h"

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    return type + (size_t)n;
}
