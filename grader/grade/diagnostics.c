#include "grader/grade/diagnostics.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

struct list {
    const struct submission *submission;
    struct arena *arena;
    struct report_diagnostic *items;
    size_t count;
    struct str log;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static const char *cut(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strnlen(text, REPORT_MESSAGE_MAX));
}

/* Behind `#line 2147483647` gcc counts on into negative lines: those are unknown. */
static int place_of(const json_t *caret, const char *key)
{
    const json_int_t place = json_integer_value(json_object_get(caret, key));
    return place > 0 && place <= INT_MAX ? (int)place : 0;
}

static const char *severity_word(enum report_severity s)
{
    switch (s) {
    case REPORT_NOTE:
        return "note";
    case REPORT_WARNING:
        return "warning";
    case REPORT_ERROR:
        return "error";
    }
    return "";
}

/* Places outside of the submission go to the message. */
static void place(const struct list *l, struct report_diagnostic *d)
{
    const int lines = d->file != NULL ? submission_lines(l->submission, d->file) : 0;
    if (d->file == NULL || (d->line > lines && lines > 0))
        d->line = d->column = 0;
    if (d->file == NULL || lines > 0)
        return;
    d->message = arena_printf(l->arena, "%.80s:%d: %.*s", d->file, d->line,
                              REPORT_MESSAGE_MAX - 100, d->message);
    d->file = NULL;
    d->line = d->column = 0;
}

static void add(struct list *l, struct report_diagnostic d)
{
    place(l, &d);
    if (d.file != NULL)
        str_printf(&l->log, "%s:%d:%d: ", d.file, d.line, d.column);
    str_printf(&l->log, "%s: %s\n", severity_word(d.severity), d.message);
    if (l->count < DIAGNOSTICS_MAX)
        l->items[l->count++] = d;
}

static enum report_severity severity_of(const char *kind)
{
    if (strstr(kind, "error") != NULL) /* "error", "fatal error" */
        return REPORT_ERROR;
    return strcmp(kind, "warning") == 0 ? REPORT_WARNING : REPORT_NOTE;
}

static void add_json(struct list *l, const json_t *d)
{
    const char *kind = json_string_value(json_object_get(d, "kind"));
    const char *message = json_string_value(json_object_get(d, "message"));
    const char *option = json_string_value(json_object_get(d, "option"));
    if (kind == NULL || message == NULL)
        return;
    const json_t *caret =
        json_object_get(json_array_get(json_object_get(d, "locations"), 0), "caret");
    const char *file = json_string_value(json_object_get(caret, "file"));
    const struct report_diagnostic one = {
        .file = file != NULL ? cut(l->arena, base_name(file)) : NULL,
        .line = place_of(caret, "line"),
        .column = place_of(caret, "byte-column"),
        .severity = severity_of(kind),
        .message = option != NULL ? arena_printf(l->arena, "%.*s [%.80s]", REPORT_MESSAGE_MAX - 83,
                                                 message, option)
                                  : cut(l->arena, message),
    };
    add(l, one);
    const json_t *children = json_object_get(d, "children");
    for (size_t i = 0; i < json_array_size(children); i++)
        add_json(l, json_array_get(children, i));
}

/* "ld.lld: error: undefined symbol: qt_quantize" and "undefined reference to `qt_quantize'": the
 * name is what a learner needs. */
static void add_linker_line(struct list *l, const char *line, size_t length)
{
    char *text = arena_strndup(l->arena, line, length);
    static const char *const marks[] = {"undefined symbol: ", "undefined reference to ",
                                        "duplicate symbol: ", "multiple definition of "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *at = strstr(text, marks[i]);
        if (at == NULL)
            continue;
        add(l, (struct report_diagnostic){.severity = REPORT_ERROR, .message = cut(l->arena, at)});
        return;
    }
    str_printf(&l->log, "%s\n", text);
}

static void add_line(struct list *l, const char *line, size_t length)
{
    json_t *all = length > 0 && line[0] == '[' ? json_loadb(line, length, 0, NULL) : NULL;
    if (!json_is_array(all)) {
        if (length > 0)
            add_linker_line(l, line, length);
        json_decref(all);
        return;
    }
    for (size_t i = 0; i < json_array_size(all); i++)
        add_json(l, json_array_get(all, i));
    json_decref(all);
}

/* gcc passes the bytes of #error on as they are; with a control byte in it its JSON is none, and
 * all its diagnostics would be lost. */
static char *without_controls(const char *text, size_t size, struct arena *a)
{
    char *clean = arena_strndup(a, text, size);
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)clean[i] < ' ' && clean[i] != '\n' && clean[i] != '\t') ||
            clean[i] == 0x7f)
            clean[i] = '?';
    return clean;
}

void diagnostics_read(const struct submission *s, const char *said, size_t size, struct arena *a,
                      struct report_compile *ret)
{
    const char *text = without_controls(said, size, a);
    struct list l = {
        .submission = s, .arena = a, .items = arena_array(a, DIAGNOSTICS_MAX, sizeof *l.items)};
    str_init(&l.log, REPORT_LOG_MAX);
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        add_line(&l, text + at, length);
        at += length + 1;
    }
    ret->diagnostics = l.items;
    ret->n_diagnostics = l.count;
    ret->log = arena_strndup(a, l.log.text, l.log.length);
    str_done(&l.log);
}
