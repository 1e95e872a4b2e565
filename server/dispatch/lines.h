/* What a grader says on its standard output: bytes into lines, a line into an event. The grader is
 * ours, but it talks while it handles a stranger's work. */
#pragma once

#include <stdbool.h>

#include "server/store/event.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

struct lines {
    char text[LINE_MAX_BYTES];
    size_t length;
    bool overlong; /* dropping the rest of a line */
};

/* Takes the next bytes; calls `on_line` with each whole line, without its end. Longer ones than
 * LINE_MAX_BYTES are dropped. A zeroed struct is one at the start. */
void lines_take(struct lines *l, const char *bytes, size_t size,
                void (*on_line)(void *ctx, const char *line, size_t size), void *ctx);

/* One line as an event: its name, and the object written anew, so that it stands on one line.
 * *ret_json is the caller's, by free(). ERR_FORMAT: it is no event. ERR_NOMEM. */
MUST_CHECK enum err_code lines_event(const char *line, size_t size,
                                     char ret_name[EVENT_NAME_MAX + 1], char **ret_json,
                                     struct err *why);
