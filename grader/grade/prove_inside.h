/* What the files of a proof share. */
#pragma once

#include <jansson.h>
#include <limits.h>
#include <sodium.h>

#include "grader/grade/proof_record.h"

#include "grader/grade/prove.h"
#include "grader/grade/submission.h"

struct proof {
    const struct lab *lab;
    const struct prove_options *options;
    struct arena *arena;
    json_t *told; /* all results, for --format json */
    bool holds;
    bool unsure; /* a promise about time was broken, perhaps by a busy machine */
    /* Of programs as they were built: equal ones are equal programs. */
    unsigned char solution[crypto_hash_sha256_BYTES], last[crypto_hash_sha256_BYTES];
    struct prove_trace *trace;
};

/* What a proof has come to, for whoever finds its process dead; shared memory. */
struct prove_trace {
    char doing[256];
    char build_dir[PATH_MAX], version[65]; /* of the lab; "": not known yet */
};

/* A promise that does not hold: `who` is a file or a part of the lab. */
void prove_broken(struct proof *p, const char *who, const char *format, ...) PRINTF_LIKE(3, 4);
/* A line of text, if it is text that is wanted. */
void prove_say(const struct proof *p, const char *format, ...) PRINTF_LIKE(2, 3);
void prove_doing(struct proof *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* The digest of a program, of a sealed memfd. */
MUST_CHECK enum err_code prove_digest(int image_fd, unsigned char ret[crypto_hash_sha256_BYTES],
                                      struct err *why);

/* ---- prove_files.c: before anything runs ---- */
void prove_files(struct proof *p);

/* ---- prove_extra.c: what is only worth knowing ---- */
MUST_CHECK enum err_code prove_coverage(struct proof *p, const struct submission *solution,
                                        struct err *why);
MUST_CHECK enum err_code prove_automatic(struct proof *p, const struct submission *solution,
                                         struct err *why);
