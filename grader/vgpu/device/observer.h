/* Who wants to know what happens between kernels: the checks of initialisation and of order between
 * streams. A launch itself is watched through vg_watcher (exec/insn.h).
 *
 * Functions that are NULL are skipped. All are called in the order in which the host issued the
 * work, which is also the order in which it is done. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "grader/vgpu/exec/exec.h"

enum observer_copy { OBSERVER_IN, OBSERVER_OUT, OBSERVER_LOCAL, OBSERVER_FILL };
struct observer_range { /* `rows` rows of `bytes`, `pitch` bytes apart; address 0: the host's side
                         */
    uint64_t address, bytes, rows, pitch;
};

struct vg_observer {
    void *context;
    void (*allocated)(void *context, struct vg_memory *m, uint64_t address, uint64_t bytes);
    void (*released)(void *context, struct vg_memory *m, uint64_t address);
    /* Streams by number, unique over the devices; a device's legacy stream has its own. `blocking`:
     * it waits for the legacy stream and that one for it. */
    void (*stream_made)(void *context, uint32_t stream, int device, bool legacy, bool blocking);
    void (*stream_gone)(void *context, uint32_t stream);
    void (*copied)(void *context, uint32_t stream, enum observer_copy kind,
                   const struct observer_range *to, const struct observer_range *from);
    /* Before vg_run, so that the watcher of the launch knows its stream. */
    void (*launching)(void *context, uint32_t stream, const struct vg_launch *l);
    void (*recorded)(void *context, uint32_t event, uint32_t stream);
    void (*waited)(void *context, uint32_t stream, uint32_t event);
    /* The host has seen the end of: an event, a stream, a whole device. */
    void (*event_seen)(void *context, uint32_t event);
    void (*stream_seen)(void *context, uint32_t stream);
    void (*device_seen)(void *context, int device);
    /* The grader has put bytes there, or poisoned them: they count as never written. */
    void (*put)(void *context, struct vg_memory *m, uint64_t address, uint64_t bytes);
    void (*poisoned)(void *context, struct vg_memory *m, uint64_t address, uint64_t bytes);
};

/* The cost of a kernel, once it has run. */
struct vg_clock {
    void *context;
    uint64_t (*kernel_ns)(void *context, const struct vg_launch *l, const struct vg_result *r);
};

/* A tool of `vgpu run`: what it watches and what it tells at the end. NULL where it does not. */
struct vg_tool {
    const struct vg_watcher *watcher;
    const struct vg_observer *observer;
    const struct vg_clock *clock;
    bool alone; /* needs blocks one after the other: one worker */
    /* Writes what was found or counted; returns the number of findings. */
    size_t (*report)(void *context, FILE *to, bool lines, bool json);
    void (*done)(void *context);
    void *context;
};

/* check/ and cost/ define these; where they are not linked the addresses are NULL. `profile` is
 * the device's name for people ("a100/8"). */
__attribute__((weak)) enum err_code vg_check_tool(const char *profile, struct vg_tool *ret,
                                                  struct err *why);
__attribute__((weak)) enum err_code vg_cost_tool(const char *profile, struct vg_tool *ret,
                                                 struct err *why);
