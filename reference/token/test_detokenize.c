#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "reference/token/detokenize.h"
#include "reference/token/test_vocab.h"

#define PIECE(text, type)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1, 0, REF_PIECE_##type                                                \
    }
#define SP "\xe2\x96\x81"

static const struct ref_piece pieces[] = {
    PIECE(SP "a" SP, NORMAL), PIECE("<unk>", UNKNOWN),   PIECE("<s>", CONTROL),
    PIECE(SP, USER_DEFINED),  PIECE("gone", UNUSED),     PIECE("<0xE2>", BYTE),
    PIECE("<0x96>", BYTE),    PIECE("<0x81>", BYTE),     PIECE("<0xe2>", BYTE),
    PIECE("", NORMAL),        PIECE("\xe2\x96", NORMAL), PIECE("<0x8>", BYTE),
};
static struct ref_vocab_def spm = {.kind = REF_VOCAB_SPM,
                                   .piece = pieces,
                                   .n_pieces = sizeof pieces / sizeof pieces[0],
                                   .bos = 2,
                                   .eos = -1,
                                   .unk = 1};

static void each_type_gives_its_bytes(void **state)
{
    (void)state;
    static const struct {
        int32_t id;
        bool special;
        const char *bytes;
    } cases[] = {
        {0, false, " a "},  {1, false, ""}, {1, true, "<unk>"}, {2, false, ""},
        {2, true, "<s>"},   {3, false, SP}, {4, true, ""},      {5, false, "\xe2"},
        {6, false, "\x96"}, {8, false, ""}, {9, false, ""},     {10, false, "\xe2\x96"},
        {11, false, ""},
    };
    struct test_vocab t = load(&spm);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t got[REF_PIECE_MAX];
        size_t n = 99;
        assert_int_equal(ref_piece_bytes(&t.v, cases[i].id, cases[i].special, got, &n, NULL), OK);
        if (n != strlen(cases[i].bytes) || memcmp(got, cases[i].bytes, n) != 0)
            fail_msg("piece %d gives %zu bytes: %.*s", cases[i].id, n, (int)n, (char *)got);
    }
    free(t.mem);
}

static void a_token_outside_is_an_error(void **state)
{
    (void)state;
    struct test_vocab t = load(&spm);
    const int32_t ids[] = {0, 12};
    uint8_t out[8];
    size_t n = 99;
    struct err why;
    assert_int_equal(ref_detokenize(&t.v, ids, 2, false, out, sizeof out, &n, &why), ERR_RANGE);
    assert_string_equal(why.text, "token 12, of 12 pieces");
    assert_int_equal(n, 99);
    free(t.mem);
}

static void only_the_first_piece_loses_a_space(void **state)
{
    (void)state;
    struct ref_vocab_def def = spm;
    def.add_space_prefix = true;
    struct test_vocab t = load(&def);
    const int32_t ids[] = {0, 0}, after_bos[] = {2, 0};
    uint8_t out[8];
    size_t n;
    assert_int_equal(ref_detokenize(&t.v, ids, 2, false, out, sizeof out, &n, NULL), OK);
    assert_int_equal(n, 5);
    assert_memory_equal(out, "a  a ", 5);
    assert_int_equal(ref_detokenize(&t.v, after_bos, 2, false, out, 2, &n, NULL), OK);
    assert_int_equal(n, 3);
    assert_memory_equal(out, " a", 2);
    free(t.mem);
}

/* ---- what byte-level BPE takes apart it puts together again ---- */

struct byte_vocab {
    struct ref_piece piece[256 + 64];
    struct ref_merge merge[64];
    char text[256 + 64][16];
    struct ref_vocab_def def;
};

/* All 256 bytes, and merges of random pieces made before. */
static void make_byte_vocab(struct byte_vocab *b, struct test_random *r)
{
    memset(b, 0, sizeof *b);
    for (uint32_t i = 0; i < 256; i++) {
        const size_t n = ref_utf8_put(ref_bpe_char_of_byte((uint8_t)i), (uint8_t *)b->text[i]);
        b->piece[i] = (struct ref_piece){b->text[i], (uint32_t)n, 0, REF_PIECE_NORMAL};
    }
    b->def = (struct ref_vocab_def){.kind = REF_VOCAB_BPE,
                                    .piece = b->piece,
                                    .n_pieces = 256,
                                    .merge = b->merge,
                                    .bos = -1,
                                    .eos = -1,
                                    .unk = -1,
                                    .keep_invalid = true};
    while (b->def.n_merges < 64) {
        const struct ref_piece *left = &b->piece[test_below(r, b->def.n_pieces)];
        const struct ref_piece *right = &b->piece[test_below(r, b->def.n_pieces)];
        char *text = b->text[b->def.n_pieces];
        bool new = left->len + right->len < 16;
        if (new)
            snprintf(text, 16, "%s%s", left->text, right->text);
        for (uint32_t i = 0; i < b->def.n_pieces; i++)
            new = new &&strcmp(b->text[i], text) != 0;
        if (!new)
            continue;
        b->merge[b->def.n_merges++] =
            (struct ref_merge){left->text, right->text, left->len, right->len};
        b->piece[b->def.n_pieces++] =
            (struct ref_piece){text, left->len + right->len, 0, REF_PIECE_NORMAL};
    }
}

static void bytes_survive_bpe(void **state)
{
    (void)state;
    enum { MOST = 64 };
    static const enum ref_pretok kinds[] = {REF_PRETOK_GPT2, REF_PRETOK_LLAMA3, REF_PRETOK_QWEN2};
    struct test_random r = {11};
    struct byte_vocab *b = malloc(sizeof *b);
    assert_non_null(b);
    for (int round = 0; round < 60; round++) {
        make_byte_vocab(b, &r);
        b->def.pretok = kinds[round % 3];
        struct test_vocab t = load(&b->def);
        for (int i = 0; i < 200; i++) {
            uint8_t text[MOST], back[MOST];
            int32_t ids[MOST];
            size_t n = test_below(&r, MOST + 1), n_back;
            for (size_t at = 0; at < n; at++)
                text[at] = (uint8_t)test_below(&r, i % 2 == 0 ? 256 : 128);
            const size_t count = encode_to(&t.v, (char *)text, n, 0, ids, MOST);
            assert_int_equal(ref_detokenize(&t.v, ids, count, false, back, MOST, &n_back, NULL),
                             OK);
            assert_int_equal(n_back, n);
            assert_memory_equal(back, text, n);
        }
        free(t.mem);
    }
    free(b);
}

/* ---- streams ---- */

static size_t stream(const char *bytes, size_t n, size_t cut, uint8_t *ret)
{
    struct ref_stream st = {.n = 0};
    size_t written = ref_stream_push(&st, (const uint8_t *)bytes, cut, ret);
    written += ref_stream_push(&st, (const uint8_t *)bytes + cut, n - cut, ret + written);
    return written + ref_stream_end(&st, ret + written);
}

#define BAD "\xef\xbf\xbd"

static void bad_bytes_become_one_replacement_for_each_subpart(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"a\xc3\xa9z", "a\xc3\xa9z"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\x80", BAD},
        {"\xc0\xaf", BAD BAD},
        {"\xe0\x80\x80", BAD BAD BAD},
        {"\xed\xa0\x80", BAD BAD BAD},
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD},
        {"\xf1\x80\x80"
         "a",
         BAD "a"},
        {"\xe2\x96", BAD},
        {"\xe2\x96\xc3\xa9", BAD "\xc3\xa9"},
        {"\xff\xfe", BAD BAD},
        {"\xf1\x80\x80\xe1\x80\xc2"
         "b",
         BAD BAD BAD "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t cut = 0; cut <= strlen(cases[i].in); cut++) {
            uint8_t got[REF_STREAM_BYTES(16)];
            const size_t n = stream(cases[i].in, strlen(cases[i].in), cut, got);
            if (n != strlen(cases[i].out) || memcmp(got, cases[i].out, n) != 0)
                fail_msg("case %zu, cut at %zu: %zu bytes", i, cut, n);
        }
}

static void half_a_character_is_held_back(void **state)
{
    (void)state;
    struct ref_stream st = {.n = 0};
    uint8_t out[REF_STREAM_BYTES(4)];
    assert_int_equal(ref_stream_push(&st, (const uint8_t *)"x\xe2", 2, out), 1);
    assert_int_equal(ref_stream_push(&st, (const uint8_t *)"\x96", 1, out), 0);
    assert_int_equal(ref_stream_push(&st, (const uint8_t *)"\x81y", 2, out), 4);
    assert_memory_equal(out, SP "y", 4);
    assert_int_equal(ref_stream_end(&st, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_gives_its_bytes),
        cmocka_unit_test(a_token_outside_is_an_error),
        cmocka_unit_test(only_the_first_piece_loses_a_space),
        cmocka_unit_test(bytes_survive_bpe),
        cmocka_unit_test(bad_bytes_become_one_replacement_for_each_subpart),
        cmocka_unit_test(half_a_character_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
