/* The report for a terminal: what a person needs first stands first. Verdicts are a word and a
 * shape; colour only repeats what they say. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "grader/report/report.h"
#include "grader/report/text_layout.h"

enum {
    NAME_COLUMNS = 26,
    WORD_COLUMNS = 16, /* of a unit, a tier */
    BAR_COLUMNS = 16,
    SCALE_COLUMNS = 45, /* of the speed scale, 0 to SCALE_END times par */
    FINDINGS_SHOWN = 20,
    LOG_LINES = 30,
    ARGUMENT_LINES = 4096, /* the grader has made an excerpt already */
};
static const double SCALE_END = 1.5;
static const double RATIO_SHOWN = 999; /* above it the measure is broken, not the number wanted */

struct text_out {
    struct str *out;
    bool colour;
};

enum tone { TONE_GOOD, TONE_HALF, TONE_BAD, TONE_OURS };

static enum tone tone_of(enum verdict v)
{
    switch (v) {
    case VERDICT_ACCEPTED:
        return TONE_GOOD;
    case VERDICT_PARTIAL:
        return TONE_HALF;
    case VERDICT_CANCELLED:
    case VERDICT_INTERNAL_ERROR:
        return TONE_OURS;
    case VERDICT_WRONG_ANSWER:
    case VERDICT_OUTPUT_LIMIT:
    case VERDICT_TIME_LIMIT:
    case VERDICT_MEMORY_LIMIT:
    case VERDICT_RUNTIME_ERROR:
    case VERDICT_SECURITY_VIOLATION:
    case VERDICT_COMPILE_ERROR:
        break;
    }
    return TONE_BAD;
}

static const char *shape_of(enum tone tone)
{
    static const char *const shapes[] = {"\u2714", "\u25D0", "\u2718", "\u203C"};
    return shapes[tone];
}

static void tinted(const struct text_out *t, enum tone tone, const char *text)
{
    static const char *const sgr[] = {"1;32", "1;33", "1;31", "1;35"};
    if (t->colour)
        str_printf(t->out, "\x1b[%sm%s\x1b[0m", sgr[tone], text);
    else
        str_add(t->out, text);
}

static void heading(const struct text_out *t, const char *text)
{
    str_printf(t->out, t->colour ? "\n\x1b[1m%s\x1b[0m\n" : "\n%s\n", text);
}

/* "WRONG ANSWER" */
static void verdict_name(const struct text_out *t, enum verdict v)
{
    char name[32] = "";
    const char *word = verdict_word(v);
    for (size_t i = 0; word[i] != '\0' && i + 1 < sizeof name; i++)
        name[i] = word[i] == '_' ? ' ' : (char)toupper((unsigned char)word[i]);
    tinted(t, tone_of(v), shape_of(tone_of(v)));
    str_add_char(t->out, ' ');
    tinted(t, tone_of(v), name);
}

static void write_head(const struct text_out *t, const struct report *r)
{
    str_add(t->out, "Lab ");
    text_inline(t->out, r->lab, WORD_COLUMNS);
    str_add(t->out, "\n");
    text_paragraph(t->out, 2, "", r->lab_title, 2);
    str_add(t->out, "\n  ");
    verdict_name(t, r->verdict);
    str_printf(t->out, "    %g of %g points    %s\n", r->score, r->max_score,
               r->pass ? "passed" : "below the pass mark");
    str_printf(t->out, "  %s.\n", verdict_sentence(r->verdict));
    if (r->message != NULL)
        text_paragraph(t->out, 2, "", r->message, 6);
}

static const struct report_group *first_failing(const struct report *r)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (r->groups[i].visible && r->groups[i].has_failure)
            return &r->groups[i];
    return NULL;
}

static void write_excerpts(const struct text_out *t, const struct report_failure *f)
{
    if (f->expected != NULL && f->actual != NULL)
        text_compare(t->out, 2, "expected", f->expected, "actual", f->actual);
    else if (f->expected != NULL)
        text_paragraph(t->out, 12, "  expected", f->expected, 12);
    else if (f->actual != NULL)
        text_paragraph(t->out, 12, "  actual", f->actual, 12);
}

static void write_stack(const struct text_out *t, const struct report_failure *f)
{
    for (size_t i = 0; i < f->n_stack; i++) {
        struct str frame;
        str_init(&frame, 512);
        str_printf(&frame, "%s:%d in %s", f->stack[i].file, f->stack[i].line, f->stack[i].function);
        text_paragraph(t->out, 12, i == 0 ? "  at" : "", frame.text, 2);
        str_done(&frame);
    }
}

static void write_command(const struct text_out *t, const char *command)
{
    if (command == NULL)
        return;
    str_add(t->out, "  to see it alone\n");
    text_command(t->out, 4, command);
}

static void write_first_failure(const struct text_out *t, const struct report_group *g)
{
    const struct report_failure *f = &g->first_failure;
    heading(t, "First failing case");
    text_paragraph(t->out, 12, "  group", g->name, 2);
    text_paragraph(t->out, 12, "  case", f->test_case, 4);
    if (f->found_as != NULL)
        text_paragraph(t->out, 12, "  found as", f->found_as, 2);
    if (g->verdict != VERDICT_WRONG_ANSWER)
        text_paragraph(t->out, 12, "  what", verdict_sentence(g->verdict), 1);
    if (f->arguments != NULL)
        text_paragraph(t->out, 12, "  call", f->arguments, ARGUMENT_LINES);
    write_excerpts(t, f);
    write_stack(t, f);
    if (f->hint != NULL)
        text_paragraph(t->out, 12, "  hint", f->hint, 8);
    write_command(t, f->reproduce);
}

static void write_group(const struct text_out *t, const struct report_group *g)
{
    const enum tone tone = g->verdict == VERDICT_ACCEPTED ? TONE_GOOD
                           : g->earned > 0                ? TONE_HALF
                                                          : tone_of(g->verdict);
    str_add(t->out, "  ");
    tinted(t, tone, shape_of(tone));
    str_add_char(t->out, ' ');
    text_cell(t->out, g->name, NAME_COLUMNS);
    str_add_char(t->out, ' ');
    text_bar(t->out, g->points > 0 ? g->earned / g->points : g->verdict == VERDICT_ACCEPTED,
             BAR_COLUMNS);
    str_printf(t->out, " %5.4g of %-4.4g", g->earned, g->points);
    if (g->cases > 0)
        str_printf(t->out, " %d of %d cases\n", g->passed, g->cases);
    else
        str_add(t->out, " not run\n");
}

/* The further failing groups: where, and what to look at, in few lines. */
static void write_group_hint(const struct text_out *t, const struct report_group *g)
{
    if (g->visible && g->first_failure.test_case != NULL)
        text_paragraph(t->out, 12, "      case", g->first_failure.test_case, 2);
    if (g->first_failure.n_stack > 0)
        write_stack(t, &(struct report_failure){.stack = g->first_failure.stack, .n_stack = 1});
    if (g->first_failure.hint != NULL)
        text_paragraph(t->out, 12, "      hint", g->first_failure.hint, 4);
}

/* Hidden checks are announced as a number. */
static void write_hidden(const struct text_out *t, const struct report *r)
{
    int groups = 0, cases = 0, passed = 0;
    for (size_t i = 0; i < r->n_groups; i++) {
        groups += !r->groups[i].visible;
        cases += r->groups[i].visible ? 0 : r->groups[i].cases;
        passed += r->groups[i].visible ? 0 : r->groups[i].passed;
    }
    if (cases > 0)
        str_printf(t->out, "  %d of %d hidden checks pass (in %d %s; their inputs stay hidden)\n",
                   passed, cases, groups, groups == 1 ? "group" : "groups");
}

static void write_groups(const struct text_out *t, const struct report *r,
                         const struct report_group *shown)
{
    if (r->n_groups == 0)
        return;
    heading(t, "Groups");
    for (size_t i = 0; i < r->n_groups; i++) {
        write_group(t, &r->groups[i]);
        if (r->groups[i].has_failure && &r->groups[i] != shown)
            write_group_hint(t, &r->groups[i]);
    }
    write_hidden(t, r);
}

static int scale_column(double ratio)
{
    const double at = ratio / SCALE_END * (SCALE_COLUMNS - 1);
    return (int)lround(fmin(fmax(at, 0), SCALE_COLUMNS - 1));
}

/* 0 .......---o---..|....... : the interval as a line, the ratio a dot in it, par a bar. */
static void write_scale(const struct text_out *t, const struct report_performance *p)
{
    const int low = scale_column(p->interval[0]), high = scale_column(p->interval[1]);
    const int ratio = scale_column(p->ratio), par = scale_column(1.0);
    str_add(t->out, "    0 ");
    for (int i = 0; i < SCALE_COLUMNS; i++)
        str_add(t->out, i == ratio              ? "\u25CF"
                        : i == par              ? "\u2502"
                        : i >= low && i <= high ? "\u2500"
                                                : "\u00B7");
    str_printf(t->out, " %.1f   \u2502 is par\n", SCALE_END);
}

/* What the hardware would allow, and how much of it one call uses. */
static void write_roof(const struct text_out *t, const struct report_performance *p)
{
    const bool computes = p->bound != NULL && strcmp(p->bound, "compute") == 0;
    if (p->attained <= 0)
        return;
    str_printf(t->out, "    %.3g %% of this core's ", fmin(p->attained, RATIO_SHOWN) * 100);
    if (computes)
        str_printf(t->out, "%.3g GFLOP/s", p->peak_gflops);
    else
        str_printf(t->out, "%.3g GB/s", p->bandwidth_gbs);
    if (!computes && p->level != NULL) {
        str_add(t->out, " from ");
        text_inline(t->out, p->level, WORD_COLUMNS);
    }
    if (p->bound != NULL)
        str_printf(t->out, ": %s bound", computes ? "compute" : "memory");
    str_add(t->out, "\n");
    if (p->intensity > 0)
        str_printf(t->out, "    a call: %.3g bytes, %.3g flops, %.3g flops per byte\n", p->bytes,
                   p->flops, p->intensity);
}

static void write_counters(const struct text_out *t, const struct report_counters *c)
{
    const double cycles = c->cycles > 0 ? (double)c->cycles : 1;
    str_printf(t->out, "    a call: %.3g instructions, %.2f per cycle\n", (double)c->instructions,
               (double)c->instructions / cycles);
    str_printf(t->out, "    misses: %.3g of the cache, %.3g of branches\n", (double)c->cache_misses,
               (double)c->branch_misses);
}

static void write_timed(const struct text_out *t, const struct report_performance *p)
{
    str_add(t->out, "  ");
    text_cell(t->out, p->name, NAME_COLUMNS + 2);
    str_printf(t->out, " %.3g ", p->value);
    text_inline(t->out, p->unit, WORD_COLUMNS);
    str_printf(t->out, ", par %.3g", p->par);
    if (p->points > 0)
        str_printf(t->out, "   %.4g of %.4g", p->earned, p->points);
    str_add(t->out, "\n");
    write_scale(t, p);
    str_printf(t->out, "    %.2f of par (between %.2f and %.2f, %d pairs)",
               fmin(p->ratio, RATIO_SHOWN), fmin(p->interval[0], RATIO_SHOWN),
               fmin(p->interval[1], RATIO_SHOWN), p->pairs);
    if (p->tier != NULL) {
        str_add(t->out, ": ");
        text_inline(t->out, p->tier, WORD_COLUMNS);
    }
    str_add(t->out, "\n");
    if (p->note != NULL)
        text_paragraph(t->out, 4, "", p->note, 3);
    if (p->discarded > 0)
        str_printf(t->out, "    %d more pairs were disturbed and do not count\n", p->discarded);
    write_roof(t, p);
    if (p->has_counters)
        write_counters(t, &p->counters);
}

static void write_speed(const struct text_out *t, const struct report *r)
{
    if (r->n_performance > 0)
        heading(t, "Speed against par");
    for (size_t i = 0; i < r->n_performance; i++)
        write_timed(t, &r->performance[i]);
}

/* "  formats.c:14:9: warning: unused variable": what editors can jump to. */
static void write_place(const struct text_out *t, const char *file, int line, int column,
                        const char *kind, const char *message)
{
    struct str text;
    str_init(&text, 4096);
    str_add(&text, file != NULL ? file : "");
    if (file != NULL && line > 0)
        str_printf(&text, ":%d", line);
    if (file != NULL && line > 0 && column > 0)
        str_printf(&text, ":%d", column);
    str_printf(&text, "%s%s: ", file != NULL ? ": " : "", kind);
    str_add(&text, message);
    text_paragraph(t->out, 4, "  ", text.text, 4);
    str_done(&text);
}

static void write_more(const struct text_out *t, size_t count)
{
    if (count > FINDINGS_SHOWN)
        str_printf(t->out, "  ... and %zu more\n", count - FINDINGS_SHOWN);
}

static void write_compiler(const struct text_out *t, const struct report_compile *c)
{
    static const char *const words[] = {"note", "warning", "error"};
    const bool failed = c->verdict != VERDICT_ACCEPTED;
    if (c->n_diagnostics == 0 && !failed)
        return;
    heading(t, "Compiler");
    for (size_t i = 0; i < c->n_diagnostics && i < FINDINGS_SHOWN; i++) {
        const struct report_diagnostic *d = &c->diagnostics[i];
        write_place(t, d->file, d->line, d->column, words[d->severity], d->message);
    }
    write_more(t, c->n_diagnostics);
    if (c->n_diagnostics == 0 && c->log != NULL)
        text_paragraph(t->out, 4, "", c->log, LOG_LINES);
}

/* What kept everything from running needs no second line here. */
static void write_sanitizer(const struct text_out *t, const struct report *r)
{
    const struct report_sanitizer *s = &r->sanitizer;
    if (s->n_findings == 0 && (s->verdict == VERDICT_ACCEPTED || s->verdict == r->verdict))
        return;
    heading(t, "Sanitizer");
    if (!s->ran)
        str_printf(t->out, "  It did not run: %s.\n", verdict_sentence(s->verdict));
    for (size_t i = 0; i < s->n_findings && i < FINDINGS_SHOWN; i++) {
        const struct report_finding *f = &s->findings[i];
        write_place(t, f->file, f->line, f->column, f->kind, f->message);
    }
    write_more(t, s->n_findings);
}

static void write_foot(const struct text_out *t, const struct report *r)
{
    const double mib = 1024.0 * 1024.0;
    heading(t, "Graded with");
    if (r->resources.wall_ms > 0)
        str_printf(t->out, "  %.2f s of CPU time in %.2f s\n", (double)r->resources.cpu_ms / 1000,
                   (double)r->resources.wall_ms / 1000);
    if (r->resources.peak_bytes > 0)
        str_printf(t->out, "  %.1f MiB of %.4g MiB memory\n", (double)r->resources.peak_bytes / mib,
                   (double)r->resources.limit_memory_bytes / mib);
    text_paragraph(t->out, 2, "", r->device_name, 1);
    str_printf(t->out, "  seed %" PRIu64 "\n", r->seed);
    for (size_t i = 0; i < r->n_degraded; i++)
        text_paragraph(t->out, 10, "  weaker", r->degraded[i], 2);
}

void report_write_text(const struct report *r, bool colour, struct str *out)
{
    const struct text_out t = {out, colour};
    const struct report_group *shown = first_failing(r);
    write_head(&t, r);
    if (shown != NULL)
        write_first_failure(&t, shown);
    write_groups(&t, r, shown);
    write_speed(&t, r);
    write_compiler(&t, &r->compile);
    write_sanitizer(&t, r);
    write_foot(&t, r);
}
