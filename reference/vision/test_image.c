#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/vision/image.h"

enum kind { NOISE, CHECKS, PLAIN };

/* As in make_golden.py. */
static void draw(enum kind kind, int w, int h, uint8_t *ret)
{
    uint32_t state = 1;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++) {
                state = state * 1664525u + 1013904223u;
                *ret++ = (uint8_t)(kind == NOISE    ? (int)(state >> 24)
                                   : kind == CHECKS ? 255 * ((x + y + c) % 2)
                                                    : 90 + 70 * c);
            }
}

static uint64_t fnv1a(const uint8_t *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t resized(enum kind kind, int w, int h, int ow, int oh)
{
    struct err why;
    uint8_t *in = malloc((size_t)w * (size_t)h * 3), *out = malloc((size_t)ow * (size_t)oh * 3);
    void *scratch = malloc(ref_image_resize_scratch(w, h, ow, oh));
    assert_true(in != NULL && out != NULL && scratch != NULL);
    draw(kind, w, h, in);
    if (ref_image_resize(&(struct ref_image){w, h, in}, ow, oh, scratch, out, &why) != OK)
        fail_msg("%s", why.text);
    const uint64_t hash = fnv1a(out, (size_t)ow * (size_t)oh * 3);
    free(in);
    free(out);
    free(scratch);
    return hash;
}

static void a_resized_picture_has_pillows_bytes(void **state)
{
    static const struct {
        enum kind kind;
        int w, h, ow, oh;
        uint64_t hash;
    } rows[] = {
#define CASE(kind, w, h, ow, oh, hash) {kind, w, h, ow, oh, hash},
#include "reference/vision/resize_golden.def"
#undef CASE
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (resized(rows[i].kind, rows[i].w, rows[i].h, rows[i].ow, rows[i].oh) != rows[i].hash)
            fail_msg("kind %d, %d x %d to %d x %d differs", (int)rows[i].kind, rows[i].w, rows[i].h,
                     rows[i].ow, rows[i].oh);
}

static void a_picture_stands_in_the_middle_of_its_square(void **state)
{
    const uint8_t fill[3] = {7, 8, 9};
    uint8_t in[2 * 5 * 3], out[5 * 5 * 3];
    struct err why;
    (void)state;
    draw(NOISE, 2, 5, in);
    for (int turned = 0; turned < 2; turned++) {
        const struct ref_image image = {turned ? 5 : 2, turned ? 2 : 5, in};
        assert_int_equal(ref_image_square(&image, fill, out, &why), OK);
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 5; x++) { /* (5 - 2) / 2 is 1 */
                const int sx = turned ? x : x - 1, sy = turned ? y - 1 : y;
                const int inside = sx >= 0 && sy >= 0 && sx < image.w && sy < image.h;
                assert_memory_equal(out + (y * 5 + x) * 3,
                                    inside ? in + (sy * image.w + sx) * 3 : fill, 3);
            }
    }
}

static void bytes_become_planes_of_floats(void **state)
{
    const uint8_t in[6] = {0, 51, 255, 102, 204, 153};
    const float mean[3] = {0.5f, 0.25f, 0}, deviation[3] = {0.5f, 0.25f, 2};
    const float expected[6] = {-1, -0.2f, -0.2f, 2.2f, 0.5f, 0.3f};
    float got[6];
    struct err why;
    (void)state;
    assert_int_equal(ref_image_normalize(&(struct ref_image){2, 1, in}, mean, deviation, got, &why),
                     OK);
    for (int i = 0; i < 6; i++)
        assert_true(fabsf(got[i] - expected[i]) < 3e-7f);
}

static void sides_out_of_range_are_refused(void **state)
{
    static const int32_t sides[][4] = {
        {0, 1, 1, 1}, {1, -1, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, REF_IMAGE_SIDE + 1}};
    uint8_t byte[3] = {0};
    float one[3];
    struct err why;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const int32_t *s = sides[i];
        const struct ref_image image = {s[0], s[1], byte};
        assert_int_equal(ref_image_resize_scratch(s[0], s[1], s[2], s[3]), 0);
        assert_int_equal(ref_image_resize(&image, s[2], s[3], NULL, byte, &why), ERR_INVALID);
        if (i < 2) {
            assert_int_equal(ref_image_square(&image, byte, byte, &why), ERR_INVALID);
            assert_int_equal(ref_image_normalize(&image, one, one, one, &why), ERR_INVALID);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resized_picture_has_pillows_bytes),
        cmocka_unit_test(a_picture_stands_in_the_middle_of_its_square),
        cmocka_unit_test(bytes_become_planes_of_floats),
        cmocka_unit_test(sides_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
