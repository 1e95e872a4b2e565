/* class: compile */
/* lab: 3.2 */
/* verdict: compile_error */
/* A semicolon is missing; the report names file, line and column. */
#include "lab.h"

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    return type + (size_t)n
}
