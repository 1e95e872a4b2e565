#include "reference/sample/random.h"

#include <math.h>

enum { SHIFT = 397 };

void ref_random_init(struct ref_random *r, enum ref_random_kind kind, uint64_t seed)
{
    *r = (struct ref_random){.kind = kind, .s = seed == 0 ? 1 : seed, .next = REF_MT19937_WORDS};
    r->word[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < REF_MT19937_WORDS; i++)
        r->word[i] = 1812433253u * (r->word[i - 1] ^ r->word[i - 1] >> 30) + i;
}

static uint64_t xorshift(struct ref_random *r)
{
    r->s ^= r->s >> 12;
    r->s ^= r->s << 25;
    r->s ^= r->s >> 27;
    return r->s * 0x2545f4914f6cdd1du;
}

static void make_words(struct ref_random *r)
{
    uint32_t *w = r->word;
    for (uint32_t i = 0; i < REF_MT19937_WORDS; i++) {
        const uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % REF_MT19937_WORDS] & 0x7fffffffu);
        w[i] = w[(i + SHIFT) % REF_MT19937_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    r->next = 0;
}

static uint32_t twister(struct ref_random *r)
{
    if (r->next == REF_MT19937_WORDS)
        make_words(r);
    uint32_t y = r->word[r->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

uint32_t ref_random_u32(struct ref_random *r)
{
    return r->kind == REF_RANDOM_COURSE ? (uint32_t)(xorshift(r) >> 32) : twister(r);
}

double ref_random_double(struct ref_random *r)
{
    if (r->kind == REF_RANDOM_COURSE)
        return (double)(xorshift(r) >> 11) * 0x1p-53;
    double sum = twister(r);
    sum += (double)twister(r) * 0x1p32;
    const double x = sum * 0x1p-64;
    return x < 1.0 ? x : nextafter(1.0, 0.0);
}

float ref_random_float(struct ref_random *r)
{
    if (r->kind == REF_RANDOM_COURSE)
        return (float)(xorshift(r) >> 40) * 0x1p-24f;
    const float x = (float)twister(r) * 0x1p-32f;
    return x < 1.0f ? x : nextafterf(1.0f, 0.0f);
}
