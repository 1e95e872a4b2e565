/* Markdown as GitHub shows it, for a step's summary: the head, the failing case, tables. Excerpts
 * stand in fences, beside each other as in a terminal; everything else of a stranger's is escaped.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "grader/report/annotations.h"
#include "grader/report/escape.h"
#include "grader/report/text_layout.h"

enum {
    MARKDOWN_MAX = 1 << 20, /* GitHub refuses a larger summary */
    BLOCK_MAX = 192 * 1024,
    ROWS_MAX = 200, /* of a table of findings */
};
static const double ATTAINED_SHOWN = 99; /* above it the lab counts its bytes wrong */

static void inline_text(struct str *out, const char *text)
{
    escape_markdown(out, text);
}

/* A fence longer than any run of backticks inside. */
static void fence(struct str *out, const char *language, const char *text)
{
    int longest = 2, run = 0;
    for (const char *c = text; *c != '\0'; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    const size_t size = strlen(text);
    for (int i = 0; i <= longest; i++)
        str_add_char(out, '`');
    str_printf(out, "%s\n", language);
    str_add(out, text);
    if (size == 0 || text[size - 1] != '\n')
        str_add_char(out, '\n');
    for (int i = 0; i <= longest; i++)
        str_add_char(out, '`');
    str_add(out, "\n\n");
}

static void item(struct str *out, const char *label, const char *text)
{
    if (text == NULL)
        return;
    str_printf(out, "- **%s** ", label);
    inline_text(out, text);
    str_add_char(out, '\n');
}

static void write_head(struct str *out, const struct report *r)
{
    str_add(out, "# Lab ");
    inline_text(out, r->lab);
    str_add(out, ": ");
    inline_text(out, r->lab_title);
    str_printf(out, "\n\n**%s** \u00B7 %g of %g points \u00B7 %s\n\n%s.\n\n",
               verdict_word(r->verdict), r->score, r->max_score,
               r->pass ? "passed" : "below the pass mark", verdict_sentence(r->verdict));
    if (r->message != NULL) {
        inline_text(out, r->message);
        str_add(out, "\n\n");
    }
}

static void write_excerpts(struct str *out, const struct report_failure *f)
{
    struct str block;
    str_init(&block, BLOCK_MAX);
    if (f->arguments != NULL)
        text_paragraph(&block, 12, "call", f->arguments, BLOCK_MAX);
    if (f->expected != NULL && f->actual != NULL)
        text_compare(&block, 0, "expected", f->expected, "actual", f->actual);
    else if (f->actual != NULL)
        text_paragraph(&block, 12, "actual", f->actual, BLOCK_MAX);
    else if (f->expected != NULL)
        text_paragraph(&block, 12, "expected", f->expected, BLOCK_MAX);
    if (block.length > 0)
        fence(out, "text", block.text);
    str_done(&block);
}

static void write_difference(struct str *out, const struct report_difference *d)
{
    str_printf(out, "First difference: line %d, column %d: expected **", d->line, d->column);
    inline_text(out, d->expected[0] != '\0' ? d->expected : "nothing");
    str_add(out, "**, actual **");
    inline_text(out, d->actual[0] != '\0' ? d->actual : "nothing");
    str_add(out, "**\n\n");
}

static void write_stack(struct str *out, const struct report_failure *f)
{
    for (size_t i = 0; i < f->n_stack; i++) {
        str_add(out, "- ");
        inline_text(out, f->stack[i].file);
        str_printf(out, ":%d in ", f->stack[i].line);
        inline_text(out, f->stack[i].function);
        str_add_char(out, '\n');
    }
    if (f->n_stack > 0)
        str_add_char(out, '\n');
}

static void write_failure(struct str *out, const struct report_group *g)
{
    const struct report_failure *f = &g->first_failure;
    str_add(out, "### ");
    inline_text(out, g->name);
    str_add(out, "\n\n");
    item(out, "case", f->test_case);
    item(out, "found as", f->found_as);
    item(out, "verdict", verdict_sentence(g->verdict));
    item(out, "hint", f->hint);
    str_add_char(out, '\n');
    write_excerpts(out, f);
    if (f->has_difference)
        write_difference(out, &f->difference);
    write_stack(out, f);
    if (f->reproduce != NULL) {
        struct str safe;
        str_init(&safe, 4096);
        escape_terminal(&safe, f->reproduce);
        fence(out, "sh", safe.text);
        str_done(&safe);
    }
}

static void write_failures(struct str *out, const struct report *r)
{
    bool any = false;
    for (size_t i = 0; i < r->n_groups; i++) {
        if (!r->groups[i].has_failure)
            continue;
        str_add(out, any ? "" : "## Failing cases\n\n");
        any = true;
        write_failure(out, &r->groups[i]);
    }
}

static void write_groups(struct str *out, const struct report *r)
{
    if (r->n_groups == 0)
        return;
    str_add(out,
            "## Groups\n\n| group | verdict | points | cases |\n| --- | --- | ---: | ---: |\n");
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct report_group *g = &r->groups[i];
        str_add(out, "| ");
        inline_text(out, g->name);
        str_printf(out, "%s | %s | %g of %g | %d of %d |\n", g->visible ? "" : " (hidden)",
                   verdict_word(g->verdict), g->earned, g->points, g->passed, g->cases);
    }
    str_add_char(out, '\n');
}

/* What a table has no room for: doubt, and what limits the call. */
static void write_speed_notes(struct str *out, const struct report *r)
{
    bool any = false;
    for (size_t i = 0; i < r->n_performance; i++) {
        const struct report_performance *p = &r->performance[i];
        if (p->note == NULL && p->bound == NULL)
            continue;
        any = true;
        str_add(out, "- ");
        inline_text(out, p->name);
        str_add(out, ": ");
        inline_text(out, p->note);
        if (p->bound != NULL) {
            str_printf(out, "%s%.3g %% of what this core allows, ", p->note != NULL ? " " : "",
                       fmin(p->attained, ATTAINED_SHOWN) * 100);
            inline_text(out, p->bound);
            str_add(out, " bound.");
        }
        str_add_char(out, '\n');
    }
    if (any)
        str_add_char(out, '\n');
}

static void write_speed(struct str *out, const struct report *r)
{
    if (r->n_performance == 0)
        return;
    str_add(out,
            "## Speed against par\n\n| case | value | par | ratio | interval | tier | points |\n"
            "| --- | ---: | ---: | ---: | ---: | --- | ---: |\n");
    for (size_t i = 0; i < r->n_performance; i++) {
        const struct report_performance *p = &r->performance[i];
        str_add(out, "| ");
        inline_text(out, p->name);
        str_printf(out, " | %.3g ", p->value);
        inline_text(out, p->unit);
        str_printf(out, " | %.3g | %.2f | %.2f to %.2f | ", p->par, p->ratio, p->interval[0],
                   p->interval[1]);
        inline_text(out, p->tier);
        str_printf(out, " | %g of %g |\n", p->earned, p->points);
    }
    str_add_char(out, '\n');
    write_speed_notes(out, r);
}

static void write_place(struct str *out, const struct annotation *a)
{
    inline_text(out, a->file);
    if (a->file != NULL && a->line > 0)
        str_printf(out, ":%d", a->line);
    if (a->file != NULL && a->line > 0 && a->column > 0)
        str_printf(out, ":%d", a->column);
}

static void write_source(struct str *out, const struct report *r)
{
    static const char *const words[] = {"note", "warning", "error"};
    const size_t count = annotation_count(r);
    if (count == 0)
        return;
    str_add(out,
            "## In the source\n\n| where | what | rule | message |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
        const struct annotation a = annotation_at(r, i);
        str_add(out, "| ");
        write_place(out, &a);
        str_printf(out, " | %s | %s | ", words[a.severity], a.rule);
        inline_text(out, a.message);
        str_add(out, " |\n");
    }
    if (count > ROWS_MAX)
        str_printf(out, "\n%zu more are not shown.\n", count - ROWS_MAX);
    str_add_char(out, '\n');
}

static void write_all(struct str *out, const struct report *r)
{
    write_head(out, r);
    write_failures(out, r);
    write_groups(out, r);
    write_speed(out, r);
    write_source(out, r);
    str_printf(out, "Seed %" PRIu64 ".\n", r->seed);
}

/* Not in the middle of a character. */
static size_t whole_characters(const struct str *text)
{
    size_t length = text->length;
    while (length > 0 && ((unsigned char)text->text[length - 1] & 0x80) != 0)
        length--;
    return length;
}

void report_write_markdown(const struct report *r, struct str *out)
{
    struct str text;
    str_init(&text, MARKDOWN_MAX);
    write_all(&text, r);
    str_add_bytes(out, text.text, text.cut ? whole_characters(&text) : text.length);
    str_done(&text);
}
