/* For check.c: reads what the driver's callbacks wrote down (lab_log_add in driver.h). The bytes
 * are a stranger's: whatever they hold, an entry lies inside of them. check_log() in check.h
 * compares. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_entry {
    uint32_t kind;
    size_t size;
    const void *bytes; /* borrowed from the log; no alignment */
};

struct log_reader {
    const uint8_t *at, *end;
    uint64_t lost; /* entries that did not fit, as the driver says */
    bool broken;   /* what follows is no entry */
};

struct log_reader log_open(const void *bytes, size_t size);
/* False at the end, or where it is broken. */
bool log_next(struct log_reader *r, struct log_entry *ret);
