#include "grader/report/round_trip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 64 << 20 };

static void must_read(const struct str *json, struct arena *a, struct report *ret)
{
    struct err why;
    if (report_read(json->text, json->length, a, ret, &why) == OK)
        return;
    fprintf(stderr, "the report cannot be read again: %s\n", why.text);
    abort();
}

void report_round_trip(const struct report *r)
{
    struct arena a;
    struct str first, second;
    struct report again;
    arena_init(&a, MEMORY_MAX);
    str_init(&first, MEMORY_MAX);
    str_init(&second, MEMORY_MAX);
    report_write_json(r, &first);
    must_read(&first, &a, &again);
    report_write_json(&again, &second);
    if (strcmp(first.text, second.text) != 0)
        abort();
    str_done(&second);
    str_done(&first);
    arena_done(&a);
}
