/* The report: what one grading of one submission found. The contract between `grade`, which makes
 * it, and everything that shows it. The struct mirrors report.json, version 1 (the schema is
 * grader/report/report.schema.json); each output format has one writer.
 *
 * Strings and arrays are the arena's that made the report; absent strings are NULL. All text may
 * hold what a stranger wrote: every writer escapes for its own format. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum verdict {
#define VERDICT(name, word, icpc, rank, sentence) name,
#include "grader/report/verdict.def"
#undef VERDICT
};

const char *verdict_word(enum verdict v);     /* "wrong_answer" */
const char *verdict_icpc(enum verdict v);     /* "WA" */
int verdict_rank(enum verdict v);             /* the higher, the more it tells */
const char *verdict_sentence(enum verdict v); /* for people, without a full stop */
/* ERR_INVALID: no verdict has this word. */
MUST_CHECK enum err_code verdict_parse(const char *word, enum verdict *ret, struct err *why);

enum {
    REPORT_VERSION = 1,
    REPORT_MESSAGE_MAX = 1024, /* bytes of one message of a compiler or a sanitizer */
    REPORT_LOG_MAX = 64 * 1024,
    REPORT_JSON_MAX = 4 * 1024 * 1024, /* a log and a hundred messages, even as \u0001 each byte */
};

enum report_severity { REPORT_NOTE, REPORT_WARNING, REPORT_ERROR };

struct report_diagnostic { /* of the compiler */
    const char *file;      /* as submitted: "formats.c"; NULL where the compiler names none */
    int line, column;      /* from 1; 0: unknown */
    enum report_severity severity;
    const char *message;
};

struct report_compile {
    enum verdict verdict; /* accepted (written "ok"), compile_error, time_limit, memory_limit ... */
    int64_t ms;           /* that the compiler took, today or when it was kept */
    bool cached;          /* kept from an earlier grading of equal sources */
    const struct report_diagnostic *diagnostics;
    size_t n_diagnostics;
    const char *log; /* first REPORT_LOG_MAX bytes of what the compiler said, in plain text */
};

struct report_frame { /* one call on a stack, innermost first; only those in the learner's files */
    const char *function;
    const char *file; /* as submitted */
    int line;
};

struct report_difference { /* where expected and actual part */
    int line, column;      /* of the first difference in both texts, from 1; by characters */
    const char *expected, *actual; /* the element there, such as "-8"; "" where there is none */
};

enum { REPORT_FRAMES = 16 }; /* that a stack keeps at most */

struct report_failure {    /* the failing case of a group that tells most, as small as it gets */
    const char *test_case; /* "Q4_0, 1 block of zeros"; key "case" */
    const char *found_as;  /* the larger case that it was shrunk from; NULL: it was not */
    const char *expected,
        *actual; /* excerpts around the first difference; NULL where none applies */
    bool has_difference;
    struct report_difference difference;
    const char *arguments;            /* of the failing call, one a line; NULL: there was none */
    const struct report_frame *stack; /* of a crash */
    size_t n_stack;
    const char *hint;      /* what to look at; the only one of these learners see when hidden */
    const char *reproduce; /* the command that shows this case alone; NULL: there is none */
};

struct report_group {
    const char *name;
    double points, earned;
    bool visible;
    enum verdict verdict;
    int cases, passed;
    int64_t ms;
    bool has_failure;
    struct report_failure first_failure;
};

struct report_counters { /* of the hardware; medians of the learner's timed calls */
    int64_t instructions, cycles, cache_misses, branch_misses;
};

struct report_performance {
    const char *name, *unit; /* "dequantize Q4_K", "GB/s" */
    double value, par;       /* medians, in `unit` */
    double ratio;            /* value / par: above 1 the learner is faster */
    double interval[2];      /* 95 % bootstrap interval of the ratio */
    int pairs, discarded;    /* judged; disturbed, which shows in par's own pace */
    const char *tier;        /* NULL: no tier reached, or none scored */
    const char *note;        /* what the measurement could not tell, in one sentence; else NULL */
    double earned, points;
    double bytes, flops;               /* of one call; 0: not known */
    double bandwidth_gbs, peak_gflops; /* of this core; 0: not measured */
    const char *level;                 /* whence that bandwidth: "L2", "memory"; NULL: not known */
    double intensity;                  /* flops per byte; 0: not known */
    double attained;                   /* share of the lower of both roofs; 0: not known */
    const char *bound;                 /* that roof, "memory" or "compute"; NULL: not known */
    bool has_counters;                 /* this host lets them be read */
    struct report_counters counters;
};

struct report_finding { /* of a sanitizer */
    const char *kind;   /* "heap-buffer-overflow" */
    const char *file;   /* as submitted; NULL: not in the learner's source */
    int line, column;
    const char *message;
    const char *group; /* in which it was found; NULL: in none */
    const struct report_frame *stack;
    size_t n_stack;
};

/* What a kind means, in a few words of ours; NULL: no kind of grader/report/finding.def. */
const char *finding_meaning(const char *kind);

struct report_sanitizer {
    bool ran;
    enum verdict
        verdict; /* accepted (written "ok"), runtime_error (findings), or why it did not run */
    const struct report_finding *findings;
    size_t n_findings;
};

struct report_resources {
    int64_t wall_ms, cpu_ms, peak_bytes;
    int64_t limit_cpu_ms,
        limit_memory_bytes; /* per case and per runner; used and limit go together */
};

struct report {
    const char *lab, *lab_version, *lab_title;
    uint64_t seed;
    enum verdict verdict;
    double score, max_score;
    bool pass;
    const char *message; /* one sentence for internal_error and the like; else NULL. What follows in
                            further lines of an internal_error is for staff. */
    struct report_compile compile;
    const struct report_group *groups;
    size_t n_groups;
    const struct report_performance *performance;
    size_t n_performance;
    struct report_sanitizer sanitizer;
    const char *device_kind, *device_name; /* "cpu", "AMD EPYC ..." */
    struct report_resources resources;
    const char *const *guarantees; /* of the cell: "userns", "seccomp", ... */
    size_t n_guarantees;
    const char *const *degraded; /* "cgroup: memory is limited per process only" */
    size_t n_degraded;
};

/* Who will read it. A learner never gets inputs or expected values of hidden groups, in no format.
 */
enum report_reader { REPORT_FOR_LEARNER, REPORT_FOR_STAFF };

/* report.json to struct; everything is checked, nothing is trusted. ERR_FORMAT names the key. */
MUST_CHECK enum err_code report_read(const char *json, size_t size, struct arena *a,
                                     struct report *ret, struct err *why);

/* Fills `ret` with strings of the arena. False: one is NULL, or they are equal. The element is the
 * word, up to blanks, that holds the first difference. */
bool report_difference(const char *expected, const char *actual, struct arena *a,
                       struct report_difference *ret);

/* The struct for one kind of reader. To learners hidden groups lose all of their failure but the
 * hint, and their time; what a sanitizer found in them keeps place and kind, but no word that the
 * submission may have chosen. */
MUST_CHECK enum err_code report_redact(const struct report *r, enum report_reader reader,
                                       struct arena *a, struct report *ret);

/* One writer a format, each appending to `out`. All want an already redacted report. */
void report_write_json(const struct report *r, struct str *out);
void report_write_text(const struct report *r, bool colour, struct str *out); /* 80 columns */
void report_write_junit(const struct report *r, struct str *out);      /* windyroad JUnit.xsd */
void report_write_sarif(const struct report *r, struct str *out);      /* SARIF 2.1.0 */
void report_write_gradescope(const struct report *r, struct str *out); /* results.json */
void report_write_markdown(const struct report *r, struct str *out);   /* at most 1 MiB */

/* Workflow commands of GitHub Actions, at most 10 of each kind. `paths` are where the repository
 * has the lab's files, in pairs: name and path; NULL: by their names. */
void report_write_github(const struct report *r, const char *const (*paths)[2], size_t n_paths,
                         struct str *out);
