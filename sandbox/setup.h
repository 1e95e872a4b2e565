/* What happens between clone3 and the command's first instruction, and the words that the cell's
 * init sends its parent about it. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/cell.h"
#include "sandbox/filter.h"

enum {
    SETUP_MAX_BINDS = 64,
    SETUP_MAX_FDS = 64,
    SETUP_INIT_ID = 0,     /* in the cell, where two ids can be mapped */
    SETUP_GUEST_ID = 1000, /* in the cell */
};

/* All that the child needs; it has the parent's memory, copied. */
struct setup {
    const struct cell_config *config;
    const struct filter *filter;
    bool limit_data;    /* no control group limits memory, so rlimits have to */
    int status;         /* the child's end of the socket pair */
    int null, out, err; /* what become 0, 1, 2 */
    /* the child's own, while it works */
    bool two_ids; /* init's id differs from the command's: the parent said so */
    int trees[SETUP_MAX_BINDS], devices[3], proc;
    int root, work, image, listener, guest;
    int step, error; /* of the command's process, which shares memory until exec */
};

enum setup_word_kind { WORD_STARTED, WORD_FAILED, WORD_ENDED };

/* From init to parent. STARTED carries descriptors: the filter's listener, the pidfd of the
 * command, and the work directory where config->keep_work. ENDED: only init is left. */
struct setup_word {
    enum setup_word_kind kind;
    int step, error;            /* FAILED */
    int wait_status;            /* ENDED, as from waitpid */
    int64_t cpu_us, peak_bytes; /* ENDED: of the command and what it waited for */
};

/* Clones the cell's init, which does the rest once the parent has sent one byte. `cgroup` is a v2
 * group to be born in, or -1. Returns -1 and errno where the kernel refuses. */
pid_t setup_clone(struct setup *s, int cgroup, int *ret_pidfd);

/* The name of a step, for messages: "mount the root". */
const char *setup_step_name(int step);

/* Steps that make the file system; each returns 0, or -1 and errno. mounts.c */
int mounts_collect(struct setup *s);
int mounts_root(struct setup *s);
int mounts_populate(struct setup *s);
int mounts_work(struct setup *s);
int mounts_files(struct setup *s);
int mounts_enter(struct setup *s);

/* Steps of the command's own process, from where it only ever loses rights. confine.c */
int confine_session(struct setup *s);
int confine_time(struct setup *s);
int confine_limits(struct setup *s);
int confine_capabilities(struct setup *s);
int confine_files(struct setup *s);
int confine_calls(struct setup *s);
int confine_exec(struct setup *s);
