/* make fuzz: what strangers send, byte for byte, into every parser of this folder; the first byte
 * picks the parser: '0' words of a request, '1' a form, '2' a tarball. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/negotiate.h"
#include "server/http/router.h"
#include "server/http/upload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_words(const char *text, size_t size, struct arena *a)
{
    static const char *const offers[] = {"application/json", "text/plain"};
    struct route_path path;
    if (route_split(text, size, a, &path, NULL) == OK && path.count > ROUTE_SEGMENTS_MAX)
        abort();
    if (negotiate_type(text, offers, 2) > 1)
        abort();
    (void)negotiate_gzip(text);
    (void)negotiate_none_match(text, "W/\"tag\"");
}

/* The first line is the header, the rest the body, which stays in libFuzzer's own memory: there a
 * sanitizer sees one byte too many. */
static enum err_code read_form(const char *text, size_t size, struct arena *a, struct upload *ret)
{
    const char *end = memchr(text, '\n', size);
    const size_t length = end != NULL ? (size_t)(end - text) : size;
    const char *type = arena_strndup(a, text, length);
    const size_t skip = end != NULL ? length + 1 : size;
    return multipart_read(type, text + skip, size - skip, a, ret, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct upload up;
    struct arena a;
    enum err_code rc = ERR_INVALID;
    if (size == 0)
        return 0;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    const char *text = (const char *)data + 1;
    if (data[0] % 3 == 0)
        read_words(arena_strndup(&a, text, size - 1), size - 1, &a);
    else if (data[0] % 3 == 1)
        rc = read_form(text, size - 1, &a, &up);
    else
        rc = tarball_read(text, size - 1, &a, &up, NULL);
    volatile char seen = 0; /* every byte is read, so that the sanitizer sees what lies outside */
    for (size_t i = 0; rc == OK && i < up.count; i++)
        for (size_t k = 0; k < up.files[i].size; k++)
            seen = up.files[i].bytes[k];
    (void)seen;
    arena_done(&a);
    return 0;
}
