#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/audio/mel.h"

static const double TURN = 6.283185307179586476925;

/* ---- the definition, term by term ---- */

static void slow_spectrum(const double *x, double *re, double *im)
{
    for (int k = 0; k < REF_MEL_BINS; k++) {
        re[k] = im[k] = 0;
        for (int i = 0; i < REF_MEL_FFT; i++) {
            const double angle = TURN * (i * k % REF_MEL_FFT) / REF_MEL_FFT;
            re[k] += x[i] * cos(angle);
            im[k] -= x[i] * sin(angle);
        }
    }
}

static float *pcm, *heard;
static double *scratch;

static int borrow(void **state)
{
    (void)state;
    pcm = calloc(REF_MEL_SAMPLES + 1, sizeof *pcm);
    heard = malloc((size_t)REF_MEL_MAX * REF_MEL_FRAMES * sizeof *heard);
    scratch = malloc(ref_log_mel_scratch(REF_MEL_MAX) * sizeof *scratch);
    return pcm == NULL || heard == NULL || scratch == NULL;
}

static int give_back(void **state)
{
    (void)state;
    free(pcm);
    free(heard);
    free(scratch);
    return 0;
}

static void hear(size_t n, size_t n_mels)
{
    struct err why;
    if (ref_log_mel(pcm, n, n_mels, scratch, heard, &why) != OK)
        fail_msg("%s", why.text);
}

/* A chirp from 100 to 7000 Hz, 80 dB above a hiss. */
static void chirp(void)
{
    uint32_t noise = 1;
    for (int i = 0; i < REF_MEL_SAMPLES; i++) {
        const double t = (double)i / REF_MEL_RATE;
        noise = noise * 1664525u + 1013904223u;
        pcm[i] = (float)(0.9 * sin(TURN * (100 * t + 115 * t * t)) +
                         1e-4 * ((double)noise * 0x1p-31 - 1));
    }
}

static double value_of(int64_t i)
{
    i = i < 0 ? -i : i >= REF_MEL_SAMPLES ? 2 * (REF_MEL_SAMPLES - 1) - i : i;
    return (double)pcm[i];
}

static double slow_log(const float *filters, int t, int m)
{
    double x[REF_MEL_FFT], re[REF_MEL_BINS], im[REF_MEL_BINS], sum = 0;
    for (int i = 0; i < REF_MEL_FFT; i++)
        x[i] = value_of((int64_t)t * 160 - 200 + i) * 0.5 * (1 - cos(TURN * i / 400));
    slow_spectrum(x, re, im);
    for (int k = 0; k < REF_MEL_BINS; k++)
        sum += (double)filters[m * REF_MEL_BINS + k] * (re[k] * re[k] + im[k] * im[k]);
    return log10(fmax(sum, 1e-10));
}

/* ---- facts ---- */

static void the_fast_spectrum_is_the_slow_one(void **state)
{
    double x[REF_MEL_FFT], re[REF_MEL_BINS], im[REF_MEL_BINS], sre[REF_MEL_BINS], sim[REF_MEL_BINS];
    struct ref_fft t;
    (void)state;
    ref_fft_init(&t);
    for (int kind = 0; kind < 4; kind++) {
        for (int i = 0; i < REF_MEL_FFT; i++)
            x[i] = kind == 0   ? 1
                   : kind == 1 ? (i == 7)
                   : kind == 2 ? (i % 2 == 0 ? 1 : -1)
                               : sin(i * i * 0.37) + 0.1;
        ref_fft_400(&t, x, re, im);
        slow_spectrum(x, sre, sim);
        for (int k = 0; k < REF_MEL_BINS; k++)
            if (!(fabs(re[k] - sre[k]) < 1e-11 && fabs(im[k] - sim[k]) < 1e-11))
                fail_msg("signal %d, bin %d: %g %g, slow %g %g", kind, k, re[k], im[k], sre[k],
                         sim[k]);
    }
}

/* Worked out by hand: below 1 kHz the edges are 200/3 Hz times a step, which for 80 filters is
 * mel(8000)/81 = (15 + 27 ln 8 / ln 6.4)/81. */
static void filters_are_triangles_of_equal_area(void **state)
{
    static float w[80 * REF_MEL_BINS];
    struct err why;
    (void)state;
    assert_int_equal(ref_mel_filters(16000, 400, 80, w, &why), OK);
    const double step = (15 + 27 * log(8) / log(6.4)) / 81 * 200 / 3;
    assert_true(w[0] == 0);
    assert_true(fabs((double)w[1] - (2 * step - 40) / step / step) < 1e-8);
    assert_true(fabs((double)w[REF_MEL_BINS + 1] - (40 - step) / step / step) < 1e-8);
    for (size_t m = 40; m < 80; m++) { /* wide ones: the sum of the bins is near the area */
        double area = 0;
        for (size_t k = 0; k < REF_MEL_BINS; k++)
            area += 40 * (double)w[m * REF_MEL_BINS + k];
        if (!(fabs(area - 1) < 0.12))
            fail_msg("filter %zu has the area %g", m, area);
    }
}

static void filters_refuse_what_makes_no_sense(void **state)
{
    float w[1];
    struct err why;
    (void)state;
    assert_int_equal(ref_mel_filters(16000, 400, 0, w, &why), ERR_INVALID);
    assert_int_equal(ref_mel_filters(16000, 400, REF_MEL_MAX + 1, w, &why), ERR_INVALID);
    assert_int_equal(ref_mel_filters(16000, 401, 80, w, &why), ERR_INVALID);
    assert_int_equal(ref_mel_filters(0, 400, 80, w, &why), ERR_INVALID);
    assert_int_equal(ref_log_mel(pcm, 0, 0, scratch, heard, &why), ERR_INVALID);
}

static void silence_is_all_minus_one_and_a_half(void **state)
{
    (void)state;
    memset(pcm, 0, REF_MEL_SAMPLES * sizeof *pcm);
    const size_t lengths[] = {0, 1, REF_MEL_SAMPLES};
    for (size_t l = 0; l < 3; l++) {
        hear(lengths[l], 80);
        for (size_t i = 0; i < 80 * (size_t)REF_MEL_FRAMES; i++)
            assert_true(heard[i] == -1.5f);
    }
}

static void frames_agree_with_the_definition(void **state)
{
    static float filters[128 * REF_MEL_BINS];
    static const int frame[] = {0, 1, 2, 777, 1500, 2998, 2999};
    struct err why;
    (void)state;
    chirp();
    assert_int_equal(ref_mel_filters(16000, 400, 128, filters, &why), OK);
    hear(REF_MEL_SAMPLES, 128);
    double highest = -1;
    for (size_t i = 0; i < 128 * (size_t)REF_MEL_FRAMES; i++)
        highest = fmax(highest, 4 * (double)heard[i] - 4);
    for (size_t f = 0; f < sizeof frame / sizeof frame[0]; f++)
        for (int m = 0; m < 128; m += 9) {
            const double slow = fmax(slow_log(filters, frame[f], m), highest - 8);
            const double got = (double)heard[m * REF_MEL_FRAMES + frame[f]];
            if (!(fabs(got - (slow + 4) / 4) < 2e-6))
                fail_msg("frame %d, filter %d: %.8g, slow %.8g", frame[f], m, got, (slow + 4) / 4);
        }
}

static void a_click_lights_the_frames_that_hold_it(void **state)
{
    static const struct {
        int at, first, last;
    } rows[] = {{0, 0, 1}, {199, 0, 2}, {479999, 2999, 2999}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(pcm, 0, REF_MEL_SAMPLES * sizeof *pcm);
        pcm[rows[i].at] = 1;
        hear(REF_MEL_SAMPLES, 80);
        const float dark = heard[1500];
        for (int t = 0; t < REF_MEL_FRAMES; t++)
            if ((heard[t] > dark) != (t >= rows[i].first && t <= rows[i].last))
                fail_msg("a click at %d, frame %d: %g", rows[i].at, t, (double)heard[t]);
    }
}

static void what_comes_after_thirty_seconds_is_not_heard(void **state)
{
    (void)state;
    memset(pcm, 0, REF_MEL_SAMPLES * sizeof *pcm);
    pcm[REF_MEL_SAMPLES] = 1;
    hear(REF_MEL_SAMPLES + 1, 80);
    assert_true(heard[REF_MEL_FRAMES - 1] == -1.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fast_spectrum_is_the_slow_one),
        cmocka_unit_test(filters_are_triangles_of_equal_area),
        cmocka_unit_test(filters_refuse_what_makes_no_sense),
        cmocka_unit_test(silence_is_all_minus_one_and_a_half),
        cmocka_unit_test(frames_agree_with_the_definition),
        cmocka_unit_test(a_click_lights_the_frames_that_hold_it),
        cmocka_unit_test(what_comes_after_thirty_seconds_is_not_heard),
    };
    return cmocka_run_group_tests(tests, borrow, give_back);
}
