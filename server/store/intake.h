/* What can be said of a submission before it is stored: that its files are within the rules, their
 * digests, the seed of its grading, and the fingerprint by which a repeated request is known. */
#pragma once

#include "server/store/submission.h"

struct intake_file {
    const struct submission_source *source;
    uint8_t sha256[SHA256_BYTES];
};

struct intake {
    struct intake_file files[SUBMISSION_FILES_MAX]; /* by name; as many as the request has */
    uint64_t seed;                                  /* below 2^53 */
    uint8_t request_hash[SHA256_BYTES];             /* of lab, mode, names and contents */
};

/* `secret` is the server's, of 32 bytes: who does not know it cannot compute which data a
 * submission will be judged with. Same files, same seed, so that a rerun sees the same data.
 * ERR_INVALID, ERR_TOO_LARGE. */
MUST_CHECK enum err_code intake_check(const struct submission_request *r, const uint8_t *secret,
                                      struct intake *ret, struct err *why);
