/* Who wrote each byte of a grader's outputs: a kernel, or a copy from the host, which counts as not
 * computed. */
#pragma once

#include <stdint.h>

#include "grader/vgpu/exec/exec.h"

enum owner { OWNER_NOBODY, OWNER_KERNEL, OWNER_HOST, OWNER_FILL };

struct owners;

MUST_CHECK enum err_code owners_new(struct owners **ret, struct err *why);
void owners_free(struct owners *o); /* NULL is fine */

/* From now on the range is watched; all its bytes are nobody's and 0xFF. `exact`: kernels are asked
 * store by store; else a byte that is no longer 0xFF and that no other wrote is a kernel's.
 * ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum err_code owners_watch(struct owners *o, uint64_t address, uint64_t bytes,
                                      bool exact, struct err *why);
void owners_forget(struct owners *o, uint64_t address); /* a range that begins there */
/* The bytes are written by `who`; those that nobody watches are passed over. */
void owners_mark(struct owners *o, uint64_t address, uint64_t bytes, enum owner who);
/* A copy within devices takes the owners along. */
void owners_copy(struct owners *o, uint64_t to, uint64_t from, uint64_t bytes);
/* One enum owner per byte; OWNER_NOBODY where it is not watched. `now`: what is in the bytes. */
void owners_read(const struct owners *o, uint64_t address, uint64_t bytes, const uint8_t *now,
                 uint8_t *ret);
/* For launches while something is watched exactly: notes the stores of kernels. Else NULL. */
const struct vg_watcher *owners_watcher(const struct owners *o);
