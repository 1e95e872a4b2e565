#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "server/http/negotiate.h"
#include "server/http/request.h"

static const struct {
    unsigned status;
    const char *slug, *title;
} problems[] = {
#define PROBLEM(name, number, id, words) [name] = {number, id, words},
#include "server/http/problem.def"
#undef PROBLEM
};

/* One readable line for those who asked for text, or who sit at a terminal. */
static bool wants_line(const struct http_request *r)
{
    static const char *const offers[] = {"application/problem+json", "application/json",
                                         "text/html", "text/plain"};
    return http_wants_text(r) || negotiate_type(http_header(r, "Accept"), offers, 4) == 3;
}

static json_t *problem_json(const struct http_request *r, enum http_problem problem,
                            const char *pointer, const char *detail)
{
    char type[64];
    snprintf(type, sizeof type, "/problems/%s", problems[problem].slug);
    /* "s*" where the text may quote what a stranger sent: no UTF-8, no key, rather than no answer
     */
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", problems[problem].title,
                  "status", (int)problems[problem].status, "detail", detail, "request_id", r->id);
    if (json != NULL && pointer != NULL)
        json_object_set_new(json, "errors",
                            json_pack("[{s:s, s:s}]", "pointer", pointer, "detail", detail));
    return json;
}

/* Details quote what was sent; JSON and terminals want plain text. */
static void make_printable(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = '?';
}

static void answer(struct http_request *r, enum http_problem problem, const char *pointer,
                   char *detail)
{
    if (http_answered(r))
        return;
    make_printable(detail);
    const unsigned status = problems[problem].status;
    if (status == 401)
        http_add_header(r, "WWW-Authenticate", "Bearer realm=\"graded\"");
    if (wants_line(r)) {
        struct str line;
        str_init(&line, 4096);
        str_printf(&line, "%u %s: %s (request %s)\n", status, problems[problem].title, detail,
                   r->id);
        http_reply_str(r, status, "text/plain; charset=utf-8", &line);
        return;
    }
    http_reply_json(r, status, problem_json(r, problem, pointer, detail));
    r->reply.type = "application/problem+json";
}

void http_problem(struct http_request *r, enum http_problem problem, const char *format, ...)
{
    char detail[ERR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    answer(r, problem, NULL, detail);
}

void http_problem_at(struct http_request *r, enum http_problem problem, const char *pointer,
                     const char *format, ...)
{
    char detail[ERR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    answer(r, problem, pointer, detail);
}

static enum http_problem problem_of(enum err_code code)
{
    switch (code) {
    case ERR_INVALID:
    case ERR_RANGE:
    case ERR_FORMAT:
    case ERR_UNSUPPORTED:
        return PROBLEM_INVALID;
    case ERR_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case ERR_CONFLICT:
        return PROBLEM_CONFLICT;
    case ERR_UNAUTHENTICATED:
        return PROBLEM_UNAUTHENTICATED;
    case ERR_DENIED:
        return PROBLEM_FORBIDDEN;
    case ERR_TOO_LARGE:
        return PROBLEM_TOO_LARGE;
    case ERR_LIMIT:
        return PROBLEM_TOO_MANY;
    case ERR_BUSY:
    case ERR_TIMEOUT:
        return PROBLEM_UNAVAILABLE;
    case OK:
    case ERR_NOMEM:
    case ERR_IO:
    case ERR_INTERNAL:
        return PROBLEM_INTERNAL;
    }
    return PROBLEM_INTERNAL;
}

void http_problem_err(struct http_request *r, const struct err *why)
{
    const enum http_problem problem = problem_of(why->code);
    if (problem == PROBLEM_UNAVAILABLE)
        http_add_header(r, "Retry-After", "5");
    if (problem != PROBLEM_INTERNAL) {
        http_problem(r, problem, "%s", why->text);
        return;
    }
    if (r->server->config.log_fd >= 0)
        dprintf(r->server->config.log_fd, "error %s: %s: %s\n", r->id, err_code_text(why->code),
                why->text);
    http_problem(r, problem, "the story is in the server's log under this request's id");
}
