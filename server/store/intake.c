#include "server/store/intake.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/inside.h"

static_assert(SHA256_BYTES == crypto_hash_sha256_BYTES, "one digest, one size");

static enum err_code check_file_name(const char *name, struct err *why)
{
    const size_t length = strlen(name);
    if (length == 0 || length > FILE_NAME_MAX)
        return err_set(why, ERR_INVALID, "a file name has %zu bytes: expected 1 to %d", length,
                       FILE_NAME_MAX);
    if (name[0] == '.' || name[0] == '-' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != length)
        return err_set(why, ERR_INVALID,
                       "file name '%s': expected letters, digits, . _ - and neither . nor - first",
                       name);
    return OK;
}

static enum err_code check_files(const struct submission_request *r, struct err *why)
{
    if (r->n_files == 0)
        return err_set(why, ERR_INVALID, "a submission needs a file");
    if (r->n_files > SUBMISSION_FILES_MAX)
        return err_set(why, ERR_TOO_LARGE, "%zu files: at most %d", r->n_files,
                       SUBMISSION_FILES_MAX);
    size_t total = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        const enum err_code rc = check_file_name(r->files[i].name, why);
        if (rc != OK)
            return rc;
        if (r->files[i].size > SUBMISSION_BYTES_MAX - total)
            return err_set(why, ERR_TOO_LARGE, "the files have more than %d bytes in all",
                           SUBMISSION_BYTES_MAX);
        total += r->files[i].size;
    }
    return OK;
}

static enum err_code check_key(const char *key, struct err *why)
{
    if (key == NULL)
        return OK;
    const size_t length = strlen(key);
    if (length == 0 || length > IDEMPOTENCY_KEY_MAX)
        return err_set(why, ERR_INVALID, "Idempotency-Key has %zu bytes: expected 1 to %d", length,
                       IDEMPOTENCY_KEY_MAX);
    for (const char *p = key; *p != '\0'; p++)
        if (*p < '!' || *p > '~')
            return err_set(why, ERR_INVALID, "Idempotency-Key: expected visible ASCII");
    return OK;
}

static int by_name(const void *a, const void *b)
{
    const struct intake_file *x = a, *y = b;
    return strcmp(x->source->name, y->source->name);
}

static enum err_code digest_files(const struct submission_request *r, struct intake *in,
                                  struct err *why)
{
    for (size_t i = 0; i < r->n_files; i++) {
        const struct submission_source *source = &r->files[i];
        const void *bytes =
            source->size != 0 ? source->bytes : ""; /* an empty file may have none */
        in->files[i].source = source;
        crypto_hash_sha256(in->files[i].sha256, bytes, source->size);
    }
    qsort(in->files, r->n_files, sizeof in->files[0], by_name);
    for (size_t i = 1; i < r->n_files; i++)
        if (by_name(&in->files[i - 1], &in->files[i]) == 0)
            return err_set(why, ERR_INVALID, "file %s is there twice", in->files[i].source->name);
    return OK;
}

/* Each name with its NUL, then the digest: no two lists of files give the same bytes. */
static void add_files(crypto_hash_sha256_state *state, const struct intake *in, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = in->files[i].source->name;
        crypto_hash_sha256_update(state, (const uint8_t *)name, strlen(name) + 1);
        crypto_hash_sha256_update(state, in->files[i].sha256, SHA256_BYTES);
    }
}

static uint64_t seed_of(const struct intake *in, size_t count, const uint8_t *secret)
{
    crypto_hash_sha256_state state;
    uint8_t digest[SHA256_BYTES];
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, secret, STORE_SECRET_BYTES);
    add_files(&state, in, count);
    crypto_hash_sha256_final(&state, digest);
    uint64_t first = 0;
    for (int i = 0; i < 8; i++)
        first = first << 8 | digest[i];
    return first >> 11; /* 53 bits: what a JSON number holds exactly */
}

static void hash_request(const struct submission_request *r, struct intake *in)
{
    const char *mode = submission_mode_word(r->mode);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)r->lab, strlen(r->lab) + 1);
    crypto_hash_sha256_update(&state, (const uint8_t *)mode, strlen(mode) + 1);
    add_files(&state, in, r->n_files);
    crypto_hash_sha256_final(&state, in->request_hash);
}

enum err_code intake_check(const struct submission_request *r, const uint8_t *secret,
                           struct intake *ret, struct err *why)
{
    enum err_code rc = check_files(r, why);
    if (rc == OK)
        rc = check_key(r->idempotency_key, why);
    if (rc == OK)
        rc = digest_files(r, ret, why);
    if (rc != OK)
        return rc;
    ret->seed = seed_of(ret, r->n_files, secret);
    hash_request(r, ret);
    return OK;
}
