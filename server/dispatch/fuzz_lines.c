/* make fuzz: any bytes as a grader's standard output. Where reads cut it must not matter, and an
 * event is one object on one line that says its own name. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/dispatch/lab_list.h"
#include "server/dispatch/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    size_t lines, bytes;
};

static void check_event(const char *name, const char *json)
{
    assert(strlen(name) <= EVENT_NAME_MAX && strchr(json, '\n') == NULL);
    json_t *again = json_loads(json, 0, NULL);
    const char *said = json_string_value(json_object_get(again, "event"));
    assert(said != NULL && strcmp(said, name) == 0);
    json_decref(again);
}

static void check_fault(void *ctx, const char *folder, const char *why)
{
    assert(ctx == NULL && folder != NULL && why != NULL);
}

static void hear(void *ctx, const char *line, size_t size)
{
    struct heard *h = ctx;
    char name[EVENT_NAME_MAX + 1];
    char *json = NULL;
    h->lines++;
    h->bytes += size;
    assert(memchr(line, '\n', size) == NULL);
    if (lines_event(line, size, name, &json, NULL) == OK)
        check_event(name, json);
    (void)!lab_list_line(line, size, check_fault, NULL, NULL);
    free(json);
}

static void count(void *ctx, const char *line, size_t size)
{
    struct heard *h = ctx;
    (void)line;
    h->lines++;
    h->bytes += size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lines l;
    struct heard whole = {0}, pieces = {0};
    l = (struct lines){.length = 0};
    lines_take(&l, (const char *)data, size, hear, &whole);
    l = (struct lines){.length = 0};
    for (size_t at = 0; at < size; at += 7)
        lines_take(&l, (const char *)data + at, size - at < 7 ? size - at : 7, count, &pieces);
    assert(whole.lines == pieces.lines && whole.bytes == pieces.bytes);
    l = (struct lines){.length = LINE_MAX_BYTES - 8}; /* a line too long, without its length */
    lines_take(&l, (const char *)data, size, count, &pieces);
    assert(l.length <= LINE_MAX_BYTES);
    return 0;
}
