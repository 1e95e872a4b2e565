#include "grader/report/report.h"

#include <string.h>

static const struct {
    const char *word, *icpc, *sentence;
    int rank;
} verdicts[] = {
#define VERDICT(name, word, icpc, rank, sentence) [name] = {word, icpc, sentence, rank},
#include "grader/report/verdict.def"
#undef VERDICT
};
enum { N_VERDICTS = sizeof verdicts / sizeof verdicts[0] };

const char *verdict_word(enum verdict v)
{
    return verdicts[v].word;
}

const char *verdict_icpc(enum verdict v)
{
    return verdicts[v].icpc;
}

int verdict_rank(enum verdict v)
{
    return verdicts[v].rank;
}

const char *verdict_sentence(enum verdict v)
{
    return verdicts[v].sentence;
}

enum err_code verdict_parse(const char *word, enum verdict *ret, struct err *why)
{
    for (int v = 0; v < N_VERDICTS; v++)
        if (strcmp(word, verdicts[v].word) == 0) {
            *ret = (enum verdict)v;
            return OK;
        }
    return err_set(why, ERR_INVALID, "'%.40s' is no verdict", word);
}

/* ---- what learners do not see ---- */

/* What a sanitizer may find, and what that means. Only these words are shown where the group is
 * hidden: the text that was found with them is a stranger's, who may have put an input there. */
static const struct {
    const char *kind, *meaning;
} kinds[] = {
#define FINDING(kind, mark, meaning) {kind, meaning},
#include "grader/report/finding.def"
#undef FINDING
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

const char *finding_meaning(const char *kind)
{
    for (int i = 0; i < N_KINDS; i++)
        if (kind != NULL && strcmp(kind, kinds[i].kind) == 0)
            return kinds[i].meaning;
    return NULL;
}

/* Keeps the hint alone: it names the mistake, never an input (check.h asks that of every lab). */
static void hide_group(struct report_group *g)
{
    const char *hint = g->first_failure.hint;
    g->first_failure = (struct report_failure){.hint = hint};
    g->ms = 0; /* a submission could count an input out in milliseconds */
}

static bool is_visible(const struct report *r, const char *group)
{
    for (size_t i = 0; i < r->n_groups; i++)
        if (group != NULL && strcmp(r->groups[i].name, group) == 0)
            return r->groups[i].visible;
    return false;
}

static void hide_finding(struct report_finding *f)
{
    const char *meaning = finding_meaning(f->kind);
    *f = (struct report_finding){.kind = meaning != NULL ? f->kind : "finding",
                                 .file = f->file,
                                 .line = f->line,
                                 .message = meaning != NULL ? meaning : "found in a hidden group",
                                 .group = f->group};
}

static enum err_code hide_groups(struct report *r, struct arena *a)
{
    if (r->n_groups == 0)
        return OK;
    struct report_group *groups = arena_array(a, r->n_groups, sizeof *groups);
    if (groups == NULL)
        return ERR_NOMEM;
    memcpy(groups, r->groups, r->n_groups * sizeof *groups);
    for (size_t i = 0; i < r->n_groups; i++)
        if (!groups[i].visible)
            hide_group(&groups[i]);
    r->groups = groups;
    return OK;
}

static enum err_code hide_findings(struct report *r, struct arena *a)
{
    struct report_sanitizer *s = &r->sanitizer;
    if (s->n_findings == 0)
        return OK;
    struct report_finding *findings = arena_array(a, s->n_findings, sizeof *findings);
    if (findings == NULL)
        return ERR_NOMEM;
    memcpy(findings, s->findings, s->n_findings * sizeof *findings);
    for (size_t i = 0; i < s->n_findings; i++)
        if (!is_visible(r, findings[i].group))
            hide_finding(&findings[i]);
    s->findings = findings;
    return OK;
}

/* What went wrong with us may name files of ours and cases of a hidden group. */
static enum err_code hide_cause(struct report *r, struct arena *a)
{
    if (r->verdict != VERDICT_INTERNAL_ERROR || r->message == NULL)
        return OK;
    r->message = arena_strndup(a, r->message, strcspn(r->message, "\n"));
    return r->message != NULL ? OK : ERR_NOMEM;
}

enum err_code report_redact(const struct report *r, enum report_reader reader, struct arena *a,
                            struct report *ret)
{
    struct report out = *r;
    enum err_code rc = OK;
    if (reader == REPORT_FOR_LEARNER)
        rc = hide_groups(&out, a);
    if (rc == OK && reader == REPORT_FOR_LEARNER)
        rc = hide_findings(&out, a);
    if (rc == OK && reader == REPORT_FOR_LEARNER)
        rc = hide_cause(&out, a);
    if (rc == OK)
        *ret = out;
    return rc;
}
