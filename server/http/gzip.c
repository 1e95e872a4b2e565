#include "server/http/gzip.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_SIZE_MIN = 600 }; /* below it the whole answer fits one packet anyway */

bool gzip_helps(const char *type, size_t size)
{
    static const char *const kinds[] = {"text/", "application/", "image/svg+xml"};
    if (size < GZIP_SIZE_MIN || strcmp(type, "application/gzip") == 0)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(type, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

struct blob *gzip_bytes(const void *bytes, size_t size, int level)
{
    enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8 }; /* zlib.h: 16 more bits mean gzip framing */
    struct blob *b = NULL;
    z_stream z = {0};
    if (size > UINT_MAX / 2 ||
        deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    if ((b = blob_new(size)) == NULL)
        goto out;
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)size;
    z.next_out = b->bytes;
    z.avail_out = (uInt)size; /* what does not shrink is not wanted */
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
        blob_drop(b);
        b = NULL;
        goto out;
    }
    b->size = z.total_out;
out:
    deflateEnd(&z);
    return b;
}
