/* Writes JSON, indented by two, in the order of the calls.
 *
 *     struct json_out j = {.out = &text};
 *     json_open(&j, NULL, '{');
 *     json_text(&j, "lab", "3.2");
 *     json_close(&j, '}');
 *
 * `key` is ours (it is not escaped), and NULL for the outermost value and inside lists. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct json_out {
    struct str *out;
    int depth;
    bool filled; /* the open object or list holds something already */
};

void json_open(struct json_out *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json_out *j, char bracket);

void json_text(struct json_out *j, const char *key, const char *text); /* NULL: null */
void json_int(struct json_out *j, const char *key, int64_t value);
void json_bool(struct json_out *j, const char *key, bool value);
/* 15 significant digits, so that reading and writing again gives the same bytes. JSON has no word
 * for infinity and NaN; they are written as 0. */
void json_number(struct json_out *j, const char *key, double value);
