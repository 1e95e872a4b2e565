/* What this host gives beyond a cell's walls: for cell_guarantees() and for tests. */
#pragma once

#include <stdbool.h>

/* A command enters a time namespace by its exec, which Linux does from 6.1 on. */
bool host_time_namespaces(void);
