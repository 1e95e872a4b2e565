/* What `vgpu run` and `vgpu device` are told. */
#pragma once

#include "grader/vgpu/device/machine.h"

struct options {
    struct machine_config config;
    const char *profile; /* "a100/8" */
    bool check, cost, lines, json;
    int data, memory, control; /* descriptors of `vgpu device`; -1: not said */
};

/* Reads options until the first word that is none; gives its index, -1 after a complaint. */
int options_read(struct options *o, int argc, char **argv);

struct tools {
    struct vg_tool list[VG_WATCHERS];
    size_t n;
};
/* The watchers that the options ask for, put to work. ERR_UNSUPPORTED: one is not there. */
MUST_CHECK enum err_code options_watch(const struct options *o, struct machine *m,
                                       struct tools *ret, struct err *why);
/* Lets them tell; gives the number of findings. */
size_t tools_report(const struct tools *t, const struct options *o);
void tools_done(struct tools *t);
