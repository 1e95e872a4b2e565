/* The system calls that each profile allows, as a seccomp program.
 *
 * Off the list means: the caller stops, its call is reported to the parent by user notification,
 * and the parent kills the cell. Notification is never used to let a call go on: that would be
 * racy. */
#pragma once

#include <linux/filter.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/cell.h"

struct filter {
    struct sock_fprog program;
    /* The one exec of a cell passes this in the unused sixth argument of execveat, where the filter
     * can see it. The command itself never learns it: exec clears the registers, and reading a
     * filter back takes CAP_SYS_ADMIN. So a second exec is off the list. */
    uint64_t exec_cookie;
};

/* `extras`: of enum cell_extra. Compiled when graded was built (filter_make.c), with a new cookie
 * for each pair and process; the program is the library's until the process ends. */
MUST_CHECK enum err_code filter_get(enum cell_profile profile, unsigned extras, struct filter *ret,
                                    struct err *why);

/* The name of a call of this architecture for reports: "openat", or "call 999". */
void filter_call_name(int number, char *ret, size_t size);
