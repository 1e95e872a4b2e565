#include "reference/sample/gbnf_check.h"

#define NO_RULE UINT32_MAX

/* Each use of a rule knows its alternative, each alternative its rule and how many elements stand
 * between it and being empty. */
static void link_uses(struct ref_gbnf *g)
{
    struct ref_gbnf_element *e = g->element;
    for (uint32_t r = 0; r < g->n_rules; r++)
        for (uint32_t alt = g->rule[r].alt; alt != 0; alt = e[alt].next) {
            e[alt].owner = r;
            e[alt].n = 0;
            for (uint32_t at = e[alt].value; at != 0; at = e[at].next) {
                e[alt].n++;
                e[at].owner = alt;
                if (e[at].kind != REF_GBNF_RULE)
                    continue;
                e[at].n = g->rule[e[at].value].uses;
                g->rule[e[at].value].uses = at;
            }
        }
}

/* Finds the rules that may be empty, each element once. `parent` strings together those whose uses
 * have still to be told. */
static void find_nullable(struct ref_gbnf *g)
{
    struct ref_gbnf_element *e = g->element;
    uint32_t todo = NO_RULE;
    for (uint32_t r = 0; r < g->n_rules; r++)
        for (uint32_t alt = g->rule[r].alt; alt != 0; alt = e[alt].next)
            if (e[alt].value == 0 && !g->rule[r].nullable) {
                g->rule[r].nullable = 1;
                g->rule[r].parent = todo;
                todo = r;
            }
    while (todo != NO_RULE) {
        const uint32_t r = todo;
        todo = g->rule[r].parent;
        for (uint32_t at = g->rule[r].uses; at != 0; at = e[at].n) {
            struct ref_gbnf_element *alt = &e[e[at].owner];
            if (--alt->n > 0 || g->rule[alt->owner].nullable)
                continue;
            g->rule[alt->owner].nullable = 1;
            g->rule[alt->owner].parent = todo;
            todo = alt->owner;
        }
    }
}

/* Moves a rule's search on to the next rule that it may begin with; NO_RULE when there is no more.
 */
static uint32_t next_beginning(struct ref_gbnf *g, struct ref_gbnf_rule *r)
{
    const struct ref_gbnf_element *e = g->element;
    while (r->at_alt != 0) {
        const struct ref_gbnf_element *at = &e[r->at];
        if (r->at == 0 || at->kind == REF_GBNF_CHARS) {
            r->at_alt = e[r->at_alt].next;
            r->at = e[r->at_alt].value;
            continue;
        }
        r->at = g->rule[at->value].nullable ? at->next : 0;
        return at->value;
    }
    return NO_RULE;
}

enum { WHITE, GREY, BLACK };

static void enter(struct ref_gbnf *g, uint32_t rule, uint32_t parent)
{
    struct ref_gbnf_rule *r = &g->rule[rule];
    r->color = GREY;
    r->parent = parent;
    r->at_alt = r->alt;
    r->at = g->element[r->alt].value;
}

/* Depth first, the path kept in `parent`: a grey rule met again begins with itself. Returns it, or
 * NO_RULE. */
static uint32_t left_recursion_from(struct ref_gbnf *g, uint32_t start)
{
    enter(g, start, NO_RULE);
    for (uint32_t rule = start; rule != NO_RULE;) {
        const uint32_t next = next_beginning(g, &g->rule[rule]);
        if (next == NO_RULE) {
            g->rule[rule].color = BLACK;
            rule = g->rule[rule].parent;
        } else if (g->rule[next].color == GREY) {
            return next;
        } else if (g->rule[next].color == WHITE) {
            enter(g, next, rule);
            rule = next;
        }
    }
    return NO_RULE;
}

enum ref_gbnf_status gbnf_check(struct ref_gbnf *g, uint32_t *ret_culprit)
{
    for (uint32_t i = 0; i < g->n_rules; i++)
        if (g->rule[i].alt == 0) {
            *ret_culprit = i;
            return REF_GBNF_UNDEFINED;
        }
    link_uses(g);
    find_nullable(g);
    for (uint32_t i = 0; i < g->n_rules; i++)
        if (g->rule[i].color == WHITE) {
            *ret_culprit = left_recursion_from(g, i);
            if (*ret_culprit != NO_RULE)
                return REF_GBNF_LEFTREC;
        }
    return REF_GBNF_OK;
}
