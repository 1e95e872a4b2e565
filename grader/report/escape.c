#include "grader/report/escape.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Length that the first byte announces; 0: it begins nothing. C0, C1, F5..FF never occur. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t utf8_next(const char *text, size_t size, uint32_t *ret)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)text[0];
    const size_t length = sequence_length(first);
    *ret = UTF8_INVALID;
    if (length == 0 || length > size)
        return 1;
    uint32_t code = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(text[i]))
            return 1;
        code = code << 6 | ((unsigned char)text[i] & 0x3Fu);
    }
    if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 1;
    *ret = code;
    return length;
}

size_t utf8_columns(const char *text, size_t size)
{
    size_t columns = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        at += utf8_next(text + at, size - at, &code);
        columns += utf8_width(code);
    }
    return columns;
}

size_t utf8_length(const char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++)
        length += !is_continuation(text[i]);
    return length;
}

static void json_char(struct str *out, uint32_t code, const char *bytes, size_t length)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, name */
    for (size_t i = 0; i + 1 < sizeof named; i += 2)
        if (code == (unsigned char)named[i]) {
            str_printf(out, "\\%c", named[i + 1]);
            return;
        }
    if (code == UTF8_INVALID)
        str_add(out, REPLACEMENT);
    else if (code < 0x20 || code == 0x7F)
        str_printf(out, "\\u%04x", (unsigned)code);
    else
        str_add_bytes(out, bytes, length);
}

void escape_json(struct str *out, const char *text)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        const size_t length = utf8_next(text + at, size - at, &code);
        json_char(out, code, text + at, length);
        at += length;
    }
}

/* Production [2] Char of XML 1.0. */
static bool xml_can_hold(uint32_t code)
{
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code <= 0xD7FF) ||
           (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code < UTF8_INVALID);
}

static void xml_char(struct str *out, uint32_t code, const char *bytes, size_t length,
                     bool attribute)
{
    if (!xml_can_hold(code))
        str_add(out, REPLACEMENT);
    else if (code == '&')
        str_add(out, "&amp;");
    else if (code == '<')
        str_add(out, "&lt;");
    else if (code == '>')
        str_add(out, "&gt;");
    else if (code == '"' && attribute)
        str_add(out, "&quot;");
    else if (code == '\r' || (attribute && (code == '\n' || code == '\t')))
        str_printf(out, "&#%u;", (unsigned)code);
    else
        str_add_bytes(out, bytes, length);
}

void escape_xml(struct str *out, const char *text, bool attribute)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        const size_t length = utf8_next(text + at, size - at, &code);
        xml_char(out, code, text + at, length, attribute);
        at += length;
    }
}

/* Controls, and what Unicode calls bidirectional formatting (UAX #9), line and paragraph
 * separators, the byte order mark. */
static bool acts_on_terminal(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C ||
           (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

void escape_terminal(struct str *out, const char *text)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        const size_t length = utf8_next(text + at, size - at, &code);
        if (code == UTF8_INVALID)
            str_printf(out, "\\x%02x", (unsigned char)text[at]);
        else if (code == '\t')
            str_add(out, "    ");
        else if (code == '\n' || !acts_on_terminal(code))
            str_add_bytes(out, text + at, length);
        else
            str_printf(out, code < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)code);
        at += length;
    }
}

enum { SAFE_MAX = 256 * 1024 }; /* bytes of one text that goes through two hands */

void escape_markdown(struct str *out, const char *text)
{
    struct str safe;
    str_init(&safe, SAFE_MAX);
    escape_terminal(&safe, text);
    for (const char *c = safe.text; *c != '\0'; c++) {
        if (*c == '\n') {
            str_add_char(out, ' ');
            continue;
        }
        if (strchr("\\`*_{}[]<>#|~&:@$!", *c) != NULL)
            str_add_char(out, '\\');
        str_add_char(out, *c);
    }
    str_done(&safe);
}

void escape_github(struct str *out, const char *text, bool property)
{
    struct str safe;
    str_init(&safe, SAFE_MAX);
    escape_terminal(&safe, text);
    for (const char *c = safe.text; *c != '\0'; c++) {
        const bool escaped =
            *c == '%' || *c == '\r' || *c == '\n' || (property && (*c == ':' || *c == ','));
        if (escaped)
            str_printf(out, "%%%02X", (unsigned char)*c);
        else
            str_add_char(out, *c);
    }
    str_done(&safe);
}
