/* The device process's side of the control plane. */
#pragma once

#include "grader/vgpu/device/machine.h"

/* Answers one packet of the grader's; false: it has gone. */
bool control_answer(struct machine *m, int fd);
