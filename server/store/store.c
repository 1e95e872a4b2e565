#include "server/store/store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/store/inside.h"
#include "server/store/migrate.h"

enum { READERS = 8, READERS_MAX = 64, HASHINGS = 2 };

/* ---- Clock, identities, secrets ---- */

static int64_t system_now_ms(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t store_now_ms(const struct store *s)
{
    return s->clock.now_ms(s->clock.ctx);
}

void store_id(struct store *s, char ret[ID_SIZE])
{
    pthread_mutex_lock(&s->id_lock);
    ulid_next(&s->ulid, store_now_ms(s), ret);
    pthread_mutex_unlock(&s->id_lock);
}

void secret_make(char *ret, size_t size, const char *prefix)
{
    uint8_t chance[32];
    randombytes_buf(chance, sizeof chance);
    char *text = stpcpy(ret, prefix);
    sodium_bin2base64(text, size - (size_t)(text - ret), chance, sizeof chance,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(chance, sizeof chance);
}

/* Plain and fast is right here: the secret is 256 bits of chance, which no one can try out. */
void secret_hash(const char *secret, uint8_t ret[HASH_BYTES])
{
    crypto_generichash(ret, HASH_BYTES, (const uint8_t *)secret, strlen(secret), NULL, 0);
}

/* ---- Readers and the writer ---- */

enum err_code store_write(struct store *s, write_fn *fn, void *arg, struct err *why)
{
    return writer_run(s->writer, fn, arg, why);
}

struct db *store_reader(struct store *s)
{
    pthread_mutex_lock(&s->reader_lock);
    while (s->n_free == 0)
        pthread_cond_wait(&s->reader_free, &s->reader_lock);
    struct db *db = s->readers[--s->n_free];
    pthread_mutex_unlock(&s->reader_lock);
    return db;
}

void store_reader_done(struct store *s, struct db *db)
{
    pthread_mutex_lock(&s->reader_lock);
    s->readers[s->n_free++] = db;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->reader_lock);
}

/* ---- Opening and closing ---- */

static enum err_code check_version(struct db *db, const char *path, struct err *why)
{
    int version = 0;
    const enum err_code rc = migrate_version(db, &version, why);
    if (rc != OK || version == migrations_count)
        return rc;
    return err_set(why, ERR_CONFLICT, "%s has schema %d, this program wants %d: %s", path, version,
                   migrations_count,
                   version < migrations_count ? "run `graded migrate`" : "run a newer graded");
}

static enum err_code open_writer(struct store *s, const char *path, struct err *why)
{
    struct db *db = NULL;
    enum err_code rc = db_open(path, DB_WRITE, &db, why);
    if (rc == OK)
        rc = check_version(db, path, why);
    if (rc == OK)
        rc = writer_start(db, &s->writer, why);
    if (rc != OK)
        db_close(db);
    return rc;
}

static enum err_code open_readers(struct store *s, const char *path, unsigned count,
                                  struct err *why)
{
    s->n_readers = count == 0 ? READERS : count < READERS_MAX ? count : READERS_MAX;
    s->readers = calloc(s->n_readers, sizeof(struct db *));
    if (s->readers == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %zu readers", s->n_readers);
    for (; s->n_free < s->n_readers; s->n_free++) {
        const enum err_code rc = db_open(path, DB_READ, &s->readers[s->n_free], why);
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* The secret is made once and then kept: the first one that is in the file counts. */
static enum err_code load_secret(struct db *db, void *arg, struct err *why)
{
    uint8_t *secret = arg;
    uint8_t chance[STORE_SECRET_BYTES];
    randombytes_buf(chance, sizeof chance);
    enum err_code rc = db_run(
        db, "INSERT INTO setting (key, value) VALUES ('seed_secret', ?) ON CONFLICT DO NOTHING",
        PARAMS(BLOB(chance, sizeof chance)), why);
    if (rc != OK)
        return rc;
    struct rows rows;
    rc = db_query(db, "SELECT value FROM setting WHERE key = 'seed_secret'", NO_PARAMS, &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        row_copy(&rows, 0, secret, STORE_SECRET_BYTES);
    return rows_end(&rows, rc, why);
}

enum err_code store_open(const struct store_config *config, struct store **ret, struct err *why)
{
    if (sodium_init() < 0)
        return err_set(why, ERR_INTERNAL, "libsodium does not start");
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the store");
    s->clock = config->clock;
    if (s->clock.now_ms == NULL)
        s->clock.now_ms = system_now_ms;
    sem_init(&s->hashing, 0, HASHINGS);
    pthread_mutex_init(&s->id_lock, NULL);
    pthread_mutex_init(&s->reader_lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    enum err_code rc = open_writer(s, config->path, why);
    if (rc == OK)
        rc = open_readers(s, config->path, config->readers, why);
    if (rc == OK)
        rc = store_write(s, load_secret, s->secret, why);
    if (rc != OK) {
        store_close(s);
        return rc;
    }
    *ret = s;
    return OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    while (s->n_free > 0)
        db_close(s->readers[--s->n_free]);
    free(s->readers);
    writer_stop(s->writer); /* last: closing the last connection tidies the WAL away */
    pthread_cond_destroy(&s->reader_free);
    pthread_mutex_destroy(&s->reader_lock);
    pthread_mutex_destroy(&s->id_lock);
    sem_destroy(&s->hashing);
    sodium_memzero(s->secret, sizeof s->secret);
    free(s);
}

/* ---- What several tables share ---- */

size_t page_limit(size_t limit)
{
    return limit == 0 || limit > PAGE_MAX ? PAGE_MAX : limit;
}

void page_finish(struct page *page, size_t count, size_t limit, const void *rows, size_t row_size)
{
    *page = (struct page){.count = count};
    if (count <= limit)
        return;
    page->count = limit;
    memcpy(page->next, (const char *)rows + (limit - 1) * row_size, ID_SIZE);
}

/* The length of the UTF-8 sequence at p (Unicode 15, table 3-7), 0 when it is none. */
static size_t utf8_length(const uint8_t *p)
{
    if (p[0] < 0x80)
        return 1;
    const size_t length = p[0] >= 0xc2 && p[0] < 0xe0   ? 2
                          : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                          : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                                        : 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) /* also ends at the NUL */
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

enum err_code check_name(const char *what, const char *name, struct err *why)
{
    const size_t size = strlen(name);
    if (size == 0 || size > NAME_MAX_BYTES)
        return err_set(why, ERR_INVALID, "%s has %zu bytes: expected 1 to %d", what, size,
                       NAME_MAX_BYTES);
    for (const uint8_t *p = (const uint8_t *)name; *p != '\0';) {
        const size_t length = utf8_length(p);
        if (length == 0 || *p < ' ' || *p == 0x7f)
            return err_set(why, ERR_INVALID, "%s holds a byte 0x%02x that is no text", what, *p);
        p += length;
    }
    return OK;
}
