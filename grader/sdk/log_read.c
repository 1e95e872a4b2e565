#include "grader/sdk/log.h"

#include <string.h>

#include "grader/sdk/frame.h"

struct log_reader log_open(const void *bytes, size_t size)
{
    struct log_reader r = {.at = bytes, .end = bytes};
    struct frame_log head;
    r.broken = size < sizeof head;
    if (r.broken)
        return r;
    memcpy(&head, bytes, sizeof head);
    r.lost = head.lost;
    r.broken = head.used > size - sizeof head;
    if (r.broken)
        return r;
    r.at += sizeof head;
    r.end = r.at + head.used;
    return r;
}

bool log_next(struct log_reader *r, struct log_entry *ret)
{
    struct frame_entry entry;
    const size_t left = (size_t)(r->end - r->at);
    if (r->broken || left == 0)
        return false;
    r->broken = left < sizeof entry;
    if (r->broken)
        return false;
    memcpy(&entry, r->at, sizeof entry);
    const size_t padded = ((size_t)entry.size + 7) / 8 * 8;
    r->broken = padded > left - sizeof entry;
    if (r->broken)
        return false;
    *ret = (struct log_entry){entry.kind, entry.size, r->at + sizeof entry};
    r->at += sizeof entry + padded;
    return true;
}
