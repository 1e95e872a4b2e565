/* What a program may do while a call of a lab is open: sets of acts, and module 4's profiles. */
#pragma once

#include <stdint.h>

#include "base/err.h"

enum act {
#define ACT(name, text, profiles, blocks) ACT_##name,
#include "grader/vgpu/device/act.def"
#undef ACT
    ACTS,
    ACT_NONE = ACTS /* a question that changes nothing: always allowed */
};
_Static_assert(ACTS <= 64, "a set is 64 bits");

typedef uint64_t act_set;
#define ACT_BIT(act) (UINT64_C(1) << (act))
#define ACT_ALL      (~UINT64_C(0))

const char *act_text(enum act act); /* CUDA's name of the call */
act_set act_blocking(void);         /* those after which the host has waited */

/* "launch", "async", "multi", or the name of a call: what a list in lab.json is made of. A call's
 * name means all its forms: "cudaMemcpy" is every blocking copy. ERR_INVALID. */
MUST_CHECK enum err_code act_find(const char *name, act_set *ret, struct err *why);
