/* A cell as the files of this folder see it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "sandbox/cell.h"
#include "sandbox/cgroup.h"
#include "sandbox/order.h"

/* What the epoll watches. */
enum source { STATUS, OUT, ERR, LISTENER, INIT, TIMER, N_SOURCES };

struct cell {
    struct cell_limits limits;
    enum cell_profile profile;
    struct cgroup group;
    /* What the epoll watches; -1 once it has said its last. INIT stays until it is reaped. */
    int fd[N_SOURCES];
    int epoll, command, command_stat, work, image;
    pid_t init;      /* unreaped until `ended`, so the number is ours */
    clockid_t clock; /* the command's own CPU time, where it is the only process; or 0 */
    struct str text[2];
    int64_t start_ns;
    int64_t cores; /* that it can use at once */

    bool started, killed, ended;
    enum cell_verdict cause; /* why we killed it */
    struct order_reply end;  /* what init said; kind is REPLY_STARTED where it said nothing */
    int64_t polled_cpu_us, polled_peak; /* at the last look; the peak where no group knows it */
    struct cell_exit result;
};

/* config.c: what cell_open is told, before anything is made. */
MUST_CHECK enum err_code config_check(const struct cell_config *config, struct err *why);

/* ids.c: maps the ids of a new user namespace, two where the caller may. -1 and errno. */
int ids_map(pid_t pid, bool *ret_two);

/* usage.c: time and memory, from the control group or else from /proc. */
int64_t usage_now_ns(void);
int64_t usage_wall_us(const struct cell *cell);
void usage_poll(struct cell *cell);
int64_t usage_next_check_us(const struct cell *cell);
int64_t usage_of(const struct rusage *r);
/* Once all is dead; `reaped_us` is what init said or its own reaping. */
int64_t usage_final_cpu_us(const struct cell *cell, int64_t reaped_us);

/* verdict.c: fills in the result from what is known once all is dead. */
void verdict_reach(struct cell *cell);
