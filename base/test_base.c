#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/str.h"

static void an_error_tells_the_thing_and_its_context(void **state)
{
    (void)state;
    struct err why = {0};
    enum err_code rc = err_set(&why, ERR_RANGE, "group is %d: at most 8", 9);
    rc = err_wrap(&why, rc, "lab %s", "3.2");
    assert_int_equal(rc, ERR_RANGE);
    assert_string_equal(why.text, "lab 3.2: group is 9: at most 8");
    assert_int_equal(err_set(NULL, ERR_IO, "nobody reads this"), ERR_IO);
    err_sys(&why, ERR_IO, 2, "a.c");
    assert_string_equal(why.text, "a.c: No such file or directory");
}

static void numbers_are_whole_decimal_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err_code rc;
        uint64_t value;
    } table[] = {
        {"0", OK, 0},           {"18446744073709551615", OK, UINT64_MAX},
        {"", ERR_FORMAT, 0},    {" 1", ERR_FORMAT, 0},
        {"1 ", ERR_FORMAT, 0},  {"-1", ERR_FORMAT, 0},
        {"+1", ERR_FORMAT, 0},  {"0x10", ERR_FORMAT, 0},
        {"1e3", ERR_FORMAT, 0}, {"18446744073709551616", ERR_RANGE, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t value = 0;
        const enum err_code rc = parse_u64(table[i].text, "n", 0, UINT64_MAX, &value, NULL);
        if (rc != table[i].rc || value != table[i].value)
            fail_msg("'%s' gave %s, %llu", table[i].text, err_code_text(rc),
                     (unsigned long long)value);
    }
    int64_t negative = 0;
    assert_int_equal(parse_i64("-5", "n", -5, 5, &negative, NULL), OK);
    assert_int_equal(negative, -5);
    struct err why;
    assert_int_equal(parse_i64("-6", "n", -5, 5, &negative, &why), ERR_RANGE);
    assert_string_equal(why.text, "n is -6: expected -5 to 5");
}

static void fractions_are_whole_decimal_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err_code rc;
        double value;
    } table[] = {
        {"0.7", OK, 0.7},         {"-1e-3", OK, -1e-3},    {"5", OK, 5},
        {"", ERR_FORMAT, 9},      {" 1", ERR_FORMAT, 9},   {"1 ", ERR_FORMAT, 9},
        {"inf", ERR_FORMAT, 9},   {"nan", ERR_FORMAT, 9},  {"0x1p3", ERR_FORMAT, 9},
        {"1.2.3", ERR_FORMAT, 9}, {"+1", ERR_FORMAT, 9},   {"-", ERR_FORMAT, 9},
        {"5.1", ERR_RANGE, 9},    {"1e999", ERR_RANGE, 9},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double value = 9;
        const enum err_code rc = parse_f64(table[i].text, "n", -5, 5, &value, NULL);
        if (rc != table[i].rc || value != table[i].value)
            fail_msg("'%s' gave %s, %g", table[i].text, err_code_text(rc), value);
    }
}

static void an_arena_keeps_its_bound_and_starts_again(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 40000);
    char *first = arena_printf(&a, "%d-%s", 7, "x");
    assert_string_equal(first, "7-x");
    assert_non_null(arena_alloc(&a, 30000));
    assert_null(arena_alloc(&a, 30000));
    assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 30000));
    arena_done(&a);
}

static void a_string_says_when_it_was_cut(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 10);
    assert_string_equal(s.text, "");
    str_add(&s, "abc");
    str_printf(&s, "%04d", 12);
    assert_string_equal(s.text, "abc0012");
    assert_false(s.cut);
    str_add(&s, "defgh");
    assert_string_equal(s.text, "abc0012def");
    assert_true(s.cut);
    str_clear(&s);
    assert_string_equal(s.text, "");
    str_done(&s);
    str_done(&s);
}

static void bytes_are_little_endian_at_any_address(void **state)
{
    (void)state;
    uint8_t b[12] = {0};
    wr_u64le(b + 1, 0x0102030405060708u);
    assert_int_equal(b[1], 8);
    assert_int_equal(b[8], 1);
    assert_true(rd_u64le(b + 1) == 0x0102030405060708u);
    wr_f32le(b + 3, -1.5f);
    assert_true(rd_f32le(b + 3) == -1.5f);
    wr_f64le(b + 1, 0.1);
    assert_true(rd_f64le(b + 1) == 0.1);
    size_t sum;
    assert_true(ckd_mul(&sum, SIZE_MAX, (size_t)2));
    assert_false(ckd_add(&sum, (size_t)1, (size_t)2));
}

static void a_file_is_replaced_whole_and_read_up_to_its_bound(void **state)
{
    (void)state;
    char path[] = "/tmp/graded-base-XXXXXX";
    assert_non_null(mkdtemp(path));
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(file_replace(dir, "a", "one", 3, NULL), OK);
    assert_int_equal(file_replace(dir, "a", "three", 5, NULL), OK);
    struct arena a;
    arena_init(&a, 1000);
    char *bytes;
    size_t size;
    assert_int_equal(file_read(dir, "a", 5, &a, &bytes, &size, NULL), OK);
    assert_int_equal(size, 5);
    assert_string_equal(bytes, "three");
    assert_int_equal(file_read(dir, "a", 4, &a, &bytes, &size, NULL), ERR_TOO_LARGE);
    assert_int_equal(file_read(dir, "b", 4, &a, &bytes, &size, NULL), ERR_NOT_FOUND);
    assert_int_equal(file_read(dir, ".", 4, &a, &bytes, &size, NULL), ERR_INVALID);
    arena_done(&a);
    unlinkat(dir, "a", 0);
    close(dir);
    rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_tells_the_thing_and_its_context),
        cmocka_unit_test(numbers_are_whole_decimal_texts),
        cmocka_unit_test(fractions_are_whole_decimal_texts),
        cmocka_unit_test(an_arena_keeps_its_bound_and_starts_again),
        cmocka_unit_test(a_string_says_when_it_was_cut),
        cmocka_unit_test(bytes_are_little_endian_at_any_address),
        cmocka_unit_test(a_file_is_replaced_whole_and_read_up_to_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
