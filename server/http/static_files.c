#include "server/http/static_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/http/gzip.h"
#include "server/http/negotiate.h"
#include "server/http/request.h"

enum {
    FILES_MAX = 512, /* in the cache; a web app has some dozens */
    FILE_PATH_MAX = 256,
    FILE_BYTES_MAX = 16 * 1024 * 1024,
    FILE_GZIP_LEVEL = 9, /* once per file */
    ETAG_SIZE = 40,
};

struct cached {
    char path[FILE_PATH_MAX];
    struct stat stat;          /* of the file that was read */
    struct blob *plain, *gzip; /* gzip NULL: does not help */
    char etag[ETAG_SIZE];
};

struct static_files {
    int dir;
    pthread_mutex_t lock;
    struct cached cached[FILES_MAX];
    size_t count;
};

/* The page may load its own things and nothing else; nobody may frame it. Nothing inline either:
 * the editor's styles are constructed sheets in a shadow root (web/src/codemirror.ts). */
static const char csp_page[] =
    "default-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
};

/* NULL: not the name of a file that a web app has. */
static const char *known_type(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return NULL;
}

static const char *type_of(const char *path)
{
    const char *type = known_type(path);
    return type != NULL ? type : "application/octet-stream";
}

/* "assets/index-B7kX9a1Z.js": the name changes with the content, so it can be kept for ever. A
 * word such as "some-longname.svg" is told from a hash by its lack of digits and capitals. */
static bool has_hash(const char *path)
{
    const char *dash = strrchr(path, '-');
    if (strncmp(path, "assets/", 7) != 0 || dash == NULL)
        return false;
    const size_t length = strcspn(dash + 1, ".");
    if (length < 8 || strchr(dash, '/') != NULL)
        return false;
    return strcspn(dash + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") < length;
}

enum err_code static_files_open(const char *dir, struct static_files **ret, struct err *why)
{
    const int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(why, ERR_NOT_FOUND, errno, "the web app's folder %s", dir);
    struct static_files *files = calloc(1, sizeof *files);
    if (files == NULL) {
        close(fd);
        return err_set(why, ERR_NOMEM, "no memory for the web app's files");
    }
    files->dir = fd;
    pthread_mutex_init(&files->lock, NULL);
    *ret = files;
    return OK;
}

void static_files_close(struct static_files *files)
{
    if (files == NULL)
        return;
    for (size_t i = 0; i < files->count; i++) {
        blob_drop(files->cached[i].plain);
        blob_drop(files->cached[i].gzip);
    }
    pthread_mutex_destroy(&files->lock);
    close(files->dir);
    free(files);
}

/* Opens a file below the folder; -1: there is none that may be read. */
static int open_below(int dir, const struct route_path *path)
{
    int fd = dir;
    for (size_t i = 0; i < path->count && fd >= 0; i++) {
        const char *name = path->segment[i];
        const bool last = i + 1 == path->count;
        int next = -1;
        if (name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL)
            next = openat(fd, name,
                          O_CLOEXEC | O_NOFOLLOW |
                              (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
        if (fd != dir)
            close(fd);
        fd = next;
    }
    return fd == dir ? -1 : fd;
}

static struct blob *read_whole(int fd, size_t size)
{
    struct blob *b = blob_new(size);
    size_t done = 0;
    while (b != NULL && done < size) {
        const ssize_t got = read(fd, b->bytes + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            blob_drop(b);
            return NULL;
        }
        done += (size_t)got;
    }
    return b;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void load(struct cached *c, int fd, const struct stat *st)
{
    blob_drop(c->plain);
    blob_drop(c->gzip);
    c->gzip = NULL;
    c->stat = *st;
    c->plain = read_whole(fd, (size_t)st->st_size);
    if (c->plain == NULL)
        return;
    if (gzip_helps(type_of(c->path), c->plain->size))
        c->gzip = gzip_bytes(c->plain->bytes, c->plain->size, FILE_GZIP_LEVEL);
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[2 * sizeof hash + 1];
    crypto_generichash(hash, sizeof hash, c->plain->bytes, c->plain->size, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(c->etag, sizeof c->etag, "W/\"%s\"", hex);
}

/* The cached file, fresh; NULL: it cannot be read. Called under the lock. */
static const struct cached *look_up(struct static_files *files, const char *path, int fd,
                                    const struct stat *st)
{
    size_t i = 0;
    while (i < files->count && strcmp(files->cached[i].path, path) != 0)
        i++;
    if (i == FILES_MAX) /* more than we keep: the last place changes hands */
        i = FILES_MAX - 1;
    struct cached *c = &files->cached[i];
    if (i == files->count)
        files->count++;
    if (strcmp(c->path, path) != 0 || c->plain == NULL || !same_file(&c->stat, st)) {
        snprintf(c->path, sizeof c->path, "%s", path);
        load(c, fd, st);
    }
    return c->plain != NULL ? c : NULL;
}

static void send_cached(struct http_request *r, const struct cached *c)
{
    const bool gzip = c->gzip != NULL && negotiate_gzip(http_header(r, "Accept-Encoding"));
    struct blob *blob = blob_share(gzip ? c->gzip : c->plain);
    const char *type = type_of(c->path);
    r->reply.blob = blob;
    r->reply.gzipped = gzip;
    r->reply.vary = "Accept-Encoding"; /* the same for everyone */
    r->reply.etag = arena_strdup(&r->arena, c->etag);
    if (strncmp(type, "text/html", 9) == 0)
        r->reply.csp = csp_page;
    http_cache(r, has_hash(c->path) ? "public, max-age=31536000, immutable" : "no-cache");
    reply_set(r, 200, type, blob->bytes, blob->size);
}

/* False: there is no such file. */
static bool reply_file(struct static_files *files, struct http_request *r,
                       const struct route_path *path)
{
    char name[FILE_PATH_MAX] = "";
    for (size_t i = 0; i < path->count; i++) {
        const size_t used = strlen(name);
        if ((size_t)snprintf(name + used, sizeof name - used, "%s%s", i != 0 ? "/" : "",
                             path->segment[i]) >= sizeof name - used)
            return false;
    }
    const int fd = open_below(files->dir, path);
    if (fd < 0)
        return false;
    struct stat st;
    const bool fits = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_BYTES_MAX;
    if (fits) {
        pthread_mutex_lock(&files->lock);
        const struct cached *c = look_up(files, name, fd, &st);
        if (c != NULL)
            send_cached(r, c);
        pthread_mutex_unlock(&files->lock);
    }
    close(fd);
    return http_answered(r);
}

/* The web app has pages of its own, such as /labs/3.2: what does not look like a file is one of
 * them. A hidden name, or a way up, is not. */
static bool looks_like_page(const struct route_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->segment[i][0] == '.')
            return false;
    return path->count == 0 || known_type(path->segment[path->count - 1]) == NULL;
}

void static_files_reply(struct static_files *files, struct http_request *r)
{
    const struct route_path index = {.segment = {"index.html"}, .count = 1};
    const struct route_path *path = &r->segments;
    if (path->count > 0 && reply_file(files, r, path))
        return;
    if (looks_like_page(path))
        (void)reply_file(files, r, &index);
}
