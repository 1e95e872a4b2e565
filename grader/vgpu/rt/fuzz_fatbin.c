#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/rt/fatbin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text;
    size_t bytes;
    if (fatbin_find(data, size, 80, &text, &bytes) != FATBIN_FOUND)
        return 0;
    const size_t at = (size_t)((const uint8_t *)text - data);
    if (at > size || bytes > size - at)
        abort(); /* the text has to lie within the data */
    return 0;
}
