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

/* Keeps the hint alone: it names the mistake, never an input (check.h asks that of every lab). */
static void hide(struct report_group *g)
{
    const char *hint = g->first_failure.hint;
    g->first_failure = (struct report_failure){.hint = hint};
}

enum err_code report_redact(const struct report *r, enum report_reader reader, struct arena *a,
                            struct report *ret)
{
    if (reader == REPORT_FOR_STAFF || r->n_groups == 0) {
        *ret = *r;
        return OK;
    }
    struct report_group *groups = arena_array(a, r->n_groups, sizeof *groups);
    if (groups == NULL)
        return ERR_NOMEM;
    memcpy(groups, r->groups, r->n_groups * sizeof *groups);
    for (size_t i = 0; i < r->n_groups; i++)
        if (!groups[i].visible)
            hide(&groups[i]);
    *ret = *r;
    ret->groups = groups;
    return OK;
}
