#include "grader/report/locate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *at, *end;
    int line;
};

static bool more(const struct cursor *c)
{
    return c->at < c->end;
}

static void step(struct cursor *c)
{
    c->line += *c->at == '\n';
    c->at++;
}

static void skip_space(struct cursor *c)
{
    while (more(c) && strchr(" \t\r\n", *c->at) != NULL && *c->at != '\0')
        step(c);
}

static void skip_string(struct cursor *c)
{
    step(c);
    while (more(c) && *c->at != '"') {
        if (*c->at == '\\' && c->at + 1 < c->end)
            step(c);
        step(c);
    }
    if (more(c))
        step(c);
}

/* Brackets are counted, not matched: the text was parsed before. */
static void skip_value(struct cursor *c)
{
    size_t depth = 0;
    do {
        skip_space(c);
        if (!more(c))
            return;
        if (*c->at == '"') {
            skip_string(c);
        } else {
            if (*c->at == '{' || *c->at == '[')
                depth++;
            else if (depth > 0 && (*c->at == '}' || *c->at == ']'))
                depth--;
            else if (depth == 0)
                while (c->at + 1 < c->end && strchr(",]} \t\r\n", c->at[1]) == NULL)
                    step(c);
            step(c);
        }
    } while (depth > 0);
}

/* True where the text between two quotes is the pointer's part. A key with escapes equals none: its
 * object is named then. */
static bool is_key(const char *key, size_t length, const char *part, size_t part_length)
{
    size_t k = 0;
    for (size_t i = 0; i < part_length; i++, k++) {
        char c = part[i];
        if (c == '~' && i + 1 < part_length)
            c = part[++i] == '1' ? '/' : '~';
        if (k >= length || key[k] != c)
            return false;
    }
    return k == length;
}

/* From an object's brace to the value of a member; *ret_line is that of its key. */
static bool enter_object(struct cursor *c, const char *part, size_t length, int *ret_line)
{
    step(c);
    for (skip_space(c); more(c) && *c->at == '"'; skip_space(c)) {
        const char *key = c->at + 1;
        const int line = c->line;
        skip_string(c);
        const size_t key_length = c->at > key ? (size_t)(c->at - key) - 1 : 0; /* without its end */
        const bool found = is_key(key, key_length, part, length);
        skip_space(c);
        if (more(c))
            step(c); /* the colon */
        if (found) {
            *ret_line = line;
            skip_space(c);
            return true;
        }
        skip_value(c);
        skip_space(c);
        if (more(c) && *c->at == ',')
            step(c);
    }
    return false;
}

static bool enter_array(struct cursor *c, const char *part, int *ret_line)
{
    step(c);
    for (unsigned long left = strtoul(part, NULL, 10); left > 0; left--) {
        skip_value(c);
        skip_space(c);
        if (!more(c) || *c->at != ',')
            return false;
        step(c);
    }
    skip_space(c);
    *ret_line = c->line;
    return more(c) && *c->at != ']';
}

int locate_line(const char *text, size_t size, const char *pointer)
{
    struct cursor c = {.at = text, .end = text + size, .line = 1};
    skip_space(&c);
    int line = c.line;
    bool inside = true;
    while (inside && *pointer == '/' && more(&c)) {
        const char *part = pointer + 1;
        const size_t length = strcspn(part, "/");
        pointer = part + length;
        inside = *c.at == '{'   ? enter_object(&c, part, length, &line)
                 : *c.at == '[' ? enter_array(&c, part, &line)
                                : false;
    }
    return line;
}
