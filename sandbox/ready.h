/* Blanks that wait for later cells of this process. */
#pragma once

#include "sandbox/blank.h"

/* Makes blanks until `n` wait; fewer where that fails. */
void ready_fill(int n);
/* Hands one over. False: none waits, or none that still lives. */
bool ready_take(struct blank *ret);
