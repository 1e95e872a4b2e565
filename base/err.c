#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *err_code_text(enum err_code code)
{
    static const char *const text[] = {
#define ERR(name, words) [name] = words,
#include "base/err_code.def"
#undef ERR
    };
    return text[code];
}

enum err_code err_set(struct err *why, enum err_code code, const char *format, ...)
{
    if (why == NULL)
        return code;
    why->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return code;
}

enum err_code err_sys(struct err *why, enum err_code code, int errno_value, const char *format, ...)
{
    if (why == NULL)
        return code;
    char said[ERR_TEXT_MAX / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    return err_set(why, code, "%s: %s", said, strerrordesc_np(errno_value));
}

enum err_code err_wrap(struct err *why, enum err_code code, const char *format, ...)
{
    if (why == NULL)
        return code;
    char context[ERR_TEXT_MAX / 4];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    char inner[ERR_TEXT_MAX];
    memcpy(inner, why->text, sizeof inner);
    return err_set(why, code, "%s: %.*s", context, (int)(sizeof inner - sizeof context), inner);
}
