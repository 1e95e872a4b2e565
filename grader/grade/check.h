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
    CHECK_FILES = 16,
    CHECK_CASE_MEMORY = 512 << 20,
    CHECK_GROUP_INCIDENTS =
        3, /* crashes and limits after which a group's other cases are not run */
};

struct check_part {
    const char *name;
    double weight, credit;
    int cases;
};

struct call {
    struct check *check;
    struct runner_slot *slot; /* made for this one, then started in it */
    uint32_t op;
    struct shm_arg args[FRAME_ARGS];
    enum call_show show[FRAME_ARGS];
    void *outputs[FRAME_ARGS]; /* our copies; NULL where there is none */
    size_t n_args;
    uint64_t needs; /* the start that its objects live in; 0: it has none */
    int64_t limit_cpu_ms;
    bool held; /* it is over and came back as it should */
    struct frame_reply reply;
    struct runner_times times;
};

/* A runner that is started when first needed and again after it died. */
struct runner_slot {
    struct runner_config config;
    struct runner runner;
    struct call call;           /* the last one that was made for it */
    struct call *started;       /* the last one that was started in it; NULL: none */
    uint64_t starts;            /* how often it was started: what lived in it is gone since */
    uint64_t file_sets;         /* sets of files made for it so far */
    uint64_t file_set;          /* which of them it shows; 0: none */
    int64_t cpu_us, peak_bytes; /* over all its processes */
    int incidents;              /* deaths and limits so far */
    int max_incidents;          /* then nothing is run any more */
    enum verdict last_incident; /* what a case that is not run for that reason gets */
};

/* A connection to the server of a runner; check_talk.c. */
struct talk {
    struct check *check;
    struct runner_slot *slot;
    int fd;            /* -1: closed */
    bool wants_out;    /* there is something to send */
    bool ended;        /* nothing more will come */
    uint8_t *bytes;    /* what came; the case's */
    size_t size, room; /* of `bytes` */
    size_t taken;      /* of them, by the checker */
};

/* What a runner finds in its working directory. */
struct check_files {
    struct cell_file list[CHECK_FILES];
    size_t count;
    uint64_t set;
};

/* A failing case that a person may look at, as much of it as outlives it. */
struct check_fault {
    bool there;
    enum verdict verdict;
    bool ran;       /* it was called; else it stands for cases that were not run any more */
    bool crashed;   /* its runner ended */
    bool alone;     /* the case fails without the cases before it, or nobody tried */
    uint64_t bytes; /* of its last call: the fewer, the easier to understand */
    int number;     /* of the case in its group, from 1 */
    int64_t cpu_us;
    check_body *body; /* NULL: it cannot be made again */
    struct check_shape shape;
    struct report_failure failure; /* strings of the report's arena */
};

struct check {
    const struct lab *lab;
    const char *group;
    struct runner_slot *slot;  /* the one that calls go to: */
    struct runner_slot *first; /* the learner's, which outlives this; in a race also par's */
    struct runner_slot others[CHECK_RUNNERS - 1]; /* beside the first, for one case */
    struct arena *report;                         /* what outlives the case */
    struct arena memory;                          /* what does not */
    uint64_t seed;
    bool sanitizing;
    bool slow;                    /* instrumented: ten times the CPU time is allowed */
    int only;                     /* 0: all; else the number of the one case that is run */
    bool full;                    /* excerpts are whole */
    int max_incidents;            /* CHECK_GROUP_INCIDENTS, or 1 where the first says it all */
    int64_t limit_cpu_ms, cpu_us; /* of the group */

    struct check_part parts[CHECK_PARTS];
    size_t n_parts, part;

    struct { /* the case that is open */
        bool open, failed;
        bool skipped; /* not the one that is wanted: its code runs, its calls do not */
        bool called, crashed;
        int number;
        uint64_t bytes;
        int64_t cpu_us;
        check_body *body;
        struct check_shape shape;
        const char *name, *expected, *actual, *hint, *arguments;
        double credit;
        enum verdict verdict;
        lab_rng rng;
        int redraws; /* in a row: check_redraw() */
        struct check_files files[CHECK_RUNNERS];
        size_t n_files; /* given, to whichever runner */
        struct talk talks[CHECK_TALKS];
        size_t n_talks, heard; /* bytes in all of them */
    } now;

    struct { /* a case that is made again, smaller: nothing of it counts */
        bool on;
        int number;
        int64_t limit_cpu_ms, cpu_us;
    } trial;

    int begun; /* cases, those that are skipped too */
    int cases, passed, incidents;
    enum verdict verdict;      /* the highest-ranked of failed cases */
    struct check_fault shown;  /* the failing case that tells most */
    struct cell_exit last_end; /* how the runner ended, when it did */
    struct frame_call last_call;
    struct str last_stderr; /* what it said then */

    /* Called when a case has failed; need not come back. NULL: nothing is. */
    void (*on_failure)(struct check *k);

    enum err_code rc; /* a fault of ours; everything after it does nothing */
    struct err why;
};

void check_init(struct check *k, const struct lab *lab, const char *group, struct runner_slot *slot,
                struct arena *report, uint64_t seed);
void check_done(struct check *k);

/* Ends the open case, if any. */
void check_end_case(struct check *k);
/* Ends the group: the last case, and then the failing one is made as small as it gets. */
void check_finish(struct check *k);
/* What the open case is, for its story: the strings are the report's arena's. */
struct report_failure check_story(struct check *k);
/* The arguments of the call last written, for people. The case's. */
const char *check_arguments(struct check *k);
/* Text of any length, the case's. */
char *check_text(struct check *k, const struct str *text);
/* Share of the group's points, 0 to 1. */
double check_share(const struct check *k);

/* The open case fails with another verdict than wrong_answer. */
void check_fail_as(struct check *k, enum verdict verdict, const char *expected, const char *actual);

/* check_runner.c: before a call. A runner that shows another case's files goes; false: an object
 * that the call uses went with an earlier one, and the case has failed. */
bool check_settle(struct check *k, const struct call *c);
/* 0: the first; else one beside it. */
size_t check_number_of(const struct check *k, const struct runner_slot *slot);
/* The first; in a race the side whose turn it is. Incidents of the others are counted there. */
struct runner_slot *check_main_slot(struct check *k);
/* Ends the process of a call that is open. */
void check_break_off(struct check *k, struct runner_slot *slot);
/* Ends what lives for one case only: talks, calls that are still open, the runners beside the
 * first. */
void check_part_company(struct check *k);

/* check_talk.c: waits until something happens to a call that is open or to a talk, and takes note
 * of it. */
void check_wait(struct check *k);

/* check_call.c: what became of a call that is over. */
void check_take_end(struct check *k, struct call *c, const struct runner_end *end);
/* The chosen runner has run into something, and the open case failed for it: its process ends. */
void check_count_incident(struct check *k);
void check_spend(struct check *k, int64_t cpu_us);

/* Starts the slot's runner if none is alive. */
MUST_CHECK enum err_code runner_slot_ready(struct runner_slot *slot, struct err *why);
void runner_slot_close(struct runner_slot *slot);
