#include "base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1]; /* what `text` points to before the first append; never written */

void str_init(struct str *s, size_t max_bytes)
{
    *s = (struct str){.text = empty, .max = max_bytes};
}

void str_done(struct str *s)
{
    if (s->capacity != 0)
        free(s->text);
    *s = (struct str){.text = empty};
}

void str_clear(struct str *s)
{
    s->length = 0;
    s->cut = false;
    if (s->capacity != 0)
        s->text[0] = '\0';
}

/* Makes room for `count` more bytes and the NUL; returns how many of them fit. */
static size_t make_room(struct str *s, size_t count)
{
    if (count > s->max - s->length) {
        count = s->max - s->length;
        s->cut = true;
    }
    if (s->capacity > s->length + count)
        return count;
    size_t capacity = s->capacity < 64 ? 64 : s->capacity * 2;
    if (capacity < s->length + count + 1)
        capacity = s->length + count + 1;
    char *grown = realloc(s->capacity != 0 ? s->text : NULL, capacity);
    if (grown == NULL) {
        s->cut = true;
        return s->capacity != 0 ? s->capacity - 1 - s->length : 0;
    }
    s->text = grown;
    s->capacity = capacity;
    return count;
}

void str_add_bytes(struct str *s, const void *bytes, size_t count)
{
    const size_t fits = make_room(s, count);
    if (s->capacity == 0)
        return;
    if (fits != 0)
        memcpy(s->text + s->length, bytes, fits);
    s->length += fits;
    s->text[s->length] = '\0';
}

void str_add(struct str *s, const char *text)
{
    str_add_bytes(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
    str_add_bytes(s, &c, 1);
}

void str_printf(struct str *s, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    const size_t fits = make_room(s, (size_t)length);
    if (s->capacity != 0) {
        vsnprintf(s->text + s->length, fits + 1, format, again);
        s->length += fits;
    }
    va_end(again);
}
