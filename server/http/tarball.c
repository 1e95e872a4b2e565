#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <string.h>

#include "server/http/upload.h"

static enum err_code refuse_kind(const char *path, struct archive_entry *entry, struct err *why)
{
    if (archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL)
        return err_set(why, ERR_DENIED, "'%.80s' is a link: only plain files are taken", path);
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_sparse_count(entry) != 0)
        return err_set(why, ERR_DENIED, "'%.80s' is no plain file", path);
    return OK;
}

/* True if a segment of the path is "..". */
static bool climbs(const char *path)
{
    for (const char *p = path; p != NULL; p = strchr(p, '/')) {
        p += *p == '/';
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
            return true;
        if (*p == '\0')
            break;
    }
    return false;
}

/* Counts what is skipped too: skipping unpacks it, and that is what a bomb wants. */
static enum err_code count_size(struct archive_entry *entry, size_t *total, struct err *why)
{
    const int64_t size = archive_entry_size(entry);
    if (size < 0 || (uint64_t)size > UPLOAD_UNPACKED_MAX - *total)
        return err_set(why, ERR_TOO_LARGE, "the archive unpacks to more than %d bytes",
                       UPLOAD_UNPACKED_MAX);
    *total += (size_t)size;
    return OK;
}

static enum err_code read_data(struct archive *tar, struct archive_entry *entry, const char *path,
                               struct arena *a, struct upload_file *ret, struct err *why)
{
    const size_t size = (size_t)archive_entry_size(entry);
    char *bytes = arena_alloc(a, size + 1);
    char *name = arena_strdup(a, path);
    if (bytes == NULL || name == NULL)
        return err_set(why, ERR_NOMEM, "no memory for '%.80s'", path);
    size_t done = 0;
    while (done < size) {
        const la_ssize_t got = archive_read_data(tar, bytes + done, size - done);
        if (got <= 0)
            return err_set(why, ERR_FORMAT, "the archive ends within '%.80s'", path);
        done += (size_t)got;
    }
    *ret = (struct upload_file){.name = name, .bytes = bytes, .size = done};
    return OK;
}

static enum err_code read_entry(struct archive *tar, struct archive_entry *entry, size_t *total,
                                struct arena *a, struct upload *u, struct err *why)
{
    const char *path = archive_entry_pathname(entry);
    if (path == NULL)
        return err_set(why, ERR_FORMAT, "a name in the archive is not readable");
    if (path[0] == '/' || climbs(path))
        return err_set(why, ERR_DENIED, "'%.80s' leads out of the archive", path);
    enum err_code rc = count_size(entry, total, why);
    if (rc != OK)
        return rc;
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return OK;
    rc = refuse_kind(path, entry, why);
    if (rc != OK)
        return rc;
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    const char *slash = strrchr(path, '/');
    if (strncmp(slash != NULL ? slash + 1 : path, "._", 2) == 0)
        return OK;
    if (u->count == UPLOAD_FILES_MAX)
        return err_set(why, ERR_LIMIT, "the archive has more than %d files", UPLOAD_FILES_MAX);
    rc = read_data(tar, entry, path, a, &u->files[u->count], why);
    if (rc == OK)
        u->count++;
    return rc;
}

static enum err_code read_entries(struct archive *tar, struct arena *a, struct upload *u,
                                  struct err *why)
{
    size_t total = 0;
    for (int entries = 0;; entries++) {
        struct archive_entry *entry;
        const int found = archive_read_next_header(tar, &entry);
        if (found == ARCHIVE_EOF)
            return OK;
        if (found != ARCHIVE_OK && found != ARCHIVE_WARN)
            return err_set(why, ERR_FORMAT, "the archive is damaged: %.200s",
                           archive_error_string(tar));
        if (entries == UPLOAD_ENTRIES_MAX)
            return err_set(why, ERR_LIMIT, "the archive has more than %d entries",
                           UPLOAD_ENTRIES_MAX);
        const enum err_code rc = read_entry(tar, entry, &total, a, u, why);
        if (rc != OK)
            return rc;
    }
}

enum err_code tarball_read(const char *body, size_t size, struct arena *a, struct upload *ret,
                           struct err *why)
{
    struct archive *tar = archive_read_new();
    if (tar == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the archive");
    enum err_code rc;
    ret->count = 0;
    archive_read_support_filter_gzip(tar);
    archive_read_support_format_tar(tar);
    /* Names as they are: the service's locale must not decide which archives it can read. */
    archive_read_set_options(tar, "hdrcharset=BINARY");
    if (archive_read_open_memory(tar, body, size) != ARCHIVE_OK)
        rc = err_set(why, ERR_FORMAT, "this is no tar archive: %.200s", archive_error_string(tar));
    else
        rc = read_entries(tar, a, ret, why);
    archive_read_free(tar);
    return rc;
}
