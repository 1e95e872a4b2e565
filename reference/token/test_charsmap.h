/* For tests: a character map made of its pairs. */
#pragma once

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "reference/token/charsmap.h"

enum { TEST_MAP_UNITS = 4096, TEST_MAP_BYTES = 4 + 4 * TEST_MAP_UNITS + 1024 };

struct test_pair {
    const char *from, *to; /* in the order of their bytes, from not empty */
};
struct test_map {
    const struct test_pair *pair;
    uint32_t unit[TEST_MAP_UNITS], value[64];
    uint8_t taken[TEST_MAP_UNITS], used[TEST_MAP_UNITS]; /* units; places, one node each */
    uint8_t blob[TEST_MAP_BYTES];
    size_t bytes;
};

/* Whether all children of pairs [first, last), the end of a pair as child 0, find room at `place`.
 */
static inline int test_map_fits(const struct test_map *m, size_t first, size_t last, size_t depth,
                                uint32_t place)
{
    for (size_t i = first; i < last; i++)
        if (m->taken[place ^ (uint8_t)m->pair[i].from[depth]])
            return 0;
    return 1;
}

/* The node at `index` gets its children, and they theirs. */
static inline void test_map_place(struct test_map *m, size_t first, size_t last, size_t depth,
                                  uint32_t index)
{
    uint32_t place = 256;
    while (m->used[place] || !test_map_fits(m, first, last, depth, place))
        place++;
    assert(place < TEST_MAP_UNITS - 256);
    m->used[place] = 1;
    m->unit[index] |= (index ^ place) << 10;
    for (size_t i = first; i < last; i++)
        m->taken[place ^ (uint8_t)m->pair[i].from[depth]] = 1;
    for (size_t i = first, end; i < last; i = end) {
        const uint8_t c = (uint8_t)m->pair[i].from[depth];
        for (end = i; end < last && (uint8_t)m->pair[end].from[depth] == c;)
            end++;
        if (c == 0) {
            m->unit[index] |= 1u << 8;
            m->unit[place] = m->value[i] | 1u << 31;
        } else {
            m->unit[place ^ c] = c;
            test_map_place(m, i, end, depth + 1, place ^ c);
        }
    }
}

static inline void test_map_make(struct test_map *m, const struct test_pair *pair, size_t n)
{
    uint8_t *text = m->blob + 4 + 4 * TEST_MAP_UNITS;
    uint32_t at = 0;
    memset(m, 0, sizeof *m);
    m->pair = pair;
    m->taken[0] = 1;
    for (size_t i = 0; i < n; i++) {
        m->value[i] = at;
        memcpy(text + at, pair[i].to, strlen(pair[i].to) + 1);
        at += (uint32_t)strlen(pair[i].to) + 1;
    }
    test_map_place(m, 0, n, 0, 0);
    wr_u32le(m->blob, 4 * TEST_MAP_UNITS);
    for (size_t i = 0; i < TEST_MAP_UNITS; i++)
        wr_u32le(m->blob + 4 + 4 * i, m->unit[i]);
    m->bytes = 4 + 4 * TEST_MAP_UNITS + at;
}
