/* The driver's table of objects: see driver.h. A handle is a place and how often that was used, so
 * a stale one is told from its successor. */
#include <stddef.h>
#include <stdint.h>

#include "driver.h"

static struct {
    void *object; /* NULL: free */
    uint32_t uses;
} table[LAB_HANDLES];

int64_t lab_handle_new(void *object)
{
    uint32_t i = 0;
    while (i < LAB_HANDLES && table[i].object != NULL)
        i++;
    if (object == NULL || i == LAB_HANDLES)
        return 0;
    table[i].object = object;
    table[i].uses++;
    return (int64_t)table[i].uses << 32 | i;
}

static int is_there(int64_t handle)
{
    const uint32_t i = (uint32_t)handle;
    return i < LAB_HANDLES && table[i].object != NULL && table[i].uses == (uint32_t)(handle >> 32);
}

void *lab_handle(int64_t handle)
{
    return is_there(handle) ? table[(uint32_t)handle].object : NULL;
}

void *lab_handle_drop(int64_t handle)
{
    void *object = lab_handle(handle);
    if (object != NULL)
        table[(uint32_t)handle].object = NULL;
    return object;
}
