#include "grader/grade/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_MAX = 80 };

/* The place "gguf.c:57:13" or "/box/gguf.c:57" somewhere in `line`, if the file is the learner's.
 */
static bool place_in(const struct lab *lab, const char *line, struct report_finding *f)
{
    for (size_t i = 0; i < lab->n_files; i++) {
        const char *name = lab->files[i].name;
        const char *at = strstr(line, name);
        if (at == NULL || at[strlen(name)] != ':')
            continue;
        char *end;
        const long n = strtol(at + strlen(name) + 1, &end, 10);
        if (n <= 0 || n > 1000000)
            continue;
        f->file = name;
        f->line = (int)n;
        const long column = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
        f->column = column > 0 && column < 10000 ? (int)column : 0;
        return true;
    }
    return false;
}

static void trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\r'))
        text[--n] = '\0';
}

static size_t at_most(size_t length, size_t max)
{
    return length < max ? length : max;
}

/* "==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x... at pc ..." */
static bool address_error(const char *line, struct arena *a, struct report_finding *f)
{
    static const char mark[] = "ERROR: AddressSanitizer: ";
    const char *at = strstr(line, mark);
    if (at == NULL)
        return false;
    at += strlen(mark);
    const char *cut = strstr(at, " on address");
    if (cut == NULL)
        cut = strstr(at, " on unknown address");
    const size_t message = cut != NULL ? (size_t)(cut - at) : strlen(at);
    f->kind = arena_strndup(a, at, at_most(strcspn(at, " "), KIND_MAX));
    f->message = arena_strndup(a, at, at_most(message, REPORT_MESSAGE_MAX - KIND_MAX - 2));
    return true;
}

/* "gguf.c:57:13: runtime error: load of misaligned address ..." */
static bool behaviour_error(const struct lab *lab, const char *line, struct arena *a,
                            struct report_finding *f)
{
    static const char mark[] = "runtime error: ";
    const char *at = strstr(line, mark);
    if (at == NULL)
        return false;
    f->kind = "undefined-behavior";
    at += strlen(mark);
    f->message = arena_strndup(a, at, strnlen(at, REPORT_MESSAGE_MAX - KIND_MAX - 2));
    place_in(lab, line, f);
    return true;
}

/* "READ of size 4 at 0x... thread T0" tells the direction and the size. */
static bool access_detail(const char *line, struct arena *a, struct report_finding *f)
{
    if (strncmp(line, "READ of size", 12) != 0 && strncmp(line, "WRITE of size", 13) != 0)
        return false;
    const char *at = strstr(line, " at 0x");
    if (at == NULL)
        return false;
    const size_t length = at_most((size_t)(at - line), KIND_MAX);
    f->message = arena_printf(a, "%s: %.*s", f->message, (int)length, line);
    return true;
}

struct report_finding finding_read(const struct lab *lab, const char *text, size_t size,
                                   struct arena *a)
{
    struct report_finding f = {0};
    bool detailed = false; /* once: a learner can print such lines without end */
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        char *line = arena_strndup(a, text + at, length);
        at += length + 1;
        trim(line);
        if (f.kind == NULL) {
            if (!address_error(line, a, &f))
                behaviour_error(lab, line, a, &f);
            continue;
        }
        detailed = detailed || access_detail(line, a, &f);
        if (f.file != NULL || (strstr(line, "    #") == line && place_in(lab, line, &f)))
            break;
    }
    if (f.kind == NULL) {
        f.kind = "crash";
        f.message = "the sanitizer build ended during a call";
    }
    return f;
}
