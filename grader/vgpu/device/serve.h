/* The device process at work: requests of a program on one descriptor, and of a grader on another,
 * which the program never has. */
#pragma once

#include "grader/vgpu/device/machine.h"

/* Serves until the program has closed its end of `data` and the grader, if there is one, its end of
 * `control` (-1: there is none). What comes in the wrong form ends the program's connection: it is
 * no longer our library that speaks. ERR_IO: the descriptors. */
MUST_CHECK enum err_code serve(struct machine *m, int data, int control, struct err *why);
