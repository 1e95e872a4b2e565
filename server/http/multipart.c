#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "server/http/upload.h"

enum { BOUNDARY_MAX = 70, HEADER_BLOCK_MAX = 4096 }; /* RFC 2046, section 5.1.1 */

/* Copies the value at p, quoted or plain, to `out`; returns where it ends. */
static const char *copy_value(const char *p, char *out)
{
    if (*p != '"') {
        const size_t plain = strcspn(p, "; \t");
        memcpy(out, p, plain);
        return p + plain;
    }
    for (p++; *p != '"' && *p != '\0'; p++) {
        if (p[0] == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        *out++ = *p;
    }
    return p;
}

/* A parameter of a header: its value unquoted into the arena; NULL where it is absent. Values are
 * stepped over as a whole, so that a ';' or a name inside quotes is none. */
static char *parameter(const char *header, const char *name, struct arena *a)
{
    const size_t length = strlen(name);
    for (const char *p = strchr(header, ';'); p != NULL; p = strchr(p, ';')) {
        p += 1 + strspn(p + 1, " \t");
        const bool found = strncasecmp(p, name, length) == 0 && p[length] == '=';
        p += strcspn(p, "=;\"");
        if (*p == '=')
            p++;
        char *value = arena_alloc(a, strlen(p) + 1);
        if (value == NULL)
            return NULL;
        p = copy_value(p, value);
        if (found)
            return value;
    }
    return NULL;
}

/* The value of one header in a block of "Name: value" lines, or NULL. */
static const char *header_value(const char *block, const char *name, struct arena *a)
{
    const size_t length = strlen(name);
    for (const char *line = block; line != NULL;) {
        const char *end = strstr(line, "\r\n");
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return arena_strndup(a, line + length + 1,
                                 end != NULL ? (size_t)(end - line) - length - 1
                                             : strlen(line) - length - 1);
        line = end != NULL ? end + 2 : NULL;
    }
    return NULL;
}

struct reader {
    const char *at, *end;
    const char *delimiter; /* "\r\n--boundary" */
    size_t delimiter_length;
    struct arena *arena;
};

/* The headers in front of a part's content. */
static enum err_code read_headers(struct reader *m, struct upload_file *ret, struct err *why)
{
    const char *stop = memmem(m->at, (size_t)(m->end - m->at), "\r\n\r\n", 4);
    if (stop == NULL || stop - m->at > HEADER_BLOCK_MAX)
        return err_set(why, ERR_FORMAT, "a part's headers do not end");
    if (memchr(m->at, '\0', (size_t)(stop - m->at)) != NULL)
        return err_set(why, ERR_FORMAT, "a part's headers hold a NUL");
    const char *block = arena_strndup(m->arena, m->at, (size_t)(stop - m->at));
    if (block == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a part's headers");
    const char *disposition = header_value(block, "Content-Disposition", m->arena);
    if (disposition == NULL)
        return err_set(why, ERR_FORMAT, "a part has no Content-Disposition");
    *ret = (struct upload_file){.field = parameter(disposition, "name", m->arena),
                                .name = parameter(disposition, "filename", m->arena)};
    if (ret->field == NULL)
        return err_set(why, ERR_FORMAT, "a part has no name");
    m->at = stop + 4;
    return OK;
}

/* One part; `at` is behind its delimiter line, and afterwards behind the next delimiter. */
static enum err_code read_part(struct reader *m, struct upload *u, struct err *why)
{
    struct upload_file part = {0};
    const enum err_code rc = read_headers(m, &part, why);
    if (rc != OK)
        return rc;
    const char *stop = memmem(m->at, (size_t)(m->end - m->at), m->delimiter, m->delimiter_length);
    if (stop == NULL)
        return err_set(why, ERR_FORMAT, "the part '%.40s' does not end with the boundary",
                       part.field);
    if (u->count == UPLOAD_FILES_MAX)
        return err_set(why, ERR_LIMIT, "there are more than %d parts", UPLOAD_FILES_MAX);
    part.bytes = m->at;
    part.size = (size_t)(stop - m->at);
    u->files[u->count++] = part;
    m->at = stop + m->delimiter_length;
    return OK;
}

/* Behind a delimiter: "--" ends the body, a line end starts a part. */
static enum err_code read_parts(struct reader *m, struct upload *u, struct err *why)
{
    for (;;) {
        if (m->end - m->at >= 2 && memcmp(m->at, "--", 2) == 0)
            return OK; /* what follows is an epilogue, to be ignored */
        while (m->at < m->end && (*m->at == ' ' || *m->at == '\t'))
            m->at++;
        if (m->end - m->at < 2 || memcmp(m->at, "\r\n", 2) != 0)
            return err_set(why, ERR_FORMAT, "a boundary line has no end");
        m->at += 2;
        const enum err_code rc = read_part(m, u, why);
        if (rc != OK)
            return rc;
    }
}

enum err_code multipart_read(const char *content_type, const char *body, size_t size,
                             struct arena *a, struct upload *ret, struct err *why)
{
    const char *boundary = parameter(content_type, "boundary", a);
    if (boundary == NULL || boundary[0] == '\0' || strlen(boundary) > BOUNDARY_MAX)
        return err_set(why, ERR_FORMAT, "Content-Type names no boundary");
    const char *delimiter = arena_printf(a, "\r\n--%s", boundary);
    if (delimiter == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the boundary");
    struct reader m = {.at = body,
                       .end = body + size,
                       .delimiter = delimiter,
                       .delimiter_length = strlen(delimiter),
                       .arena = a};
    const size_t first = m.delimiter_length - 2; /* the first needs no line end before it */
    if (size >= first && memcmp(body, delimiter + 2, first) == 0) {
        m.at = body + first;
    } else {
        const char *start = memmem(body, size, delimiter, m.delimiter_length);
        if (start == NULL)
            return err_set(why, ERR_FORMAT, "the boundary '%.40s' is not in the body", boundary);
        m.at = start + m.delimiter_length;
    }
    ret->count = 0;
    return read_parts(&m, ret, why);
}
