/* How grader and runner talk: two shared memories and a bell.
 *
 *   fd 3  input memfd    written by the grader only (sealed for the runner), read-only over there
 *   fd 4  output memfd   written by the runner; the grader poisons it before and copies it after
 *   fd 5  bell           a socket pair; one byte each way, worth nothing: "look" and "I returned"
 *   and where the lab has sockets, a listening one, whose number each call tells
 *
 * A call: the grader poisons the outputs, writes data and frame, rings. The runner copies the
 * frame, protects the guard pages it names, runs the operation, fills the reply, rings. Every
 * number in a reply is a stranger's: the grader uses only offsets and sizes that it chose itself.
 *
 * In the arena every buffer ends flush against a guard page (its `skew` in front of it):
 *
 *     | frame page | ... data | GUARD | ..... data | GUARD | ...
 *
 * The runner maps the input memory at FRAME_INPUT_AT where that is free, so that an address in the
 * story of a crash can be told as a place in an argument. Nothing else depends on it.
 *
 * Outputs stand the same way in their memfd, with FRAME_CANARY bytes of 0xAA on both sides instead.
 */
#pragma once

#include <stdint.h>

enum {
    FRAME_MAGIC = 0x67726431, /* "grd1" */
    FRAME_PAGE = 4096,
    FRAME_ARGS = 16,
    FRAME_RESULTS = 8,
    FRAME_CANARY = 64,
    FRAME_POISON = 0xAA,
    FRAME_FD_INPUT = 3,
    FRAME_FD_OUTPUT = 4,
    FRAME_FD_BELL = 5,
};

#define FRAME_INPUT_AT UINT64_C(0x300000000000) /* in what AddressSanitizer leaves, x86 and Arm */

enum frame_arg_kind { FRAME_NONE, FRAME_I64, FRAME_F64, FRAME_IN, FRAME_OUT };

struct frame_arg {
    uint32_t kind;
    uint32_t reserved;
    int64_t i64;
    double f64;
    uint64_t offset, size; /* bytes, in the input (IN) or output (OUT) memfd */
};

struct frame_call { /* at offset 0 of the input memfd */
    uint32_t magic, op;
    uint64_t sequence;                /* counts calls; a reply repeats it */
    uint64_t input_size, output_size; /* of the whole memfds, bytes */
    uint32_t n_args;
    uint32_t listener; /* the descriptor of a listening socket; 0: the lab has no sockets */
    struct frame_arg args[FRAME_ARGS];
};

struct frame_reply { /* at offset 0 of the output memfd */
    uint64_t sequence;
    int64_t result[FRAME_RESULTS];
};

/* A log (driver.h, log.h) in an output: this, then entries one behind the other, each a multiple of
 * 8 bytes. */
struct frame_log {
    uint64_t used; /* bytes of entries */
    uint64_t lost; /* entries that did not fit */
};

struct frame_entry { /* its bytes follow, padded */
    uint32_t kind, size;
};

_Static_assert(sizeof(struct frame_call) <= FRAME_PAGE, "the frame has a page of its own");
_Static_assert(sizeof(struct frame_reply) <= FRAME_PAGE, "the reply too");
