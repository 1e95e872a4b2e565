#include "grader/report/annotations.h"

#include <ctype.h>
#include <string.h>

static const char *text(const char *maybe)
{
    return maybe != NULL ? maybe : "";
}

static void add_rule_text(char rule[ANNOTATION_RULE_MAX], const char *word, size_t size)
{
    size_t at = strlen(rule);
    for (size_t i = 0; i < size && at + 1 < ANNOTATION_RULE_MAX; i++) {
        const unsigned char c = (unsigned char)word[i];
        rule[at++] = c < 0x80 && isalnum(c) ? (char)tolower(c) : '-';
    }
    rule[at] = '\0';
}

/* The option behind a message of gcc or clang, "... [-Wunused-variable]", or else the severity. */
static void compiler_rule(struct annotation *a)
{
    static const char *const levels[] = {"note", "warning", "error"};
    strcpy(a->rule, "compiler/");
    const char *open = strrchr(a->message, '[');
    const char *close = open != NULL ? strchr(open, ']') : NULL;
    if (close != NULL && close[1] == '\0' && strncmp(open, "[-W", 3) == 0)
        add_rule_text(a->rule, open + 3, (size_t)(close - open - 3));
    else
        add_rule_text(a->rule, levels[a->severity], strlen(levels[a->severity]));
}

static struct annotation of_compiler(const struct report_diagnostic *d)
{
    struct annotation a = {.severity = d->severity,
                           .file = d->file,
                           .message = text(d->message),
                           .line = d->line,
                           .column = d->column};
    compiler_rule(&a);
    return a;
}

static struct annotation of_sanitizer(const struct report_finding *f)
{
    struct annotation a = {.rule = "sanitizer/",
                           .severity = REPORT_ERROR,
                           .file = f->file,
                           .message = text(f->message),
                           .line = f->line,
                           .column = f->column,
                           .group = f->group,
                           .stack = f->stack,
                           .n_stack = f->n_stack};
    add_rule_text(a.rule, text(f->kind), strlen(text(f->kind)));
    return a;
}

static bool has_crash(const struct report_group *g)
{
    return g->has_failure && g->first_failure.n_stack > 0;
}

static struct annotation of_crash(const struct report_group *g)
{
    const struct report_failure *f = &g->first_failure;
    return (struct annotation){.rule = "crash/runtime-error",
                               .severity = REPORT_ERROR,
                               .file = f->stack[0].file,
                               .line = f->stack[0].line,
                               .message = text(f->actual),
                               .group = g->name,
                               .stack = f->stack,
                               .n_stack = f->n_stack};
}

size_t annotation_count(const struct report *r)
{
    size_t count = r->compile.n_diagnostics + r->sanitizer.n_findings;
    for (size_t i = 0; i < r->n_groups; i++)
        count += has_crash(&r->groups[i]);
    return count;
}

struct annotation annotation_at(const struct report *r, size_t index)
{
    if (index < r->compile.n_diagnostics)
        return of_compiler(&r->compile.diagnostics[index]);
    index -= r->compile.n_diagnostics;
    if (index < r->sanitizer.n_findings)
        return of_sanitizer(&r->sanitizer.findings[index]);
    index -= r->sanitizer.n_findings;
    size_t g = 0;
    while (!has_crash(&r->groups[g]) || index-- > 0)
        g++;
    return of_crash(&r->groups[g]);
}
