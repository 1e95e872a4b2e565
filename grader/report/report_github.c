/* Annotations of GitHub Actions: workflow commands on standard output, which the runner shows
 * beside the source of a pull request. It keeps 10 of each kind from a step and drops the rest, so
 * those that have a place come first, and of each group only its failing case. The summary has
 * everything. */
#include <stdio.h>
#include <string.h>

#include "grader/report/annotations.h"
#include "grader/report/escape.h"
#include "grader/report/failure_text.h"

enum { PER_KIND = 10, MESSAGE_MAX = 4096, N_KINDS = REPORT_ERROR + 1 };

struct github {
    struct str *out;
    const char *const (*paths)[2];
    size_t n_paths;
    int count[N_KINDS];
};

static const char *path_of(const struct github *g, const char *file)
{
    for (size_t i = 0; i < g->n_paths; i++)
        if (strcmp(g->paths[i][0], file) == 0)
            return g->paths[i][1];
    return file;
}

static void property(struct str *out, const char *name, const char *value)
{
    str_printf(out, "%s=", name);
    escape_github(out, value, true);
}

/* False: there were ten of this kind already. */
static bool begin(struct github *g, enum report_severity kind, const char *file, int line,
                  int column)
{
    static const char *const words[N_KINDS] = {"notice", "warning", "error"};
    if (g->count[kind] >= PER_KIND)
        return false;
    g->count[kind]++;
    str_printf(g->out, "::%s ", words[kind]);
    if (file == NULL)
        return true;
    property(g->out, "file", path_of(g, file));
    if (line > 0)
        str_printf(g->out, ",line=%d", line);
    if (line > 0 && column > 0)
        str_printf(g->out, ",col=%d", column);
    str_add_char(g->out, ',');
    return true;
}

static void end(struct github *g, const char *title, const char *message)
{
    property(g->out, "title", title);
    str_add(g->out, "::");
    escape_github(g->out, message, false);
    str_add_char(g->out, '\n');
}

static void write_annotation(struct github *g, const struct annotation *a)
{
    if (begin(g, a->severity, a->file, a->line, a->column))
        end(g, a->rule, a->message);
}

static void write_annotations(struct github *g, const struct report *r, bool placed)
{
    for (size_t i = 0; i < annotation_count(r); i++) {
        const struct annotation a = annotation_at(r, i);
        if ((a.file != NULL) == placed)
            write_annotation(g, &a);
    }
}

static void write_group(struct github *g, const struct report_group *group)
{
    struct str title, message;
    str_init(&title, MESSAGE_MAX);
    str_init(&message, MESSAGE_MAX);
    str_printf(&title, "%s: %g of %g points", group->name, group->earned, group->points);
    str_printf(&message, "%s\n", verdict_sentence(group->verdict));
    failure_write_lines(&group->first_failure, &message);
    if (begin(g, REPORT_ERROR, NULL, 0, 0))
        end(g, title.text, message.text);
    str_done(&message);
    str_done(&title);
}

static void write_total(struct github *g, const struct report *r)
{
    char title[64], message[160];
    snprintf(title, sizeof title, "Lab %.16s: %g of %g points", r->lab, r->score, r->max_score);
    snprintf(message, sizeof message, "%s. %s.", verdict_sentence(r->verdict),
             r->pass ? "Passed" : "Below the pass mark");
    if (begin(g, REPORT_NOTE, NULL, 0, 0))
        end(g, title, message);
}

void report_write_github(const struct report *r, const char *const (*paths)[2], size_t n_paths,
                         struct str *out)
{
    struct github g = {.out = out, .paths = paths, .n_paths = n_paths};
    write_total(&g, r);
    write_annotations(&g, r, true);
    for (size_t i = 0; i < r->n_groups; i++)
        if (r->groups[i].has_failure && r->groups[i].first_failure.n_stack == 0)
            write_group(&g, &r->groups[i]);
    write_annotations(&g, r, false);
}
