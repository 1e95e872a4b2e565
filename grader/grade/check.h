/* The grader's end of grader/sdk/check.h: one `struct check` runs one group against one runner and
 * keeps the score. Not for labs. */
#pragma once

#include "base/arena.h"
#include "grader/grade/lab.h"
#include "grader/grade/runner.h"
#include "grader/report/report.h"
#include "grader/sdk/check.h"

enum {
    CHECK_PARTS = 32,
    CHECK_CASE_MEMORY = 512 << 20,
    CHECK_GROUP_INCIDENTS =
        3, /* crashes and limits after which a group's other cases are not run */
};

/* A runner that is started when first needed and again after it died. */
struct runner_slot {
    struct runner_config config;
    struct runner runner;
    int64_t cpu_us, peak_bytes; /* over all its processes */
    int incidents;              /* deaths and limits so far */
    int max_incidents;          /* then nothing is run any more */
    enum verdict last_incident; /* what a case that is not run for that reason gets */
};

struct check_part {
    const char *name;
    double weight, credit;
    int cases;
};

struct call {
    struct check *check;
    uint32_t op;
    struct shm_arg args[FRAME_ARGS];
    void *outputs[FRAME_ARGS]; /* our copies; NULL where there is none */
    size_t n_args;
    int64_t limit_cpu_ms;
    struct frame_reply reply;
    struct runner_times times;
};

struct check {
    const struct lab *lab;
    const char *group;
    struct runner_slot *slot;
    struct arena *report; /* what outlives the case */
    struct arena memory;  /* what does not */
    uint64_t seed;
    bool sanitizing;
    int max_incidents;            /* CHECK_GROUP_INCIDENTS, or 1 where the first says it all */
    int64_t limit_cpu_ms, cpu_us; /* of the group */
    struct call call;

    struct check_part parts[CHECK_PARTS];
    size_t n_parts, part;

    struct { /* the case that is open */
        bool open, failed;
        const char *name, *expected, *actual, *hint;
        double credit;
        enum verdict verdict;
        lab_rng rng;
        int redraws; /* in a row: check_redraw() */
    } now;

    int cases, passed, incidents;
    enum verdict verdict; /* the highest-ranked of failed cases */
    bool has_failure;
    struct report_failure failure; /* the first */
    struct cell_exit last_end;     /* how the runner ended, when it did */
    struct str last_stderr;        /* what it said then */

    enum err_code rc; /* a fault of ours; everything after it does nothing */
    struct err why;
};

void check_init(struct check *k, const struct lab *lab, const char *group, struct runner_slot *slot,
                struct arena *report, uint64_t seed);
void check_done(struct check *k);

/* Ends the open case, if any. */
void check_end_case(struct check *k);
/* Share of the group's points, 0 to 1. */
double check_share(const struct check *k);

/* The open case fails with another verdict than wrong_answer. */
void check_fail_as(struct check *k, enum verdict verdict, const char *expected, const char *actual);

/* Starts the slot's runner if none is alive. */
MUST_CHECK enum err_code runner_slot_ready(struct runner_slot *slot, struct err *why);
void runner_slot_close(struct runner_slot *slot);
