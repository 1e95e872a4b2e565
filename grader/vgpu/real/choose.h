/* Which device a lab is graded on: a pure decision from what the lab asks, what the cohort scores
 * by and what the host has; and which of the host's files the device server's cell then gets.
 *
 * Virtual tiers are computed on every host and give the points, so that a score does not depend on
 * it; a real GPU is used where a lab asks for it ("device": "cuda" or "any") or a cohort scores by
 * it ("score_device": "cuda"). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "grader/vgpu/real/driver.h"

enum choose_device { CHOOSE_CPU, CHOOSE_VGPU, CHOOSE_CUDA, CHOOSE_ANY };

/* "cpu", "vgpu", "cuda", "any"; NULL: cpu, as a lab without "device" has it. ERR_INVALID. */
MUST_CHECK enum err_code choose_device_read(const char *text, enum choose_device *ret,
                                            struct err *why);
const char *choose_device_text(enum choose_device d); /* the same words */

enum { CHOOSE_PATHS = 64, CHOOSE_PATH = 256, CHOOSE_GPUS = 64, CHOOSE_CAPS = 32 };

/* The driver's files. */
struct choose_nodes {
    bool control, uvm, uvm_tools; /* /dev/nvidiactl, nvidia-uvm, nvidia-uvm-tools */
    struct {
        int minor;            /* /dev/nvidiaMINOR */
        char bus[DRIVER_BUS]; /* from /proc/driver/nvidia/gpus; "": not told */
    } gpus[CHOOSE_GPUS];
    int n_gpus;
    int caps[CHOOSE_CAPS]; /* /dev/nvidia-caps/nvidia-capN: MIG instances */
    int n_caps;
};
/* Looks below `root` ("" on a host). What is not there is not there: no error. */
void choose_nodes_read(struct choose_nodes *ret, const char *root);

struct choose_host {
    const struct driver *driver; /* NULL: driver_open failed, and `driver_why` tells how */
    const char *driver_why;
    struct choose_nodes nodes;
    const char *library; /* the driver library's path, for the cell; NULL: not known */
    const char *profile; /* the virtual device's name: "a100/8" */
    const char *cpu;     /* the processor's */
};

struct choice {
    enum choose_device device; /* never CHOOSE_ANY */
    int ordinal;               /* of CHOOSE_CUDA: the driver's number */
    char name[DRIVER_NAME];    /* report.device.name */
    bool score_virtual;        /* the virtual tiers give the points */
    char note[ERR_TEXT_MAX];   /* for the report: why not the other; "" where nobody wonders */
    /* CHOOSE_CUDA: what the device server's cell binds, and no other. */
    char nodes[CHOOSE_PATHS][CHOOSE_PATH]; /* read and write */
    int n_nodes;
    char libraries[CHOOSE_PATHS][CHOOSE_PATH]; /* read-only; those that the host has */
    int n_libraries;
};

/*   lab     what its "device" says
 *   cohort  its score_device: CHOOSE_CUDA or else
 * ERR_UNSUPPORTED: only a real GPU would do, and none is usable; the story says what to do. */
MUST_CHECK enum err_code choose(enum choose_device lab, enum choose_device cohort,
                                const struct choose_host *host, struct choice *ret,
                                struct err *why);

/* "device": {"kind": ..., "name": ...} of the report. */
const char *choice_kind(const struct choice *c);
