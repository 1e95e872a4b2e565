/* The keys of report.json and the struct members behind them, once, for writer, reader and test. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum shape_kind {
    SHAPE_VERSION,     /* REPORT_VERSION; no member */
    SHAPE_EMPTY,       /* {}, kept for device counters; no member */
    SHAPE_TEXT,        /* const char *; NULL is written "" */
    SHAPE_TEXT_NULL,   /* const char * or null */
    SHAPE_BOOL,        /* bool */
    SHAPE_COUNT,       /* int, from 0 */
    SHAPE_INT64,       /* int64_t, from 0 */
    SHAPE_SEED,        /* uint64_t, below 2^53: what every JSON reader holds exactly */
    SHAPE_NUMBER,      /* double, finite, from 0 */
    SHAPE_INTERVAL,    /* double[2] */
    SHAPE_VERDICT,     /* enum verdict */
    SHAPE_STAGE,       /* enum verdict, accepted is "ok" */
    SHAPE_SEVERITY,    /* enum report_severity */
    SHAPE_TEXTS,       /* const char *const *, counted */
    SHAPE_OBJECT,      /* a struct inside; `offset` may be 0 where only JSON has a level more */
    SHAPE_OBJECT_NULL, /* the same, or null where the bool at `count_offset` is false */
    SHAPE_LIST,        /* const struct *, counted by the size_t at `count_offset` */
};

struct shape;
struct shape_field {
    const char *key;
    enum shape_kind kind;
    size_t offset, count_offset;
    const struct shape *of; /* of objects and lists */
    bool later;             /* than the first reports of this version, which are stored without */
};

struct shape {
    size_t size; /* of the struct */
    const struct shape_field *fields;
    size_t n_fields;
};

extern const struct shape report_shape;
