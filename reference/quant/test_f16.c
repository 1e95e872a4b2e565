#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/f16.h"

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void every_half_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        const uint16_t back = ref_f16_from_f32(ref_f16_to_f32((uint16_t)h));
        const uint16_t want = (h & 0x7fff) > 0x7c00 ? (h & 0x8000) | 0x7e00 : (uint16_t)h;
        if (back != want)
            fail_msg("0x%04x came back as 0x%04x", h, back);
    }
}

static void halves_are_what_the_standard_says(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7c00; h++) {
        const int exponent = (int)(h >> 10);
        const double fraction = (double)(h & 0x3ff) / 1024.0;
        const double want = exponent ? ldexp(1.0 + fraction, exponent - 15) : ldexp(fraction, -14);
        if ((double)ref_f16_to_f32((uint16_t)h) != want ||
            (double)ref_f16_to_f32((uint16_t)(h | 0x8000)) != -want)
            fail_msg("0x%04x is not %g", h, want);
    }
}

/* Between any two neighbours: the middle goes to the even one, its neighbours to the nearer. */
static void every_tie_goes_to_even(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        const float low = ref_f16_to_f32((uint16_t)h);
        const float high = ref_f16_to_f32((uint16_t)(h + 1));
        const float middle = low + (high - low) / 2.0f; /* exact */
        const uint16_t even = (uint16_t)(h + (h & 1));
        if (ref_f16_from_f32(middle) != even || ref_f16_from_f32(-middle) != (even | 0x8000))
            fail_msg("the middle of 0x%04x and its successor went to 0x%04x", h,
                     ref_f16_from_f32(middle));
        if (ref_f16_from_f32(nextafterf(middle, 0.0f)) != h ||
            ref_f16_from_f32(nextafterf(middle, INFINITY)) != h + 1)
            fail_msg("a neighbour of the middle above 0x%04x went the wrong way", h);
    }
}

static void the_ends_of_the_half_range_hold(void **state)
{
    static const struct {
        const char *what;
        uint32_t bits;
        uint16_t half;
    } table[] = {
        {"zero keeps its sign", 0x80000000, 0x8000},
        {"2^-25 is a tie with zero", 0x33000000, 0x0000},
        {"its successor is the smallest half", 0x33000001, 0x0001},
        {"the smallest float is zero", 0x00000001, 0x0000},
        {"a subnormal rounds up to a normal one", 0x387fffff, 0x0400},
        {"65504 is the largest", 0x477fe000, 0x7bff},
        {"just below 65520 rounds down", 0x477fefff, 0x7bff},
        {"65520 overflows", 0x477ff000, 0x7c00},
        {"so does -65520", 0xc77ff000, 0xfc00},
        {"the largest float too", 0x7f7fffff, 0x7c00},
        {"infinity stays", 0xff800000, 0xfc00},
        {"a NaN loses its payload", 0x7f812345, 0x7e00},
        {"and keeps its sign", 0xffffffff, 0xfe00},
    };
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const uint16_t half = ref_f16_from_f32(float_of(table[t].bits));
        if (half != table[t].half)
            fail_msg("%s: 0x%04x", table[t].what, half);
    }
}

static void bfloat16_rounds_to_even_and_keeps_nan_quiet(void **state)
{
    static const struct {
        const char *what;
        uint32_t bits;
        uint16_t bf16;
    } table[] = {
        {"one", 0x3f800000, 0x3f80},
        {"a tie goes down to even", 0x3f808000, 0x3f80},
        {"a tie goes up to even", 0x3f818000, 0x3f82},
        {"above the tie", 0x3f808001, 0x3f81},
        {"a subnormal rounds like any other", 0x00018000, 0x0002},
        {"the largest float overflows", 0x7f7fffff, 0x7f80},
        {"infinity stays", 0xff800000, 0xff80},
        {"a NaN with only low bits stays one", 0x7f800001, 0x7fc0},
        {"a NaN does not carry into the sign", 0x7fffffff, 0x7fff},
    };
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const uint16_t bf16 = ref_bf16_from_f32(float_of(table[t].bits));
        if (bf16 != table[t].bf16)
            fail_msg("%s: 0x%04x", table[t].what, bf16);
    }
}

static void every_bfloat16_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t b = 0; b < 65536; b++) {
        const uint16_t want = (b & 0x7fff) > 0x7f80 ? (uint16_t)(b | 0x40) : (uint16_t)b;
        if (bits_of(ref_bf16_to_f32((uint16_t)b)) != b << 16 ||
            ref_bf16_from_f32(float_of(b << 16)) != want)
            fail_msg("0x%04x did not come back", b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_survives_the_round_trip),
        cmocka_unit_test(halves_are_what_the_standard_says),
        cmocka_unit_test(every_tie_goes_to_even),
        cmocka_unit_test(the_ends_of_the_half_range_hold),
        cmocka_unit_test(bfloat16_rounds_to_even_and_keeps_nan_quiet),
        cmocka_unit_test(every_bfloat16_survives_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
