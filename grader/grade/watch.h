/* When a checker dies or never ends, whoever reads the log must learn which: grade dies with the
 * checker, since that is a module inside of it, but not in silence.
 *
 *     grade: lab 3.2: the checker failed in the group 'q-k', case 'Q4_K, 3 blocks': SIGSEGV ...
 *     build/labs/3.2/check.so(+0x3f41)[0x7f...]
 *
 * One process, one checker at a time. */
#pragma once

#include <stdint.h>

struct check;

enum { WATCH_CPU_S = 120 }; /* of one grading; honest checkers take seconds */

/* From now on the signals that a checker dies of are explained on standard error before they kill.
 * `cpu_s` seconds of this process's own CPU time from now on are one of them: a loop. 0: no limit.
 */
void watch_start(int64_t cpu_s);

/* What is under way; NULL: no checker. Borrowed. */
void watch_check(const struct check *k);
