/* The two memories that grader and runner share (grader/sdk/frame.h): inputs, which only the grader
 * can write, and outputs, which it poisons before and copies after a call.
 *
 * The grader touches every page of a call first, so that the kernel charges them to the grader's
 * memory and not to the runner's limit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "grader/sdk/frame.h"

struct shm {
    int input_fd, output_fd; /* sealed memfds, to be passed to the runner */
    uint8_t *input, *output; /* our mappings, `size` bytes each */
    size_t size;
    uint64_t sequence;
    uint32_t listener; /* told with every call: its number over there; 0: none */
};

/* One argument of a call. IN: `bytes` is copied in. OUT: `bytes` may be NULL (poison) or what the
 * buffer starts with. `skew`: bytes between its end and the guard page. */
struct shm_arg {
    enum frame_arg_kind kind;
    int64_t i64;
    double f64;
    const void *bytes;
    size_t size, skew;
};

MUST_CHECK enum err_code shm_open_pair(struct shm *ret, size_t size, struct err *why);
void shm_close(struct shm *s);

/* Lays a call out and writes it: inputs, poisoned outputs, the frame last. ERR_TOO_LARGE: the
 * arguments do not fit the arena. */
MUST_CHECK enum err_code shm_write_call(struct shm *s, uint32_t op, const struct shm_arg *args,
                                        size_t n_args, struct err *why);

/* The reply as it is now; `ret` is our copy. False: it does not answer the call last written. */
MUST_CHECK bool shm_read_reply(const struct shm *s, struct frame_reply *ret);

/* Copies OUT argument `i` of the call last written to `ret` (its size). Returns 0, or how many
 * bytes of the canaries in front (negative) or behind (positive) were overwritten. */
MUST_CHECK int shm_read_output(const struct shm *s, size_t i, void *ret);
