/* graded-sandbox --check. */
#pragma once

#include <stdbool.h>

/* Says on stdout what holds on this host and, for what does not, what to change. Returns the exit
 * status: 1 if no cell can be made. */
int check_host(bool json);
