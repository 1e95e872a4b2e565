#include "grader/report/failure_text.h"

static void add_line(struct str *out, const char *label, const char *text)
{
    if (text != NULL)
        str_printf(out, "%s: %s\n", label, text);
}

static void add_difference(struct str *out, const struct report_difference *d)
{
    str_printf(out, "first difference: line %d, column %d: ", d->line, d->column);
    str_printf(out, "expected %s, actual %s\n", d->expected[0] != '\0' ? d->expected : "nothing",
               d->actual[0] != '\0' ? d->actual : "nothing");
}

void failure_write_lines(const struct report_failure *f, struct str *out)
{
    add_line(out, "case", f->test_case);
    add_line(out, "found as", f->found_as);
    add_line(out, "arguments", f->arguments);
    add_line(out, "expected", f->expected);
    add_line(out, "actual", f->actual);
    if (f->has_difference)
        add_difference(out, &f->difference);
    for (size_t i = 0; i < f->n_stack; i++)
        str_printf(out, "at: %s:%d in %s\n", f->stack[i].file, f->stack[i].line,
                   f->stack[i].function);
    add_line(out, "hint", f->hint);
    add_line(out, "reproduce", f->reproduce);
}
