/* What a driver's callbacks write down: see driver.h. */
#include <stdint.h>
#include <string.h>

#include "driver.h"
#include "frame.h"

struct lab_log lab_log_open(struct lab_call *c, unsigned argument)
{
    const size_t size = lab_size(c, argument);
    struct lab_log log = {.at = lab_out(c, argument)};
    if (size < sizeof(struct frame_log))
        return (struct lab_log){0};
    log.capacity = size - sizeof(struct frame_log);
    memset(log.at, 0, sizeof(struct frame_log));
    return log;
}

/* The head has no alignment of its own: an output ends where it must. */
void lab_log_add(struct lab_log *log, uint32_t kind, const void *bytes, size_t size)
{
    struct frame_log head;
    if (log->at == NULL)
        return;
    memcpy(&head, log->at, sizeof head);
    const size_t room = log->capacity - head.used;
    const struct frame_entry entry = {.kind = kind, .size = (uint32_t)size};
    const size_t whole = sizeof entry + (size + 7) / 8 * 8;
    if (head.lost > 0 || size > room || whole > room) {
        head.lost++;
    } else {
        unsigned char *to = log->at + sizeof head + head.used;
        memset(to, 0, whole);
        memcpy(to, &entry, sizeof entry);
        if (size > 0)
            memcpy(to + sizeof entry, bytes, size);
        head.used += whole;
    }
    memcpy(log->at, &head, sizeof head);
}
