#include "grader/grade/submission.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"

/* 53 bits, so that JSON numbers carry a seed exactly. */
static uint64_t seed_of(const struct submission *s)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < s->n_files; i++) {
        const struct source *f = &s->files[i];
        const uint64_t size = f->size;
        crypto_hash_sha256_update(&hash, (const unsigned char *)f->name, strlen(f->name) + 1);
        crypto_hash_sha256_update(&hash, (const unsigned char *)&size, sizeof size);
        crypto_hash_sha256_update(&hash, (const unsigned char *)f->bytes, f->size);
    }
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&hash, digest);
    return rd_u64le(digest) >> 11;
}

static enum err_code read_one(const struct lab_file_rule *rule, const char *path, struct arena *a,
                              struct source *ret, struct err *why)
{
    char *bytes;
    size_t size;
    const enum err_code rc = file_read(AT_FDCWD, path, rule->max_bytes, a, &bytes, &size, why);
    if (rc != OK)
        return rc;
    *ret = (struct source){.name = rule->name, .bytes = bytes, .size = size};
    return OK;
}

enum err_code submission_read_folder(const struct lab *lab, const char *folder, struct arena *a,
                                     struct submission *ret, struct err *why)
{
    struct submission s = {.n_files = lab->n_files};
    for (size_t i = 0; i < lab->n_files; i++) {
        const struct lab_file_rule *rule = &lab->files[i];
        const enum err_code rc =
            read_one(rule, arena_printf(a, "%s/%s", folder, rule->name), a, &s.files[i], why);
        if (rc != OK)
            return rc;
    }
    s.seed = seed_of(&s);
    *ret = s;
    return OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static const char *path_for(const struct lab *lab, const struct lab_file_rule *rule,
                            const char *const *paths, size_t n_paths)
{
    if (lab->n_files == 1 && n_paths == 1)
        return paths[0];
    for (size_t i = 0; i < n_paths; i++)
        if (strcmp(base_name(paths[i]), rule->name) == 0)
            return paths[i];
    return NULL;
}

enum err_code submission_read_paths(const struct lab *lab, const char *const *paths, size_t n_paths,
                                    struct arena *a, struct submission *ret, struct err *why)
{
    if (n_paths != lab->n_files)
        return err_set(why, ERR_INVALID, "lab %s takes %zu file%s, you gave %zu; the first is %s",
                       lab->id, lab->n_files, lab->n_files == 1 ? "" : "s", n_paths,
                       lab->files[0].name);
    struct submission s = {.n_files = lab->n_files};
    for (size_t i = 0; i < lab->n_files; i++) {
        const char *path = path_for(lab, &lab->files[i], paths, n_paths);
        if (path == NULL)
            return err_set(why, ERR_NOT_FOUND, "no file is called %s", lab->files[i].name);
        const enum err_code rc = read_one(&lab->files[i], path, a, &s.files[i], why);
        if (rc != OK)
            return rc;
    }
    s.seed = seed_of(&s);
    *ret = s;
    return OK;
}

int submission_lines(const struct submission *s, const char *name)
{
    for (size_t i = 0; i < s->n_files; i++) {
        if (strcmp(s->files[i].name, name) != 0)
            continue;
        int lines = 1;
        for (size_t at = 0; at < s->files[i].size; at++)
            lines += s->files[i].bytes[at] == '\n';
        return lines;
    }
    return 0;
}
