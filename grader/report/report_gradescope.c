/* Gradescope's results.json (gradescope-autograders.readthedocs.io, "Specifications"). Every test
 * is "visible": hidden groups carry no inputs by now, and one hidden test would hide the total. */
#include <stdio.h>
#include <string.h>

#include "grader/report/failure_text.h"
#include "grader/report/json_out.h"
#include "grader/report/report.h"

enum { OUTPUT_MAX = 64 * 1024 };

struct test {
    double score, points;
    const char *name, *stage; /* stage: a tag, "groups" or "timed" */
    int chapter, number;      /* shown as "1.2" */
    bool passed;
};

static void write_test(struct json_out *j, const struct test *t, const char *output)
{
    char number[32];
    snprintf(number, sizeof number, "%d.%d", t->chapter, t->number);
    json_open(j, NULL, '{');
    json_number(j, "score", t->score);
    json_number(j, "max_score", t->points);
    json_text(j, "status", t->passed ? "passed" : "failed");
    json_text(j, "name", t->name);
    json_text(j, "name_format", "text");
    json_text(j, "number", number);
    json_text(j, "output", output);
    json_text(j, "output_format", "text");
    json_open(j, "tags", '[');
    json_text(j, NULL, t->stage);
    json_close(j, ']');
    json_text(j, "visibility", "visible");
    json_close(j, '}');
}

static void add_line(struct str *out, const char *label, const char *text)
{
    if (text != NULL)
        str_printf(out, "%s: %s\n", label, text);
}

static void write_group(struct json_out *j, const struct report_group *g, int number)
{
    struct str output;
    str_init(&output, OUTPUT_MAX);
    str_printf(&output, "%s. %d of %d %scases pass.\n", verdict_sentence(g->verdict), g->passed,
               g->cases, g->visible ? "" : "hidden ");
    if (g->has_failure)
        failure_write_lines(&g->first_failure, &output);
    const struct test t = {.score = g->earned,
                           .points = g->points,
                           .name = g->name,
                           .stage = "groups",
                           .chapter = 1,
                           .number = number,
                           .passed = g->verdict == VERDICT_ACCEPTED};
    write_test(j, &t, output.text);
    str_done(&output);
}

static void write_timed(struct json_out *j, const struct report_performance *p, int number)
{
    struct str output;
    str_init(&output, OUTPUT_MAX);
    str_printf(&output, "%.3g ", p->value);
    str_add(&output, p->unit != NULL ? p->unit : "");
    str_printf(&output, ", par %.3g: %.2f of par (between %.2f and %.2f)\n", p->par, p->ratio,
               p->interval[0], p->interval[1]);
    add_line(&output, "note", p->note);
    const struct test t = {.score = p->earned,
                           .points = p->points,
                           .name = p->name,
                           .stage = "timed",
                           .chapter = 2,
                           .number = number,
                           .passed = p->earned >= p->points};
    write_test(j, &t, output.text);
    str_done(&output);
}

static void write_tests(struct json_out *j, const struct report *r)
{
    json_open(j, "tests", '[');
    for (size_t i = 0; i < r->n_groups; i++)
        write_group(j, &r->groups[i], (int)i + 1);
    for (size_t i = 0; i < r->n_performance; i++)
        write_timed(j, &r->performance[i], (int)i + 1);
    json_close(j, ']');
}

/* Ratios, not times: only they compare between machines. */
static void write_leaderboard(struct json_out *j, const struct report *r)
{
    json_open(j, "leaderboard", '[');
    for (size_t i = 0; i < r->n_performance; i++) {
        json_open(j, NULL, '{');
        json_text(j, "name", r->performance[i].name);
        json_number(j, "value", r->performance[i].ratio);
        json_text(j, "order", "desc");
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_extra(struct json_out *j, const struct report *r)
{
    json_open(j, "extra_data", '{');
    json_text(j, "lab", r->lab);
    json_text(j, "lab_version", r->lab_version);
    json_text(j, "verdict", verdict_word(r->verdict));
    json_text(j, "icpc", verdict_icpc(r->verdict));
    json_number(j, "max_score", r->max_score);
    json_bool(j, "pass", r->pass);
    json_close(j, '}');
}

void report_write_gradescope(const struct report *r, struct str *out)
{
    struct str text;
    str_init(&text, OUTPUT_MAX);
    report_write_text(r, false, &text);
    struct json_out j = {.out = out};
    json_open(&j, NULL, '{');
    json_number(&j, "score", r->score);
    json_number(&j, "execution_time", (double)r->resources.wall_ms / 1000);
    json_text(&j, "output", text.text);
    json_text(&j, "output_format", "text");
    json_text(&j, "test_output_format", "text");
    json_text(&j, "test_name_format", "text");
    json_text(&j, "visibility", "visible");
    json_text(&j, "stdout_visibility", "hidden");
    write_extra(&j, r);
    write_tests(&j, r);
    write_leaderboard(&j, r);
    json_close(&j, '}');
    str_done(&text);
}
