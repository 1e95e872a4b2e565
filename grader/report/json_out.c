#include "grader/report/json_out.h"

#include <inttypes.h>
#include <math.h>

#include "grader/report/escape.h"

static void new_line(struct json_out *j)
{
    str_printf(j->out, "\n%*s", 2 * j->depth, "");
}

/* What stands before a value: the comma behind its neighbour, the line, the key. */
static void begin(struct json_out *j, const char *key)
{
    if (j->filled)
        str_add_char(j->out, ',');
    if (j->depth > 0)
        new_line(j);
    if (key != NULL)
        str_printf(j->out, "\"%s\": ", key);
    j->filled = true;
}

void json_open(struct json_out *j, const char *key, char bracket)
{
    begin(j, key);
    str_add_char(j->out, bracket);
    j->depth++;
    j->filled = false;
}

void json_close(struct json_out *j, char bracket)
{
    j->depth--;
    if (j->filled)
        new_line(j);
    str_add_char(j->out, bracket);
    j->filled = true;
    if (j->depth == 0)
        str_add_char(j->out, '\n');
}

void json_text(struct json_out *j, const char *key, const char *text)
{
    begin(j, key);
    if (text == NULL) {
        str_add(j->out, "null");
        return;
    }
    str_add_char(j->out, '"');
    escape_json(j->out, text);
    str_add_char(j->out, '"');
}

void json_int(struct json_out *j, const char *key, int64_t value)
{
    begin(j, key);
    str_printf(j->out, "%" PRId64, value);
}

void json_bool(struct json_out *j, const char *key, bool value)
{
    begin(j, key);
    str_add(j->out, value ? "true" : "false");
}

void json_number(struct json_out *j, const char *key, double value)
{
    begin(j, key);
    str_printf(j->out, "%.15g", isfinite(value) ? value + 0.0 : 0.0); /* + 0.0: no "-0" */
}
