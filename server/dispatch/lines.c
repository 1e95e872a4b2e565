#include "server/dispatch/lines.h"

#include <jansson.h>
#include <string.h>

void lines_take(struct lines *l, const char *bytes, size_t size,
                void (*on_line)(void *ctx, const char *line, size_t size), void *ctx)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            if (!l->overlong)
                on_line(ctx, l->text, l->length);
            l->length = 0;
            l->overlong = false;
        } else if (l->length < sizeof l->text) {
            l->text[l->length++] = bytes[i];
        } else {
            l->overlong = true;
        }
    }
}

static bool is_event_name(const char *name)
{
    const size_t length = strlen(name);
    return length > 0 && length <= EVENT_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz_") == length;
}

enum err_code lines_event(const char *line, size_t size, char ret_name[EVENT_NAME_MAX + 1],
                          char **ret_json, struct err *why)
{
    json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(json, "event"));
    if (name == NULL || !is_event_name(name)) {
        json_decref(json);
        return err_set(why, ERR_FORMAT, "the grader said what is no event");
    }
    char *text = json_dumps(json, JSON_COMPACT);
    if (text != NULL) {
        memcpy(ret_name, name, strlen(name) + 1);
        *ret_json = text;
    }
    json_decref(json);
    return text != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for an event");
}
