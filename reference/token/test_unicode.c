/* The table against a second source: Perl 5.36 has Unicode 14.0 of its own. Each sum is FNV-1a (32
 * bits) over all code points in order, made there by
 *
 *     use feature "unicode_strings"; use Unicode::Normalize; my $h = 2166136261;
 *     sub f { $h = ($h ^ $_[0]) * 16777619 & 0xffffffff }
 *     for (0..0x10ffff) { my $c = chr;
 *         f($c =~ /\p{Cn}/ ? 0 : $c =~ /\p{N}/ ? 1 : $c =~ /\p{L}/ ? 2 : $c =~ /\p{Z}/ ? 3 :
 *           $c =~ /\p{M}/ ? 4 : $c =~ /\p{P}/ ? 5 : $c =~ /\p{S}/ ? 6 : 7) }
 *
 * and likewise f($c =~ /\p{White_Space}/ ? 1 : 0), and for lower case and decomposition the three
 * bytes, lowest first, of ord(lc $c) and ord(NFD($c)), the surrogates left as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/token/unicode.h"

static uint32_t add(uint32_t h, uint32_t byte)
{
    return (h ^ byte) * 16777619u;
}

static uint32_t add_cp(uint32_t h, uint32_t cp)
{
    return add(add(add(h, cp & 255), cp >> 8 & 255), cp >> 16 & 255);
}

static void classes_are_those_of_perl(void **state)
{
    (void)state;
    uint32_t h = 2166136261u, count[8] = {0};
    for (uint32_t cp = 0; cp <= REF_UNICODE_LAST; cp++) {
        h = add(h, ref_unicode_class(cp));
        count[ref_unicode_class(cp)]++;
    }
    assert_int_equal(count[REF_UNICODE_LETTER], 131756);
    assert_int_equal(count[REF_UNICODE_NUMBER], 1791);
    assert_int_equal(count[REF_UNICODE_UNASSIGNED], 829834);
    assert_int_equal(h, 0xe49d66b8);
}

static void white_space_is_that_of_perl(void **state)
{
    (void)state;
    uint32_t h = 2166136261u;
    for (uint32_t cp = 0; cp <= REF_UNICODE_LAST; cp++)
        h = add(h, ref_unicode_is_space(cp));
    assert_int_equal(h, 0x4e41a10c);
}

static void lower_case_and_decomposition_are_those_of_perl(void **state)
{
    (void)state;
    uint32_t lower = 2166136261u, nfd = 2166136261u;
    for (uint32_t cp = 0; cp <= REF_UNICODE_LAST; cp++) {
        lower = add_cp(lower, ref_unicode_lower(cp));
        nfd = add_cp(nfd, ref_unicode_nfd_first(cp));
    }
    assert_int_equal(lower, 0x003aabb6);
    assert_int_equal(nfd, 0x486838a5);
}

static void well_known_code_points_have_their_class(void **state)
{
    (void)state;
    static const struct {
        uint32_t cp;
        enum ref_unicode_class class;
        bool space;
    } cases[] = {
        {'a', REF_UNICODE_LETTER, false},          {'7', REF_UNICODE_NUMBER, false},
        {' ', REF_UNICODE_SEPARATOR, true},        {'\n', REF_UNICODE_CONTROL, true},
        {0x1c, REF_UNICODE_CONTROL, false},        {0x85, REF_UNICODE_CONTROL, true},
        {0x200b, REF_UNICODE_CONTROL, false},      {0xfeff, REF_UNICODE_CONTROL, false},
        {0x3000, REF_UNICODE_SEPARATOR, true},     {0x0301, REF_UNICODE_MARK, false},
        {0x2167, REF_UNICODE_NUMBER, false},       {0x4e00, REF_UNICODE_LETTER, false},
        {0xff0c, REF_UNICODE_PUNCTUATION, false},  {0x1f600, REF_UNICODE_SYMBOL, false},
        {0x110000, REF_UNICODE_UNASSIGNED, false}, {UINT32_MAX, REF_UNICODE_UNASSIGNED, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (ref_unicode_class(cases[i].cp) != cases[i].class ||
            ref_unicode_is_space(cases[i].cp) != cases[i].space)
            fail_msg("U+%04X: class %d, space %d", cases[i].cp, ref_unicode_class(cases[i].cp),
                     ref_unicode_is_space(cases[i].cp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_those_of_perl),
        cmocka_unit_test(white_space_is_that_of_perl),
        cmocka_unit_test(lower_case_and_decomposition_are_those_of_perl),
        cmocka_unit_test(well_known_code_points_have_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
