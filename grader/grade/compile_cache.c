#include "grader/grade/compile_cache.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "grader/grade/compile_room.h"

/* An entry, little-endian:
 *
 *     bytes 0-7     magic and version      8-39   key
 *     bytes 40-47   1: it compiled         48-71  wall_us, cpu_us, peak_bytes
 *     bytes 72-87   sizes of what the compiler said and of the image, which follow
 *     last 32       BLAKE2b of all before */
static const uint8_t MAGIC[8] = "GRADCMP1";
enum {
    AT_KEY = 8,
    AT_COMPILED = 40,
    AT_WALL = 48,
    AT_CPU = 56,
    AT_PEAK = 64,
    AT_SAID_SIZE = 72,
    AT_IMAGE_SIZE = 80,
    HEADER_SIZE = 88,
    CHECKSUM_SIZE = 32,
    ENTRY_MAX = HEADER_SIZE + COMPILE_SAID_MAX + COMPILE_IMAGE_MAX + CHECKSUM_SIZE,
};
static_assert(AT_COMPILED == AT_KEY + COMPILE_KEY_SIZE, "the key is followed by the kind");

/* ---- keys ---- */

void compile_hash_init(struct compile_hash *h)
{
    crypto_generichash_init(&h->state, NULL, 0, COMPILE_KEY_SIZE);
}

void compile_hash_add(struct compile_hash *h, const void *bytes, size_t size)
{
    uint8_t length[8];
    wr_u64le(length, size);
    crypto_generichash_update(&h->state, length, sizeof length);
    if (size != 0)
        crypto_generichash_update(&h->state, bytes, size);
}

void compile_hash_add_text(struct compile_hash *h, const char *text)
{
    /* With its NUL, so that an absent text is shorter than an empty one. */
    compile_hash_add(h, text, text != NULL ? strlen(text) + 1 : 0);
}

void compile_hash_done(struct compile_hash *h, struct compile_key *ret)
{
    crypto_generichash_final(&h->state, ret->bytes, sizeof ret->bytes);
}

/* "ab", and "abcdef..." in it. */
struct entry_name {
    char shard[3], file[2 * COMPILE_KEY_SIZE + 1];
};

static struct entry_name name_of(const struct compile_key *key)
{
    struct entry_name name;
    sodium_bin2hex(name.file, sizeof name.file, key->bytes, sizeof key->bytes);
    memcpy(name.shard, name.file, 2);
    name.shard[2] = '\0';
    return name;
}

static void checksum_of(const uint8_t *bytes, size_t size, uint8_t ret[CHECKSUM_SIZE])
{
    crypto_generichash(ret, CHECKSUM_SIZE, bytes, size, NULL, 0);
}

/* ---- the folder ---- */

static enum err_code check_owner(int dir, const char *name, struct err *why)
{
    struct stat st;
    if (fstat(dir, &st) != 0)
        return err_sys(why, ERR_IO, errno, "%s/compile", name);
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return err_set(why, ERR_INVALID,
                       "%s/compile has mode %03o and owner %d: expected 700 and %d, since who can "
                       "write there can grade",
                       name, (unsigned)st.st_mode & 0777, (int)st.st_uid, (int)geteuid());
    return OK;
}

static enum err_code open_own(const char *dir, int *ret, struct err *why)
{
    const int above = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        return err_sys(why, ERR_IO, errno, "%s", dir);
    enum err_code rc = OK;
    if (mkdirat(above, "compile", 0700) != 0 && errno != EEXIST)
        rc = err_sys(why, ERR_IO, errno, "%s/compile", dir);
    const int fd = openat(above, "compile", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (rc == OK && fd < 0)
        rc = err_sys(why, ERR_IO, errno, "%s/compile", dir);
    close(above);
    if (rc == OK)
        rc = check_owner(fd, dir, why);
    if (rc == OK)
        *ret = fd;
    else if (fd >= 0)
        close(fd);
    return rc;
}

static void note(struct compile_cache *c, const struct err *why)
{
    if (c->trouble.code == OK)
        c->trouble = *why;
}

void compile_cache_open(struct compile_cache *ret, const char *dir, int64_t max_bytes)
{
    struct err why;
    *ret = (struct compile_cache){.dir = -1, .max_bytes = max_bytes};
    if (dir == NULL)
        return;
    if (file_make_dirs(dir, &why) != OK || open_own(dir, &ret->dir, &why) != OK)
        note(ret, &why);
}

void compile_cache_close(struct compile_cache *c)
{
    if (c->dir > 0)
        close(c->dir);
    c->dir = -1;
}

static int open_shard(const struct compile_cache *c, const char *shard)
{
    return openat(c->dir, shard, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- reading ---- */

/* All of a file that may be an entry; 0: it is none. */
static size_t read_entry(int fd, struct arena *a, uint8_t **ret)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        st.st_size < HEADER_SIZE + CHECKSUM_SIZE || st.st_size > ENTRY_MAX)
        return 0;
    const size_t size = (size_t)st.st_size;
    *ret = arena_alloc(a, size);
    if (*ret == NULL)
        return 0;
    size_t done = 0;
    while (done < size) {
        const ssize_t got = read(fd, *ret + done, size - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return 0;
        done += got > 0 ? (size_t)got : 0;
    }
    return size;
}

static bool is_whole(const uint8_t *entry, size_t size, const struct compile_key *key)
{
    uint8_t sum[CHECKSUM_SIZE];
    if (memcmp(entry, MAGIC, sizeof MAGIC) != 0 ||
        memcmp(entry + AT_KEY, key->bytes, sizeof key->bytes) != 0)
        return false;
    const uint64_t said = rd_u64le(entry + AT_SAID_SIZE), image = rd_u64le(entry + AT_IMAGE_SIZE);
    if (said > COMPILE_SAID_MAX || image > COMPILE_IMAGE_MAX ||
        size != HEADER_SIZE + said + image + CHECKSUM_SIZE ||
        rd_u64le(entry + AT_COMPILED) != (image != 0))
        return false;
    checksum_of(entry, size - CHECKSUM_SIZE, sum);
    return memcmp(sum, entry + size - CHECKSUM_SIZE, sizeof sum) == 0;
}

static int image_of(const uint8_t *bytes, size_t size)
{
    const int fd = memfd_create("taken", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (file_write_all(fd, bytes, size, NULL) == OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool unpack(const uint8_t *entry, struct arena *a, struct compile_result *ret)
{
    const size_t said = (size_t)rd_u64le(entry + AT_SAID_SIZE);
    const size_t image = (size_t)rd_u64le(entry + AT_IMAGE_SIZE);
    struct compile_result r = {.compiled = image != 0,
                               .wall_us = (int64_t)rd_u64le(entry + AT_WALL),
                               .cpu_us = (int64_t)rd_u64le(entry + AT_CPU),
                               .peak_bytes = (int64_t)rd_u64le(entry + AT_PEAK),
                               .said = arena_strndup(a, (const char *)entry + HEADER_SIZE, said),
                               .said_size = said,
                               .image_fd = -1};
    if (r.said == NULL)
        return false;
    if (image != 0 && (r.image_fd = image_of(entry + HEADER_SIZE + said, image)) < 0)
        return false;
    *ret = r;
    return true;
}

static bool read_from(int fd, const struct compile_key *key, struct arena *a,
                      struct compile_result *ret, bool *ret_spoiled)
{
    struct arena scratch;
    uint8_t *entry;
    arena_init(&scratch, (size_t)ENTRY_MAX + 4096);
    const size_t size = read_entry(fd, &scratch, &entry);
    *ret_spoiled = size == 0 || !is_whole(entry, size, key);
    const bool hit = !*ret_spoiled && unpack(entry, a, ret);
    arena_done(&scratch);
    return hit;
}

bool compile_cache_get(const struct compile_cache *c, const struct compile_key *key,
                       struct arena *a, struct compile_result *ret)
{
    const struct entry_name name = name_of(key);
    const int shard = c->dir >= 0 ? open_shard(c, name.shard) : -1;
    if (shard < 0)
        return false;
    bool hit = false, spoiled = false;
    const int fd = openat(shard, name.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        hit = read_from(fd, key, a, ret, &spoiled);
    else
        spoiled = errno == ELOOP;
    if (hit)
        (void)futimens(fd, NULL); /* else it is only older than it might be */
    if (spoiled)
        (void)unlinkat(shard, name.file, 0); /* else it is spoiled the next time, too */
    if (fd >= 0)
        close(fd);
    close(shard);
    return hit;
}

/* ---- writing ---- */

static void write_header(uint8_t *at, const struct compile_key *key, const struct compile_result *r,
                         size_t image_size)
{
    memcpy(at, MAGIC, sizeof MAGIC);
    memcpy(at + AT_KEY, key->bytes, sizeof key->bytes);
    wr_u64le(at + AT_COMPILED, r->compiled);
    wr_u64le(at + AT_WALL, (uint64_t)r->wall_us);
    wr_u64le(at + AT_CPU, (uint64_t)r->cpu_us);
    wr_u64le(at + AT_PEAK, (uint64_t)r->peak_bytes);
    wr_u64le(at + AT_SAID_SIZE, r->said_size);
    wr_u64le(at + AT_IMAGE_SIZE, image_size);
}

static enum err_code pack(const struct compile_key *key, const struct compile_result *r,
                          size_t image_size, uint8_t *entry, struct err *why)
{
    uint8_t *image = entry + HEADER_SIZE + r->said_size;
    write_header(entry, key, r, image_size);
    if (r->said_size != 0)
        memcpy(entry + HEADER_SIZE, r->said, r->said_size);
    for (size_t done = 0; done < image_size;) {
        const ssize_t got = pread(r->image_fd, image + done, image_size - done, (off_t)done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return err_set(why, ERR_IO, "an image to keep: it ends after %zu bytes", done);
        done += got > 0 ? (size_t)got : 0;
    }
    checksum_of(entry, (size_t)(image + image_size - entry), image + image_size);
    return OK;
}

static enum err_code write_entry(int shard, const char *name, const uint8_t *entry, size_t size,
                                 struct err *why)
{
    char temporary[32];
    snprintf(temporary, sizeof temporary, "tmp-%08x%08x", randombytes_random(),
             randombytes_random());
    const int fd =
        openat(shard, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "an entry of the compile cache");
    enum err_code rc = file_write_all(fd, entry, size, why);
    close(fd);
    if (rc == OK && renameat(shard, temporary, shard, name) != 0)
        rc = err_sys(why, ERR_IO, errno, "an entry of the compile cache");
    if (rc != OK)
        (void)unlinkat(shard, temporary, 0); /* the eviction finds what is left */
    return rc;
}

static enum err_code keep(const struct compile_cache *c, const struct compile_key *key,
                          const struct compile_result *r, size_t image_size, uint8_t *entry,
                          struct err *why)
{
    const struct entry_name name = name_of(key);
    const size_t size = HEADER_SIZE + r->said_size + image_size + CHECKSUM_SIZE;
    enum err_code rc = pack(key, r, image_size, entry, why);
    if (rc == OK)
        rc = compile_room_make(c->dir, (int64_t)size, c->max_bytes, why);
    if (rc != OK)
        return rc;
    if (mkdirat(c->dir, name.shard, 0700) != 0 && errno != EEXIST)
        return err_sys(why, ERR_IO, errno, "a folder of the compile cache");
    const int shard = open_shard(c, name.shard);
    if (shard < 0)
        return err_sys(why, ERR_IO, errno, "a folder of the compile cache");
    rc = write_entry(shard, name.file, entry, size, why);
    close(shard);
    return rc;
}

static enum err_code keep_sized(const struct compile_cache *c, const struct compile_key *key,
                                const struct compile_result *r, size_t image_size, struct err *why)
{
    const size_t size = HEADER_SIZE + r->said_size + image_size + CHECKSUM_SIZE;
    if (r->said_size > COMPILE_SAID_MAX || image_size > COMPILE_IMAGE_MAX ||
        (int64_t)size > c->max_bytes / 8 || r->compiled != (image_size != 0))
        return OK;
    struct arena scratch;
    arena_init(&scratch, size + 4096);
    uint8_t *entry = arena_alloc(&scratch, size);
    const enum err_code rc = entry != NULL
                                 ? keep(c, key, r, image_size, entry, why)
                                 : err_set(why, ERR_NOMEM, "no memory to keep %zu bytes", size);
    arena_done(&scratch);
    return rc;
}

void compile_cache_put(struct compile_cache *c, const struct compile_key *key,
                       const struct compile_result *result)
{
    struct stat st = {0};
    struct err why;
    if (c->dir < 0)
        return;
    enum err_code rc = OK;
    if (result->compiled && fstat(result->image_fd, &st) != 0)
        rc = err_sys(&why, ERR_IO, errno, "an image to keep");
    if (rc == OK)
        rc = keep_sized(c, key, result, (size_t)st.st_size, &why);
    if (rc != OK)
        note(c, &why);
}
