/* Tokenizers against their definitions: SPM and BPE rescan all pairs after every merge, UGM tries
 * every piece at every place. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "reference/token/test_vocab.h"

#define PIECE(text, score, type)                                                                   \
    {                                                                                              \
        text, sizeof(text) - 1, score, REF_PIECE_##type                                            \
    }
#define SP "\xe2\x96\x81"

/* ---- golden cases ---- */

static const struct ref_piece spm_pieces[] = {
    PIECE("<unk>", 0, UNKNOWN),     /* 0 */
    PIECE("<s>", 0, CONTROL),       /* 1 */
    PIECE("</s>", 0, CONTROL),      /* 2 */
    PIECE("<0x0A>", 0, BYTE),       /* 3 */
    PIECE("<0xFF>", 0, BYTE),       /* 4 */
    PIECE(SP, -1, NORMAL),          /* 5 */
    PIECE("a", -2, NORMAL),         /* 6 */
    PIECE("b", -3, NORMAL),         /* 7 */
    PIECE("ab", -9, NORMAL),        /* 8 */
    PIECE("bc", -4, NORMAL),        /* 9 */
    PIECE("c", -5, NORMAL),         /* 10 */
    PIECE("abc", -1, NORMAL),       /* 11 */
    PIECE("aa", -6, NORMAL),        /* 12 */
    PIECE(SP "a", -7, NORMAL),      /* 13 */
    PIECE("<a>", 0, USER_DEFINED),  /* 14 */
    PIECE("<a>b", 0, USER_DEFINED), /* 15 */
    PIECE("\xc3\xa9", -2, NORMAL),  /* 16 */
    PIECE("", 0, NORMAL),           /* 17 */
};
static const struct ref_vocab_def spm_def = {.kind = REF_VOCAB_SPM,
                                             .piece = spm_pieces,
                                             .n_pieces = 18,
                                             .bos = 1,
                                             .eos = 2,
                                             .unk = 0,
                                             .add_bos = true,
                                             .add_space_prefix = true};

struct golden {
    const char *text;
    unsigned flags;
    const char *tokens;
};

static void check_golden(const struct ref_vocab_def *def, const struct golden *cases, size_t n)
{
    struct test_vocab t = load(def);
    char line[1024];
    for (size_t i = 0; i < n; i++) {
        encode_line(&t.v, cases[i].text, cases[i].flags, line, sizeof line);
        if (strcmp(line, cases[i].tokens) != 0)
            fail_msg("\"%s\" gives %s, not %s", cases[i].text, line, cases[i].tokens);
    }
    free(t.mem);
}

static void spm_gives_known_tokens(void **state)
{
    (void)state;
    enum { ADD = REF_TOKENIZE_ADD_SPECIAL, PARSE = REF_TOKENIZE_PARSE_SPECIAL };
    static const struct golden cases[] = {
        {"", ADD, "1"},
        {" ", 0, "5 5"},
        {"bc", 0, "5 9"},
        {"abc", 0, "5 11"},   /* bc (-4) before ab (-9), then abc */
        {"aaa", 0, "5 12 6"}, /* the left aa, then no more */
        {"a", ADD, "1 13"},   /* the prefix takes part in merges */
        {"a b", 0, "13 5 7"},
        {"\n\xff", 0, "5 3 4"},
        {"\xc3\xa9", 0, "5 16"},
        {"\xc3", 0, "5 0"}, /* cut off, no byte piece: unknown */
        {"x", 0, "5 0"},
        {"a<a>a", 0, "13 14 13"}, /* after a special piece the prefix comes again */
        {"<a>b<a>", 0, "15 14"},  /* the longest text first */
        {"</s>a", 0, "5 0 0 0 0 6"},
        {"</s>a", PARSE, "2 13"},
        {"<s>a", ADD | PARSE, "1 1 13"}, /* BOS twice: the text spells it too */
    };
    check_golden(&spm_def, cases, sizeof cases / sizeof cases[0]);
}

static void without_prefix_text_stays_as_it_is(void **state)
{
    (void)state;
    static const struct golden cases[] = {{"a", 0, "6"}, {" a", 0, "13"}, {"<a>a", 0, "14 6"}};
    struct ref_vocab_def def = spm_def;
    def.add_space_prefix = false;
    check_golden(&def, cases, sizeof cases / sizeof cases[0]);
}

#define GS "\xc4\xa0" /* U+0120: how BPE spells a space */
static const struct ref_piece bpe_pieces[] = {
    PIECE("a", 0, NORMAL),        PIECE("b", 0, NORMAL),        PIECE("ab", 0, NORMAL),
    PIECE(GS, 0, NORMAL),         PIECE(GS "a", 0, NORMAL),     PIECE("aa", 0, NORMAL),
    PIECE("aba", 0, NORMAL),      PIECE("<|end|>", 0, CONTROL), PIECE("1", 0, NORMAL),
    PIECE("\xc3\xbf", 0, NORMAL), /* 9: U+00FF, the byte FF */
    PIECE("\xc3\xaf", 0, NORMAL), /* 10: the byte EF */
};
#define MERGE(left, right)                                                                         \
    {                                                                                              \
        left, right, sizeof(left) - 1, sizeof(right) - 1                                           \
    }
static const struct ref_merge bpe_merges[] = {
    MERGE(GS, "a"), MERGE("a", "a"), MERGE("a", "b"), MERGE("ab", "b"), MERGE("ab", "a"),
};
static const struct ref_vocab_def bpe_def = {.kind = REF_VOCAB_BPE,
                                             .piece = bpe_pieces,
                                             .n_pieces = 11,
                                             .merge = bpe_merges,
                                             .n_merges = 5,
                                             .bos = -1,
                                             .eos = 7,
                                             .unk = -1,
                                             .add_eos = true};

static void bpe_gives_known_tokens(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"", REF_TOKENIZE_ADD_SPECIAL, "7"},
        {"ab", 0, "2"},
        {"aaaa", 0, "5 5"}, /* leftmost pairs first */
        {"aaa", 0, "5 0"},
        {"aba", 0, "6"},
        {"abb", 0, "0 1 1"}, /* the merge ab+b gives no piece: its bytes */
        {"b a", 0, "1 4"},   /* never across words */
        {"b  a", 0, "1 3 4"},
        {"z", 0, ""},         /* no piece at all: dropped */
        {"\xff", 0, "10"},    /* U+FFFD is EF BF BD, and only EF has a piece */
        {"a<|end|>", 0, "0"}, /* text, of which only the a has a piece */
        {"a<|end|>", REF_TOKENIZE_PARSE_SPECIAL, "0 7"},
    };
    check_golden(&bpe_def, cases, sizeof cases / sizeof cases[0]);
}

static void bad_bytes_stay_when_asked(void **state)
{
    (void)state;
    static const struct golden cases[] = {{"\xff", 0, "9"}, {"\xef", 0, "10"}};
    struct ref_vocab_def def = bpe_def;
    def.keep_invalid = true;
    check_golden(&def, cases, 2);
}

static void ignoring_merges_takes_a_word_whole(void **state)
{
    (void)state;
    static const struct ref_piece pieces[] = {PIECE("a", 0, NORMAL), PIECE("b", 0, NORMAL),
                                              PIECE("abab", 0, NORMAL)};
    static const struct golden with[] = {{"abab", 0, "2"}, {"ababa", 0, "0 1 0 1 0"}};
    static const struct golden without[] = {{"abab", 0, "0 1 0 1"}};
    struct ref_vocab_def def = {
        .kind = REF_VOCAB_BPE, .piece = pieces, .n_pieces = 3, .bos = -1, .eos = -1, .unk = -1};
    check_golden(&def, without, 1);
    def.ignore_merges = true;
    check_golden(&def, with, 2);
}

static void wordpiece_gives_known_tokens(void **state)
{
    (void)state;
    static const struct ref_piece pieces[] = {
        PIECE("[UNK]", 0, CONTROL),
        PIECE("[CLS]", 0, CONTROL),
        PIECE("[SEP]", 0, CONTROL),
        PIECE(SP "un", 0, NORMAL),
        PIECE("aff", 0, NORMAL),
        PIECE("able", 0, NORMAL),
        PIECE(SP "cafe", 0, NORMAL),
        PIECE(SP ",", 0, NORMAL),
        PIECE(SP "\xe4\xb8\xad", 0, NORMAL),
        PIECE(SP "u", 0, NORMAL),
        PIECE("n", 0, NORMAL),
    };
    static const struct golden cases[] = {
        {"", REF_TOKENIZE_ADD_SPECIAL, "1 2"},
        {"unaffable", 0, "3 4 5"},
        {"UnAffABLE,cafe", 0, "3 4 5 7 6"},
        {"caf\xc3\xa9", 0, "6"}, /* decomposed, the accent dropped */
        {" \t caf\x01"
         "e\n",
         0, "6"},                               /* control characters vanish */
        {"\xe4\xb8\xad\xe4\xb8\xad", 0, "8 8"}, /* each CJK character is a word */
        {"unx un", 0, "0 3"}, /* a word that is not covered is unknown as a whole */
        {"un", REF_TOKENIZE_ADD_SPECIAL, "1 3 2"},
    };
    const struct ref_vocab_def def = {.kind = REF_VOCAB_WPM,
                                      .piece = pieces,
                                      .n_pieces = 11,
                                      .bos = 1,
                                      .eos = 2,
                                      .unk = 0,
                                      .add_bos = true,
                                      .add_eos = true};
    check_golden(&def, cases, sizeof cases / sizeof cases[0]);
}

static void unigram_gives_known_tokens(void **state)
{
    (void)state;
    static const struct ref_piece pieces[] = {
        PIECE("<unk>", 0, UNKNOWN), PIECE(SP, -2, NORMAL),        PIECE("a", -1, NORMAL),
        PIECE("ab", -3.5, NORMAL),  PIECE("b", -2, NORMAL),       PIECE(SP "a", -3, NORMAL),
        PIECE("abb", -4, NORMAL),   PIECE("xy", 0, USER_DEFINED),
    };
    static const struct golden cases[] = {
        {"", 0, ""},
        {"ab", 0, "5 4"},  /* "_a" -3 ties with "_" "a": the last piece that begins first */
        {"abb", 0, "1 6"}, /* -2 -4 */
        {"  a  ", 0, "5"}, /* merged, and none at the end */
        {"a  b", 0, "5 1 4"},
        {"zz!a", 0, "1 0 2"}, /* unknown characters give one token */
        {"axy", 0, "5 7"},
    };
    const struct ref_vocab_def def = {.kind = REF_VOCAB_UGM,
                                      .piece = pieces,
                                      .n_pieces = 8,
                                      .bos = -1,
                                      .eos = -1,
                                      .unk = 0,
                                      .add_space_prefix = true,
                                      .merge_spaces = true};
    check_golden(&def, cases, sizeof cases / sizeof cases[0]);
}

/* ---- definitions, slow ---- */

enum { MAX_PIECES = 64, MAX_TEXT = 24 };
struct random_vocab {
    struct ref_piece piece[MAX_PIECES];
    struct ref_merge merge[MAX_PIECES];
    char text[MAX_PIECES][8], left[MAX_PIECES][8], right[MAX_PIECES][8];
    struct ref_vocab_def def;
};

static bool has_piece(const struct random_vocab *r, const char *text)
{
    for (uint32_t i = 0; i < r->def.n_pieces; i++)
        if (strcmp(r->text[i], text) == 0)
            return true;
    return false;
}

static void add_piece(struct random_vocab *r, const char *text, float score)
{
    if (has_piece(r, text))
        return;
    const uint32_t i = r->def.n_pieces++;
    snprintf(r->text[i], sizeof r->text[i], "%s", text);
    r->piece[i] = (struct ref_piece){r->text[i], (uint32_t)strlen(text), score, REF_PIECE_NORMAL};
}

static void random_text(struct test_random *rnd, char *ret, uint32_t max)
{
    const uint32_t n = test_below(rnd, max + 1);
    for (uint32_t i = 0; i < n; i++)
        ret[i] = (char)('a' + test_below(rnd, 3));
    ret[n] = '\0';
}

/* Scores are halves, so that sums are exact and ties happen. */
static void make_vocab(struct random_vocab *r, enum ref_vocab_kind kind, struct test_random *rnd)
{
    char text[8];
    memset(r, 0, sizeof *r);
    r->def = (struct ref_vocab_def){
        .kind = kind, .piece = r->piece, .merge = r->merge, .bos = -1, .eos = -1, .unk = -1};
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%c", 'a' + i);
        add_piece(r, text, -0.5f * (float)test_below(rnd, 8));
    }
    for (int i = 0; i < 20; i++) {
        random_text(rnd, text, 5);
        if (text[0] != '\0')
            add_piece(r, text, -0.5f * (float)test_below(rnd, 8));
    }
    for (uint32_t i = 0; i < 20; i++) {
        do
            random_text(rnd, r->left[i], 3);
        while (r->left[i][0] == '\0');
        do
            random_text(rnd, r->right[i], 3);
        while (r->right[i][0] == '\0');
        r->merge[i] = (struct ref_merge){r->left[i], r->right[i], (uint32_t)strlen(r->left[i]),
                                         (uint32_t)strlen(r->right[i])};
    }
    r->def.n_merges = kind == REF_VOCAB_BPE ? 20 : 0;
}

static int slow_find(const struct random_vocab *r, const char *text, size_t n)
{
    for (uint32_t i = 0; i < r->def.n_pieces; i++)
        if (r->piece[i].len == n && memcmp(r->piece[i].text, text, n) == 0)
            return (int)i;
    return -1;
}

/* How much a pair is wanted: greater is better; false when it does not merge. */
static bool slow_want(const struct random_vocab *r, const char *text, size_t left, size_t right,
                      double *ret)
{
    if (r->def.kind == REF_VOCAB_SPM) {
        const int id = slow_find(r, text, left + right);
        if (id >= 0)
            *ret = (double)r->piece[id].score;
        return id >= 0;
    }
    for (uint32_t i = 0; i < r->def.n_merges; i++)
        if (r->merge[i].left_len == left && r->merge[i].right_len == right &&
            memcmp(r->left[i], text, left) == 0 && memcmp(r->right[i], text + left, right) == 0) {
            *ret = -(double)i;
            return true;
        }
    return false;
}

static size_t slow_merge(const struct random_vocab *r, const char *text, int32_t *ret)
{
    size_t off[MAX_TEXT + 1], n = strlen(text), count = 0;
    for (size_t i = 0; i <= n; i++)
        off[i] = i;
    for (;;) {
        size_t best = n;
        double most = -DBL_MAX, want;
        for (size_t i = 0; i + 1 < n; i++)
            if (slow_want(r, text + off[i], off[i + 1] - off[i], off[i + 2] - off[i + 1], &want) &&
                want > most) {
                most = want;
                best = i;
            }
        if (best == n)
            break;
        memmove(&off[best + 1], &off[best + 2], (n - best - 1) * sizeof off[0]);
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        const int id = slow_find(r, text + off[i], off[i + 1] - off[i]);
        for (size_t at = off[i]; id < 0 && at < off[i + 1]; at++)
            ret[count++] = slow_find(r, text + at, 1);
        if (id >= 0)
            ret[count++] = id;
    }
    return count;
}

static size_t slow_unigram(const struct random_vocab *r, const char *text, int32_t *ret)
{
    const size_t n = strlen(text);
    double sum[MAX_TEXT + 1] = {0};
    int id[MAX_TEXT + 1] = {0};
    size_t count = 0;
    for (size_t end = 1; end <= n; end++) {
        sum[end] = -DBL_MAX;
        for (size_t from = 0; from < end; from++) {
            const int piece = slow_find(r, text + from, end - from);
            if (piece >= 0 && sum[from] + (double)r->piece[piece].score > sum[end]) {
                sum[end] = sum[from] + (double)r->piece[piece].score;
                id[end] = piece;
            }
        }
    }
    for (size_t at = n; at > 0; at -= r->piece[id[at]].len)
        count++;
    for (size_t at = n, i = count; at > 0; at -= r->piece[id[at]].len)
        ret[--i] = id[at];
    return count;
}

static void compare_with_definition(enum ref_vocab_kind kind)
{
    struct test_random rnd = {7 + (uint64_t)kind};
    struct random_vocab *r = malloc(sizeof *r);
    assert_non_null(r);
    for (int round = 0; round < 300; round++) {
        make_vocab(r, kind, &rnd);
        struct test_vocab t = load(&r->def);
        for (int i = 0; i < 60; i++) {
            char text[MAX_TEXT + 1];
            int32_t slow[MAX_TEXT], fast[MAX_TEXT];
            random_text(&rnd, text, MAX_TEXT);
            const size_t want =
                kind == REF_VOCAB_UGM ? slow_unigram(r, text, slow) : slow_merge(r, text, slow);
            const size_t got = encode_to(&t.v, text, strlen(text), 0, fast, MAX_TEXT);
            if (got != want || memcmp(slow, fast, want * sizeof slow[0]) != 0)
                fail_msg("round %d: \"%s\" gives %zu tokens, %zu expected", round, text, got, want);
        }
        free(t.mem);
    }
    free(r);
}

static void spm_is_its_definition(void **state)
{
    (void)state;
    compare_with_definition(REF_VOCAB_SPM);
}

static void bpe_is_its_definition(void **state)
{
    (void)state;
    compare_with_definition(REF_VOCAB_BPE);
}

static void unigram_is_its_definition(void **state)
{
    (void)state;
    compare_with_definition(REF_VOCAB_UGM);
}

/* ---- edges ---- */

static void the_first_tokens_come_when_memory_is_short(void **state)
{
    (void)state;
    struct test_vocab t = load(&spm_def);
    int32_t ids[3] = {-7, -7, -7};
    assert_int_equal(encode_to(&t.v, "abcb", 4, REF_TOKENIZE_ADD_SPECIAL, ids, 2), 4);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 5);
    assert_int_equal(ids[2], -7);
    assert_int_equal(encode_to(&t.v, "abcb", 4, 0, NULL, 0), 3);
    free(t.mem);
}

static void scratch_at_any_address_will_do_and_less_is_refused(void **state)
{
    (void)state;
    struct test_vocab t = load(&spm_def);
    const size_t bytes = ref_tokenize_scratch(&t.v, 3);
    uint8_t *mem = malloc(bytes + 8);
    struct err why;
    int32_t ids[8];
    size_t n = 99;
    assert_non_null(mem);
    for (size_t shift = 0; shift < 8; shift++)
        assert_int_equal(ref_tokenize(&t.v, "abc", 3, 0, mem + shift, bytes, ids, 8, &n, &why), OK);
    assert_int_equal(n, 2);
    assert_int_equal(ref_tokenize(&t.v, "abc", 3, 0, mem, bytes - 1, ids, 8, &n, &why),
                     ERR_TOO_LARGE);
    free(mem);
    free(t.mem);
}

static void bad_definitions_are_refused(void **state)
{
    (void)state;
    static const struct ref_piece twins[] = {PIECE("a", 0, NORMAL), PIECE("a", 0, NORMAL)};
    static const struct ref_piece no_type[] = {{"a", 1, 0, 7}};
    static const struct ref_piece no_score[] = {{"a", 1, NAN, REF_PIECE_NORMAL}};
    static const struct ref_piece too_long[] = {{"a", REF_PIECE_MAX + 1, 0, REF_PIECE_NORMAL}};
    static const struct {
        const char *name;
        const struct ref_piece *piece;
        uint32_t n;
        int32_t bos;
        bool add_bos;
        enum err_code code;
    } cases[] = {
        {"no pieces", twins, 0, -1, false, ERR_TOO_LARGE},
        {"two with one text", twins, 2, -1, false, ERR_CONFLICT},
        {"type 7", no_type, 1, -1, false, ERR_RANGE},
        {"a score that is no number", no_score, 1, -1, false, ERR_RANGE},
        {"a long piece", too_long, 1, -1, false, ERR_TOO_LARGE},
        {"bos outside", twins, 1, 1, false, ERR_RANGE},
        {"bos to be added, and none", twins, 1, -1, true, ERR_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct ref_vocab_def def = {.piece = cases[i].piece,
                                          .n_pieces = cases[i].n,
                                          .bos = cases[i].bos,
                                          .eos = -1,
                                          .unk = -1,
                                          .add_bos = cases[i].add_bos};
        uint64_t mem[512];
        struct ref_vocab v;
        struct err why = {.text = ""};
        const enum err_code rc = ref_vocab_init(&v, &def, mem, sizeof mem, &why);
        if (rc != cases[i].code)
            fail_msg("%s: code %d (%s)", cases[i].name, rc, why.text);
    }
}

static void a_character_without_any_piece_is_an_error(void **state)
{
    (void)state;
    struct ref_vocab_def def = spm_def;
    def.unk = -1;
    struct test_vocab t = load(&def);
    const size_t bytes = ref_tokenize_scratch(&t.v, 1);
    void *scratch = malloc(bytes);
    struct err why;
    size_t n = 99;
    assert_int_equal(ref_tokenize(&t.v, "x", 1, 0, scratch, bytes, NULL, 0, &n, &why),
                     ERR_NOT_FOUND);
    assert_int_equal(n, 99);
    free(scratch);
    free(t.mem);
}

static void every_byte_has_its_spelling(void **state)
{
    (void)state;
    static const struct {
        uint8_t byte;
        uint32_t cp;
    } known[] = {{0, 0x100},    {' ', 0x120},  {'\n', 0x10a}, {'!', '!'},
                 {0x7f, 0x121}, {0xa0, 0x142}, {0xad, 0x143}, {0xff, 0xff}};
    int spelled = 0;
    for (int i = 0; i < 256; i++)
        assert_int_equal(ref_bpe_byte_of_char(ref_bpe_char_of_byte((uint8_t)i)), i);
    for (uint32_t cp = 0; cp < 0x200; cp++)
        spelled += ref_bpe_byte_of_char(cp) >= 0;
    assert_int_equal(spelled, 256);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(ref_bpe_char_of_byte(known[i].byte), known[i].cp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spm_gives_known_tokens),
        cmocka_unit_test(without_prefix_text_stays_as_it_is),
        cmocka_unit_test(bpe_gives_known_tokens),
        cmocka_unit_test(bad_bytes_stay_when_asked),
        cmocka_unit_test(ignoring_merges_takes_a_word_whole),
        cmocka_unit_test(wordpiece_gives_known_tokens),
        cmocka_unit_test(unigram_gives_known_tokens),
        cmocka_unit_test(spm_is_its_definition),
        cmocka_unit_test(bpe_is_its_definition),
        cmocka_unit_test(unigram_is_its_definition),
        cmocka_unit_test(the_first_tokens_come_when_memory_is_short),
        cmocka_unit_test(scratch_at_any_address_will_do_and_less_is_refused),
        cmocka_unit_test(bad_definitions_are_refused),
        cmocka_unit_test(a_character_without_any_piece_is_an_error),
        cmocka_unit_test(every_byte_has_its_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
