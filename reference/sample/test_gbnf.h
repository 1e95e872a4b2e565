/* For tests: a grammar and a state of it on the heap. Include after cmocka.h. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "reference/sample/mask.h"

enum { ELEMENTS = 60000, CAP = 2048 };

struct grammar {
    struct ref_gbnf g;
    struct ref_gbnf_state s;
    void *mem, *state_mem;
    size_t state_bytes;
};

static inline enum ref_gbnf_status parse(struct grammar *t, const char *text, size_t n,
                                         size_t *offset, struct err *why)
{
    const size_t bytes = ref_gbnf_bytes(ELEMENTS);
    *t = (struct grammar){.mem = malloc(bytes)};
    assert_non_null(t->mem);
    return ref_gbnf_parse(&t->g, text, n, "root", t->mem, bytes, offset, why);
}

static inline void open_state(struct grammar *t, uint32_t cap)
{
    t->state_bytes = ref_gbnf_state_bytes(&t->g, cap);
    t->state_mem = malloc(t->state_bytes);
    assert_non_null(t->state_mem);
    assert_int_equal(ref_gbnf_open(&t->s, &t->g, cap, t->state_mem, t->state_bytes), REF_GBNF_OK);
}

/* In place: the state points at the grammar. */
static inline void load(struct grammar *t, const char *text)
{
    struct err why = {.text = ""};
    size_t offset;
    if (parse(t, text, strlen(text), &offset, &why) != REF_GBNF_OK)
        fail_msg("%s\n%s", text, why.text);
    open_state(t, CAP);
}

static inline void unload(struct grammar *t)
{
    free(t->mem);
    free(t->state_mem);
}

static inline bool accept(struct ref_gbnf_state *s, const char *text, size_t n)
{
    bool ok = false;
    assert_int_equal(ref_gbnf_accept(s, (const uint8_t *)text, n, &ok), REF_GBNF_OK);
    return ok;
}
