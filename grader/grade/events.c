#include "grader/grade/events.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/file.h"

static const char *stage_word(enum verdict v)
{
    return v == VERDICT_ACCEPTED ? "ok" : verdict_word(v);
}

/* Takes the object over. */
static void emit(struct events *e, json_t *object)
{
    char *line = e->fd >= 0 && !e->lost ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (line == NULL)
        return;
    struct str s;
    str_init(&s, 1 << 16);
    str_add(&s, line);
    str_add_char(&s, '\n');
    e->lost = file_write_all(e->fd, s.text, s.length, NULL) != OK;
    str_done(&s);
    free(line);
}

void events_simple(struct events *e, const char *event)
{
    emit(e, json_pack("{ss}", "event", event));
}

void events_compiled(struct events *e, const struct report_compile *c)
{
    emit(e, json_pack("{ss ss sI}", "event", "compile_finished", "verdict", stage_word(c->verdict),
                      "ms", (json_int_t)c->ms));
}

void events_group_started(struct events *e, const char *group)
{
    emit(e, json_pack("{ss ss}", "event", "group_started", "group", group));
}

void events_group(struct events *e, const struct report_group *g)
{
    emit(e, json_pack("{ss ss sb ss sf sf si si sI}", "event", "group_finished", "group", g->name,
                      "visible", g->visible, "verdict", verdict_word(g->verdict), "earned",
                      g->earned, "points", g->points, "cases", g->cases, "passed", g->passed, "ms",
                      /* a submission could count a hidden input out in milliseconds */
                      (json_int_t)(g->visible ? g->ms : 0)));
}

void events_sanitized(struct events *e, const struct report_sanitizer *s)
{
    emit(e, json_pack("{ss ss si}", "event", "sanitizer_finished", "verdict",
                      stage_word(s->verdict), "findings", (int)s->n_findings));
}

void events_timed_started(struct events *e, const char *name)
{
    emit(e, json_pack("{ss ss}", "event", "timed_started", "name", name));
}

void events_timed(struct events *e, const struct report_performance *p)
{
    emit(e, json_pack("{ss ss sf ss sf ss? sf sf}", "event", "timed_finished", "name", p->name,
                      "value", p->value, "unit", p->unit, "ratio", p->ratio, "tier", p->tier,
                      "earned", p->earned, "points", p->points));
}

void events_finished(struct events *e, const struct report *r)
{
    emit(e, json_pack("{ss ss sf sf sb}", "event", "finished", "verdict", verdict_word(r->verdict),
                      "score", r->score, "max_score", r->max_score, "pass", r->pass));
}
