/* For tests: a vocabulary on the heap, and tokens as one line of text. Include after cmocka.h. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "reference/token/tokenize.h"

struct test_vocab {
    struct ref_vocab v;
    void *mem;
};

static inline struct test_vocab load(const struct ref_vocab_def *def)
{
    struct test_vocab t;
    struct err why = {.code = OK};
    size_t bytes = 0;
    if (ref_vocab_bytes(def, &bytes, &why) != OK)
        fail_msg("%s", why.text);
    t.mem = malloc(bytes);
    assert_non_null(t.mem);
    if (ref_vocab_init(&t.v, def, t.mem, bytes, &why) != OK)
        fail_msg("%s", why.text);
    return t;
}

static inline size_t encode_to(const struct ref_vocab *v, const char *text, size_t n,
                               unsigned flags, int32_t *ret, size_t cap)
{
    const size_t bytes = ref_tokenize_scratch(v, n);
    struct err why = {.code = OK};
    size_t count = 0;
    void *scratch = malloc(bytes);
    assert_non_null(scratch);
    if (ref_tokenize(v, text, n, flags, scratch, bytes, ret, cap, &count, &why) != OK)
        fail_msg("%s", why.text);
    free(scratch);
    return count;
}

enum { TEST_TOKENS = 256 };
/* "3 17 5" */
static inline const char *encode_line(const struct ref_vocab *v, const char *text, unsigned flags,
                                      char *ret, size_t size)
{
    int32_t ids[TEST_TOKENS];
    const size_t n = encode_to(v, text, strlen(text), flags, ids, TEST_TOKENS);
    size_t at = 0;
    ret[0] = '\0';
    assert_true(n <= TEST_TOKENS);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(ret + at, size - at, "%s%d", i > 0 ? " " : "", ids[i]);
    return ret;
}

struct test_random {
    uint64_t s;
};
static inline uint32_t test_below(struct test_random *r, uint32_t n)
{
    r->s ^= r->s >> 12;
    r->s ^= r->s << 25;
    r->s ^= r->s >> 27;
    return (uint32_t)((r->s * 0x2545f4914f6cdd1du >> 32) % n);
}
