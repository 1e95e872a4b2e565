/* Every rung that this machine has, against the scalar one, over blocks of any content. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/dot.h"
#include "reference/quant/f16.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/kernels.h"
#include "reference/quant/legacy.h"

enum { N = 2048, ROUNDS = 200, BYTES_MAX = 4 * N };

/* Where a block keeps its scale and its minimum, halves both; -1: it has none. */
struct place {
    uint32_t id;
    int d, m;
    int scales; /* first of the bytes that scale groups */
    int n_scales;
};
static const struct place places[] = {
    {REF_F32, -1, -1, -1, 0},     {REF_F16, -1, -1, -1, 0},   {REF_BF16, -1, -1, -1, 0},
    {REF_Q4_0, 0, -1, -1, 0},     {REF_Q4_1, 0, 2, -1, 0},    {REF_Q5_0, 0, -1, -1, 0},
    {REF_Q5_1, 0, 2, -1, 0},      {REF_Q8_0, 0, -1, -1, 0},   {REF_Q2_K, 80, 82, -1, 0},
    {REF_Q3_K, 108, -1, -1, 0},   {REF_Q4_K, 0, 2, 4, 12},    {REF_Q5_K, 0, 2, 4, 12},
    {REF_Q6_K, 208, -1, 192, 16}, {REF_IQ4_NL, 0, -1, -1, 0}, {REF_IQ4_XS, 0, -1, -1, 0},
    {REF_TQ1_0, 52, -1, -1, 0},   {REF_TQ2_0, 64, -1, -1, 0}, {REF_MXFP4, -1, -1, -1, 0},
    {REF_Q8_1, 0, 2, -1, 0},      {REF_Q8_K, -1, -1, -1, 0},
};
enum { PLACES = sizeof places / sizeof places[0] };

static const struct ref_quant_kernels *scalar(void)
{
    return ref_quant_kernels_for(REF_ISA_SCALAR);
}

/* The 64-bit congruential generator of Knuth's MMIX; its upper bits are good. */
static uint32_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

static float uniform(uint64_t *state) /* in -1..1 */
{
    return (float)(int32_t)draw(state) * 0x1p-31f;
}

static void put_half(uint8_t *at, uint16_t half)
{
    memcpy(at, &half, sizeof half);
}

static size_t bytes_of(uint32_t id, size_t n)
{
    size_t bytes = 0;
    assert_int_equal(ref_quant_row_bytes(id, n, &bytes, NULL), OK);
    return bytes;
}

/* Does `check` for each rung but the scalar one. */
static void for_each_rung(void (*check)(const struct ref_quant_kernels *))
{
    for (int isa = REF_ISA_SCALAR + 1; isa < REF_ISAS; isa++) {
        const struct ref_quant_kernels *k = ref_quant_kernels_for((enum ref_isa)isa);
        if (k)
            check(k);
        else
            print_message("this machine has no %s\n", ref_isa_name((enum ref_isa)isa));
    }
}

/* ---- tables ---- */

static void check_complete(const struct ref_quant_kernels *k)
{
    for (uint32_t id = 0; id < REF_QUANT_IDS; id++) {
        const struct ref_quant_type *type = ref_quant_find(id);
        if ((k->dequantize[id] != NULL) != (type != NULL))
            fail_msg("%s: dequantize[%u]", ref_isa_name(k->isa), id);
        if ((k->dot[id] != NULL) != (type != NULL && type->partner != REF_NONE))
            fail_msg("%s: dot[%u]", ref_isa_name(k->isa), id);
        if (type && type->partner != REF_NONE && !k->quantize[type->partner])
            fail_msg("%s: quantize[%u]", ref_isa_name(k->isa), type->partner);
    }
}

static void every_rung_has_every_type(void **state)
{
    (void)state;
    check_complete(scalar());
    for_each_rung(check_complete);
}

static void the_best_rung_is_present(void **state)
{
    (void)state;
    assert_true(ref_isa_present(ref_isa_best()));
    assert_non_null(ref_quant_kernels_for(ref_isa_best()));
    assert_null(ref_quant_kernels_for(REF_ISAS));
}

/* ---- restoring ---- */

static void assert_same_floats(const char *rung, uint32_t id, const float *a, const float *b)
{
    for (int i = 0; i < N; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
            fail_msg("%s, %s: weight %d is %a, and %a from the scalar rung", rung,
                     ref_quant_find(id)->name, i, (double)b[i], (double)a[i]);
}

/* At an address that has the least alignment that quant.h allows, into one of a float's. */
static void check_restored(const struct ref_quant_kernels *k, const struct place *p,
                           const uint8_t *bytes, size_t size)
{
    static uint32_t room[BYTES_MAX / 4 + 2];
    static float want[N], got[N + 3];
    const size_t shift = p->id == REF_F32 || p->id == REF_Q8_K ? 4 : 2;
    uint8_t *row = (uint8_t *)room + shift;
    memcpy(row, bytes, size);
    got[0] = got[N + 1] = 42.0f;
    scalar()->dequantize[p->id](row, N, want);
    k->dequantize[p->id](row, N, got + 1);
    assert_same_floats(ref_isa_name(k->isa), p->id, want, got + 1);
    assert_true(got[0] == 42.0f && got[N + 1] == 42.0f);
}

static void check_dequantize(const struct ref_quant_kernels *k)
{
    static const uint16_t halves[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00,
                                      0xbc00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e01};
    uint64_t seed = 1;
    static uint8_t bytes[BYTES_MAX];
    for (int p = 0; p < PLACES; p++) {
        const size_t size = bytes_of(places[p].id, N);
        const size_t block = ref_quant_find(places[p].id)->bytes;
        for (int round = 0; round < ROUNDS; round++) {
            for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)(round < 4 ? 0x55u * (unsigned)round : draw(&seed));
            for (size_t b = 0; b < size && round % 2 == 0; b += block) {
                if (places[p].d >= 0)
                    put_half(bytes + b + places[p].d, halves[draw(&seed) % 12]);
                if (places[p].m >= 0)
                    put_half(bytes + b + places[p].m, halves[draw(&seed) % 12]);
            }
            check_restored(k, &places[p], bytes, size);
        }
    }
}

static void restored_weights_are_the_same_to_the_bit(void **state)
{
    (void)state;
    for_each_rung(check_dequantize);
}

static void check_short_float_rows(const struct ref_quant_kernels *k)
{
    static const uint32_t ids[] = {REF_F32, REF_F16, REF_BF16};
    uint16_t row[2 * 40], y[2 * 40];
    for (size_t i = 0; i < 2 * 40; i++) {
        row[i] = (uint16_t)(0x3c00 + 7 * i);
        y[i] = (uint16_t)(0x3c80 + 5 * i);
    }
    for (int t = 0; t < 3; t++)
        for (size_t n = 0; n <= 40; n++) {
            float want[41] = {0}, got[41] = {0};
            scalar()->dequantize[ids[t]](row, n, want);
            k->dequantize[ids[t]](row, n, got);
            assert_memory_equal(want, got, sizeof want);
            uint32_t bytes[2][41] = {{0}};
            scalar()->quantize[ids[t]](want, n, bytes[0]);
            k->quantize[ids[t]](want, n, bytes[1]);
            assert_memory_equal(bytes[0], bytes[1], sizeof bytes[0]);
            const double a = (double)scalar()->dot[ids[t]](row, y, n);
            const double b = (double)k->dot[ids[t]](row, y, n);
            if (!(fabs(a - b) <= 0x1p-20 * fabs(a)))
                fail_msg("type %u, %zu weights: %a and %a", ids[t], n, a, b);
        }
}

static void rows_without_blocks_may_have_any_length(void **state)
{
    (void)state;
    for_each_rung(check_short_float_rows);
}

/* ---- dot products: integers ---- */

/* d = 1, m = 1 and group scales of 15 or less: every partial sum is an integer below 2^24. */
static void tame(const struct place *p, uint8_t *bytes, size_t size, uint64_t *seed)
{
    const size_t block = ref_quant_find(p->id)->bytes;
    for (size_t b = 0; b < size; b += block) {
        if (p->d >= 0)
            put_half(bytes + b + p->d, 0x3c00);
        if (p->m >= 0)
            put_half(bytes + b + p->m, 0x3c00);
        for (int i = 0; p->id == REF_Q6_K && i < p->n_scales; i++)
            bytes[b + (size_t)(p->scales + i)] = (uint8_t)(draw(seed) % 17 - 8);
        if (p->id == REF_Q4_K || p->id == REF_Q5_K) {
            uint8_t scale[8], min[8];
            for (int g = 0; g < 8; g++) {
                scale[g] = draw(seed) & 15;
                min[g] = draw(seed) & 15;
            }
            ref_k_scales_pack(scale, min, bytes + b + p->scales);
        }
        if (p->id == REF_MXFP4)
            bytes[b] = 128;
    }
}

/* Activations of scale 1, extreme or random; Q8_K and Q8_1 with their sums. */
static void fill_activations(uint32_t partner, int round, uint64_t *seed, void *ret_row)
{
    static const int8_t extremes[4] = {-128, 127, -1, 0};
    int8_t q[256];
    const int n = partner == REF_Q8_K ? 256 : 32;
    for (int i = 0; i < n; i++) {
        const uint32_t r = draw(seed);
        q[i] = round < 2 ? extremes[round] : round < 4 ? extremes[r % 4] : (int8_t)r;
    }
    if (partner == REF_Q8_K) {
        struct ref_q8_k *y = ret_row;
        y->d = 1.0f;
        memset(y->sums, 0, sizeof y->sums);
        for (int i = 0; i < 256; i++) {
            y->q[i] = q[i];
            y->sums[i / 16] = (int16_t)(y->sums[i / 16] + q[i]);
        }
    } else if (partner == REF_Q8_1) {
        struct ref_q8_1 y = {.d = 0x3c00, .s = 0x5000};
        memcpy(y.q, q, sizeof y.q);
        memcpy(ret_row, &y, sizeof y);
    } else {
        struct ref_q8_0 y = {.d = 0x3c00};
        memcpy(y.q, q, sizeof y.q);
        memcpy(ret_row, &y, sizeof y);
    }
}

static void check_integers(const struct ref_quant_kernels *k)
{
    uint64_t seed = 2;
    for (int p = 0; p < PLACES; p++) {
        const struct ref_quant_type *type = ref_quant_find(places[p].id);
        if (type->weights == 1 || type->partner == REF_NONE)
            continue;
        for (int round = 0; round < 20 * ROUNDS; round++) {
            uint32_t row[80], y[80];
            for (size_t i = 0; i < 80; i++)
                row[i] = round % 4 < 2 ? 0u - (uint32_t)(round % 2) : draw(&seed);
            tame(&places[p], (uint8_t *)row, type->bytes, &seed);
            fill_activations(type->partner, round / 4, &seed, y);
            const float want = scalar()->dot[type->id](row, y, type->weights);
            const float got = k->dot[type->id](row, y, type->weights);
            if (want != got)
                fail_msg("%s, %s, round %d: %.1f, and %.1f from the scalar rung",
                         ref_isa_name(k->isa), type->name, round, (double)got, (double)want);
        }
    }
}

static void integers_within_a_block_are_exact(void **state)
{
    (void)state;
    for_each_rung(check_integers);
}

/* ---- dot products: floats ---- */

/* Random bytes with finite scales of all magnitudes. */
static void random_row(const struct place *p, size_t n, uint64_t *seed, uint8_t *ret_bytes)
{
    const struct ref_quant_type *type = ref_quant_find(p->id);
    const size_t size = bytes_of(p->id, n);
    for (size_t i = 0; i < size; i++)
        ret_bytes[i] = (uint8_t)draw(seed);
    for (size_t b = 0; b < size; b += type->bytes) {
        if (p->d >= 0)
            put_half(ret_bytes + b + p->d, (uint16_t)(draw(seed) & 0xbbff));
        if (p->m >= 0)
            put_half(ret_bytes + b + p->m, (uint16_t)(draw(seed) & 0xbbff));
        if (p->id == REF_MXFP4)
            ret_bytes[b] = (uint8_t)(100 + draw(seed) % 40);
        const float d = uniform(seed);
        if (p->id == REF_Q8_K || p->id == REF_F32)
            memcpy(ret_bytes + b, &d, sizeof d);
        if (p->id == REF_F16 || p->id == REF_BF16)
            put_half(ret_bytes + b, (uint16_t)(draw(seed) & 0xbbff));
    }
}

static const struct place *place_of(uint32_t id)
{
    int p = 0;
    while (places[p].id != id)
        p++;
    return &places[p];
}

/* The sum of the magnitudes of all terms: those of the codes, and those of the minima, which meet
 * the sums that the activations carry, whether or not they are those of their codes. */
static double terms(const struct place *p, const uint8_t *row, uint32_t partner, const uint8_t *y,
                    size_t n)
{
    static uint32_t changed[BYTES_MAX / 4];
    static float x[N], m[N], act[N];
    const size_t size = bytes_of(p->id, n), block = ref_quant_find(p->id)->bytes;
    double sum = 0.0;
    memset(m, 0, sizeof m);
    scalar()->dequantize[partner](y, n, act);
    memcpy(changed, row, size);
    for (size_t b = 0; b < size && p->m >= 0; b += block)
        put_half((uint8_t *)changed + b + p->m, 0);
    scalar()->dequantize[p->id](changed, n, x);
    memcpy(changed, row, size);
    for (size_t b = 0; b < size && p->m >= 0; b += block)
        put_half((uint8_t *)changed + b + p->d, 0);
    if (p->m >= 0)
        scalar()->dequantize[p->id](changed, n, m);
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)x[i] * (double)act[i]);
    for (size_t i = 0; i < n && partner == REF_Q8_K; i += 16) {
        const struct ref_q8_k *k = (const struct ref_q8_k *)(const void *)y + i / 256;
        sum += fabs((double)m[i] * (double)k->d * (double)k->sums[i % 256 / 16]);
    }
    for (size_t i = 0; i < n && partner == REF_Q8_1; i += 32) {
        const struct ref_q8_1 *k = (const struct ref_q8_1 *)(const void *)y + i / 32;
        sum += fabs((double)m[i] * (double)ref_f16_to_f32(k->s));
    }
    return sum;
}

static void check_floats(const struct ref_quant_kernels *k)
{
    static const size_t lengths[] = {256, 512, 768, N};
    static uint32_t row[BYTES_MAX / 4 + 1], y[BYTES_MAX / 4 + 1];
    uint64_t seed = 3;
    for (int p = 0; p < PLACES; p++) {
        const struct ref_quant_type *type = ref_quant_find(places[p].id);
        if (type->partner == REF_NONE)
            continue;
        for (int round = 0; round < ROUNDS; round++) {
            const size_t n = lengths[round % 4];
            const size_t shift = type->weights == 1 || type->partner == REF_Q8_K ? 4 : 2;
            uint8_t *x = (uint8_t *)row + (type->id == REF_F32 ? 4 : 2), *z = (uint8_t *)y + shift;
            random_row(&places[p], n, &seed, x);
            random_row(place_of(type->partner), n, &seed, z);
            const double want = (double)scalar()->dot[type->id](x, z, n);
            const double got = (double)k->dot[type->id](x, z, n);
            const double limit = 0x1p-21 * terms(&places[p], x, type->partner, z, n);
            if (!(fabs(want - got) <= limit))
                fail_msg("%s, %s, %zu weights: %a and %a, %g of the limit", ref_isa_name(k->isa),
                         type->name, n, got, want, fabs(want - got) / limit);
        }
    }
}

static void sums_in_another_order_stay_within_the_bound(void **state)
{
    (void)state;
    for_each_rung(check_floats);
}

/* ---- quantising ---- */

static void fill(int kind, uint64_t *seed, float *ret_x)
{
    for (int i = 0; i < N; i++) {
        const float u = uniform(seed);
        switch (kind) {
        case 0: /* ties: multiples of half a step where the largest is 127 */
            ret_x[i] = i % 32 == 5 ? 127.0f : floorf(u * 254.0f) / 2.0f;
            break;
        case 1: /* just beside them */
            ret_x[i] = i % 256 == 7 ? -127.0f : nextafterf(floorf(u * 254.0f) / 2.0f, u * 1000.0f);
            break;
        case 2:
            ret_x[i] = 0.0f;
            break;
        case 3: /* some blocks below the reach of 1/d, some of infinite d */
            ret_x[i] = ldexpf(u, i / 256 * 30 - 150);
            break;
        case 4: /* equal magnitudes: the first one decides */
            ret_x[i] = u < 0.0f ? -3.0f : 3.0f;
            break;
        case 5:
            ret_x[i] = i % 2 ? -0.0f : 0.0f;
            break;
        case 6: /* one outlier */
            ret_x[i] = i % 100 == 99 ? 1e4f * u : 1e-4f * u;
            break;
        default:
            ret_x[i] = u * u * u;
            break;
        }
    }
}

static void check_quantize(const struct ref_quant_kernels *k)
{
    static const uint32_t ids[] = {REF_F32, REF_F16, REF_BF16, REF_Q8_0, REF_Q8_1, REF_Q8_K};
    static uint32_t want[BYTES_MAX / 4], got[BYTES_MAX / 4];
    static float x[N];
    uint64_t seed = 4;
    for (int t = 0; t < 6; t++)
        for (int round = 0; round < ROUNDS; round++) {
            fill(round % 9, &seed, x);
            memset(want, 0xaa, sizeof want);
            memset(got, 0xaa, sizeof got);
            scalar()->quantize[ids[t]](x, N, want);
            k->quantize[ids[t]](x, N, got);
            if (memcmp(want, got, sizeof want) != 0)
                fail_msg("%s, %s: bytes differ on kind %d", ref_isa_name(k->isa),
                         ref_quant_find(ids[t])->name, round % 9);
        }
}

static void activations_become_the_same_bytes(void **state)
{
    (void)state;
    for_each_rung(check_quantize);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rung_has_every_type),
        cmocka_unit_test(the_best_rung_is_present),
        cmocka_unit_test(restored_weights_are_the_same_to_the_bit),
        cmocka_unit_test(rows_without_blocks_may_have_any_length),
        cmocka_unit_test(integers_within_a_block_are_exact),
        cmocka_unit_test(sums_in_another_order_stay_within_the_bound),
        cmocka_unit_test(activations_become_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
