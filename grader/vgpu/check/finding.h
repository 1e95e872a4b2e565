/* What the checks found: each kind at each pair of places once, with a count. */
#pragma once

#include <stdio.h>

#include "grader/vgpu/exec/exec.h"

enum check_kind {
#define KIND(name, word, text) name,
#include "grader/vgpu/check/kind.def"
#undef KIND
    CHECK_KINDS
};

struct check_place { /* who, and which line; strings are cut where they do not fit */
    bool known;
    char file[160], kernel[96], instr[48];
    uint32_t line;
    uint32_t block[3], thread[3];
};

struct check_finding {
    enum check_kind kind;
    struct check_place here, there; /* `there`: the other side of a race, the load of a value */
    char what[160];                 /* "4 bytes at buffer 3 + 128" */
    const char *hint;               /* static */
    uint64_t count;
};

enum { CHECK_FINDINGS = 256 };
struct check_log {
    struct check_finding *all; /* [CHECK_FINDINGS] */
    size_t n;
    uint64_t beyond; /* of kinds and places for which there is no room */
};

MUST_CHECK enum err_code check_log_init(struct check_log *l, struct err *why);
void check_log_done(struct check_log *l);
/* A finding like an older one adds to its count. Returns which one it is; CHECK_FINDINGS: there was
 * no room. */
size_t check_log_add(struct check_log *l, const struct check_finding *f);
void check_log_text(const struct check_log *l, FILE *to);
void check_log_json(const struct check_log *l, FILE *to);
size_t check_log_errors(const struct check_log *l); /* kinds that are only notes do not count */

const char *check_kind_word(enum check_kind k); /* "shared-race" */
const char *check_kind_text(enum check_kind k); /* "race in shared memory" */

/* Thread `thread` of block `number`, at the instruction. */
struct check_place check_place_at(const struct vg_launch *l, uint64_t number, uint32_t thread,
                                  uint32_t pc);
