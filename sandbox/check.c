#include "sandbox/check.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/cell.h"

static bool holds(const struct cell_guarantees *g, const char *word)
{
    for (const char *const *held = g->held; *held != NULL; held++)
        if (strcmp(*held, word) == 0)
            return true;
    return false;
}

static void print_text(const struct cell_guarantees *g)
{
    for (const char *const *held = g->held; *held != NULL; held++)
        printf("holds     %s\n", *held);
    for (size_t i = 0; g->degraded[i] != NULL; i++)
        printf("degraded  %s\n  change: %s\n", g->degraded[i], g->remedies[i]);
}

/* `graded serve --strict` reads it: "missing" is empty where all holds. */
static void print_json(const struct cell_guarantees *g, bool usable)
{
    json_t *held = json_array(), *missing = json_array();
    for (const char *const *word = g->held; *word != NULL; word++)
        json_array_append_new(held, json_string(*word));
    for (size_t i = 0; g->degraded[i] != NULL; i++) {
        const char *sentence = g->degraded[i];
        const int n = (int)strcspn(sentence, ":");
        sentence += strspn(sentence + n, ": ") + (size_t)n;
        json_array_append_new(missing, json_pack("{s:s#, s:s, s:s}", "name", g->degraded[i], n,
                                                 "about", sentence, "change", g->remedies[i]));
    }
    json_t *report =
        json_pack("{s:b, s:o, s:o}", "usable", usable, "held", held, "missing", missing);
    json_dumpf(report, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(report);
}

int check_host(bool json)
{
    struct cell_guarantees g;
    cell_guarantees(&g);
    const bool usable = holds(&g, "userns") && holds(&g, "seccomp");
    if (json)
        print_json(&g, usable);
    else
        print_text(&g);
    return usable ? 0 : 1;
}
