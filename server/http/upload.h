/* Files that people send: the parts of a form, or the entries of a tarball. Only formats are judged
 * here, names and sizes by whoever asked. All memory is the arena's or the body's. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    UPLOAD_FILES_MAX = 64,
    UPLOAD_ENTRIES_MAX = 256,               /* of a tarball, with its directories */
    UPLOAD_UNPACKED_MAX = 16 * 1024 * 1024, /* bytes of all files of a tarball */
};

struct upload_file {
    const char *field; /* of the form; NULL in a tarball */
    const char *name;  /* as the client wrote it; NULL: a form field without a file name */
    const char *bytes;
    size_t size;
};

struct upload {
    struct upload_file files[UPLOAD_FILES_MAX];
    size_t count;
};

/* multipart/form-data (RFC 7578); `content_type` is the whole header with its boundary.
 * ERR_FORMAT: it breaks the grammar, or a name holds a NUL. ERR_LIMIT: too many parts. */
MUST_CHECK enum err_code multipart_read(const char *content_type, const char *body, size_t size,
                                        struct arena *a, struct upload *ret, struct err *why);

/* A tar archive, plain or gzipped. A leading "./" of names is dropped, and so are directories and
 * the "._" companions that macOS adds. ERR_FORMAT: no tar archive. ERR_DENIED: a path that leaves
 * the archive, a link, a device. ERR_LIMIT: too many entries. ERR_TOO_LARGE: it unpacks to more
 * than UPLOAD_UNPACKED_MAX. */
MUST_CHECK enum err_code tarball_read(const char *body, size_t size, struct arena *a,
                                      struct upload *ret, struct err *why);
