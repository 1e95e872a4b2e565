#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reference/token/test_charsmap.h"
#include "reference/token/test_vocab.h"

#define SP "\xe2\x96\x81"

/* Like NFKC: a ligature, a wide letter, blanks, what vanishes, one that begins another, one that
 * becomes several words. */
static const struct test_pair pairs[] = {
    {"\t", " "},
    {"ab", "X"},
    {"abc", "Y"},
    {"\xc2\xad", ""},
    {"\xe3\x80\x80", " "},
    {"\xef\xac\x81", "fi"},
    {"\xef\xb7\xba", "a b a"},
    {"\xef\xbc\xa1", "A"},
};
enum { PAIRS = sizeof pairs / sizeof pairs[0] };

static struct test_map map;

static struct ref_charsmap open_map(void)
{
    struct ref_charsmap m;
    struct err why;
    test_map_make(&map, pairs, PAIRS);
    if (ref_charsmap_open(map.blob, map.bytes, &m, &why) != OK)
        fail_msg("%s", why.text);
    return m;
}

static void the_longest_beginning_is_replaced(void **state)
{
    static const struct {
        const char *text;
        size_t used;
        const char *becomes;
    } rows[] = {
        {"abcd", 3, "Y"},
        {"abd", 2, "X"},
        {"a", 0, NULL},
        {"b", 0, NULL},
        {"", 0, NULL},
        {"\tx", 1, " "},
        {"\xef\xac\x81", 3, "fi"},
        {"\xef\xac", 0, NULL},
        {"\xc2\xad"
         "a",
         2, ""},
    };
    const struct ref_charsmap m = open_map();
    (void)state;
    assert_int_equal(m.growth, 9); /* "a b a" with two U+2581 */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *becomes = NULL;
        const size_t used =
            ref_charsmap_match(&m, (const uint8_t *)rows[i].text, strlen(rows[i].text), &becomes);
        if (used != rows[i].used || (used > 0 && strcmp(becomes, rows[i].becomes) != 0))
            fail_msg("'%s': %zu bytes become '%s'", rows[i].text, used, becomes);
    }
    assert_int_equal(ref_charsmap_match(&m, (const uint8_t *)"abc", 2, &(const char *){NULL}), 2);
}

static void no_map_changes_nothing(void **state)
{
    struct ref_charsmap m;
    const char *becomes;
    (void)state;
    assert_int_equal(ref_charsmap_open(NULL, 0, &m, NULL), OK);
    assert_int_equal(ref_charsmap_match(&m, (const uint8_t *)"a", 1, &becomes), 0);
    assert_int_equal(m.growth, REF_CHARSMAP_LEAST_GROWTH);
}

/* An offset of 2^21 or more is kept 8 bits further right, and bit 9 says so. */
static void a_far_offset_is_shifted(void **state)
{
    uint8_t blob[4 + 4 * 1024 + 2] = {0};
    struct ref_charsmap m;
    const char *becomes = "";
    (void)state;
    wr_u32le(blob, 4 * 1024);
    wr_u32le(blob + 4, 1u << 9 | 2u << 10); /* root: children at 512 */
    wr_u32le(blob + 4 + 4 * (512 ^ 'a'), 'a' | 1u << 8 | 1u << 9 | 1u << 10); /* its value: ^ 256 */
    wr_u32le(blob + 4 + 4 * (512 ^ 'a' ^ 256), 1u << 31);
    blob[4 + 4 * 1024] = 'z';
    assert_int_equal(ref_charsmap_open(blob, sizeof blob, &m, NULL), OK);
    assert_int_equal(ref_charsmap_match(&m, (const uint8_t *)"a", 1, &becomes), 1);
    assert_string_equal(becomes, "z");
}

static void maps_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *fact;
        uint8_t blob[16];
        size_t n;
    } rows[] = {
        {"no length", {4, 0, 0}, 3},
        {"no table", {0, 0, 0, 0, 0}, 5},
        {"a table of half a unit", {6, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0}, 11},
        {"a table that ends behind the file", {8, 0, 0, 0, 1, 1, 1, 1, 0}, 9},
        {"no replacements", {4, 0, 0, 0, 1, 1, 1, 1}, 8},
        {"a replacement without its NUL", {4, 0, 0, 0, 1, 1, 1, 1, 'a'}, 9},
        {"a length near 2^32", {0xfc, 0xff, 0xff, 0xff, 1, 1, 1, 1, 0}, 9},
    };
    static uint8_t large[8 + 2 * REF_CHARSMAP_LONGEST] = {4};
    struct ref_charsmap m;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (ref_charsmap_open(rows[i].blob, rows[i].n, &m, NULL) != ERR_INVALID)
            fail_msg("%s is taken", rows[i].fact);
    memset(large + 8, 'a', REF_CHARSMAP_LONGEST + 1);
    assert_int_equal(ref_charsmap_open(large, sizeof large, &m, NULL), ERR_TOO_LARGE);
}

/* ---- in a vocabulary ---- */

#define PIECE(text, score, type)                                                                   \
    {                                                                                              \
        text, sizeof(text) - 1, score, REF_PIECE_##type                                            \
    }

static void texts_are_normalised_before_they_are_cut(void **state)
{
    static const struct ref_piece pieces[] = {
        PIECE("<unk>", 0, UNKNOWN), PIECE(SP, -2, NORMAL),   PIECE("a", -1, NORMAL),
        PIECE("b", -1, NORMAL),     PIECE("fi", -1, NORMAL), PIECE("A", -1, NORMAL),
        PIECE("X", -1, NORMAL),     PIECE("Y", -1, NORMAL),
    };
    static const struct {
        const char *text, *merged, *kept;
    } rows[] = {
        {"\xef\xac\x81", "1 4", "1 4"},
        {"\xef\xbc\xa1\xe3\x80\x80\ta", "1 5 1 2", "1 5 1 1 2"},
        {"a\xc2\xad"
         "b",
         "1 2 3", "1 2 3"}, /* matches are of the text as it was: no "ab" */
        {"ababc", "1 6 7", "1 6 7"},
        {"\xef\xb7\xba", "1 2 1 3 1 2", "1 2 1 3 1 2"},
        {"\t", "", "1"},
        {"\xff\xff", "1 0", "1 0"},
    };
    (void)state;
    test_map_make(&map, pairs, PAIRS);
    for (int merges = 0; merges < 2; merges++) {
        const struct ref_vocab_def def = {.kind = REF_VOCAB_UGM,
                                          .piece = pieces,
                                          .n_pieces = 8,
                                          .bos = -1,
                                          .eos = -1,
                                          .unk = 0,
                                          .add_space_prefix = true,
                                          .merge_spaces = merges == 1,
                                          .charsmap = map.blob,
                                          .charsmap_bytes = map.bytes};
        struct test_vocab t = load(&def);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            char line[256];
            const char *expected = merges == 1 ? rows[i].merged : rows[i].kept;
            if (strcmp(encode_line(&t.v, rows[i].text, 0, line, sizeof line), expected) != 0)
                fail_msg("row %zu, merges %d: %s, not %s", i, merges, line, expected);
        }
        free(t.mem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_beginning_is_replaced),
        cmocka_unit_test(no_map_changes_nothing),
        cmocka_unit_test(a_far_offset_is_shifted),
        cmocka_unit_test(maps_that_do_not_fit_are_refused),
        cmocka_unit_test(texts_are_normalised_before_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
