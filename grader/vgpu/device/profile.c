#include "grader/vgpu/device/profile.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define KIB UINT32_C(1024)
#define GIB (UINT64_C(1) << 30)

static const struct profile {
    const char *word;
    struct wire_device device;
} profiles[] = {
    {"a100",
     {.name = "graded virtual A100",
      .memory = 40 * GIB,
      .major = 8,
      .sms = 108,
      .mhz = 1410,
      .memory_mhz = 1215,
      .bus_bits = 5120,
      .shared_sm = 164 * KIB,
      .shared_optin = 163 * KIB,
      .l2 = 40960 * KIB,
      .warps = 64,
      .blocks = 32}},
    {"h100",
     {.name = "graded virtual H100",
      .memory = 64 * GIB,
      .major = 9,
      .sms = 132,
      .mhz = 1750,
      .memory_mhz = 2619,
      .bus_bits = 5120,
      .shared_sm = 228 * KIB,
      .shared_optin = 227 * KIB,
      .l2 = 51200 * KIB,
      .warps = 64,
      .blocks = 32}},
    {"t4",
     {.name = "graded virtual T4",
      .memory = 16 * GIB,
      .major = 7,
      .minor = 5,
      .sms = 40,
      .mhz = 1590,
      .memory_mhz = 5001,
      .bus_bits = 256,
      .shared_sm = 64 * KIB,
      .shared_optin = 64 * KIB,
      .l2 = 4096 * KIB,
      .warps = 32,
      .blocks = 16}},
    {"a6000",
     {.name = "graded virtual A6000",
      .memory = 48 * GIB,
      .major = 8,
      .minor = 6,
      .sms = 84,
      .mhz = 1800,
      .memory_mhz = 8001,
      .bus_bits = 384,
      .shared_sm = 100 * KIB,
      .shared_optin = 99 * KIB,
      .l2 = 6144 * KIB,
      .warps = 48,
      .blocks = 16}},
};
enum { PROFILES = sizeof profiles / sizeof *profiles };

/* A slice keeps what belongs to an SM; memory clock, L2 and size shrink with the number of SMs, and
 * the name says so. L2 comes in powers of two, as caches do: 8 of 108 SMs have 2 MiB. */
static void slice(struct wire_device *d, uint32_t sms)
{
    const size_t length = strlen(d->name);
    snprintf(d->name + length, sizeof d->name - length, " (%u of %u SMs)", sms, d->sms);
    uint32_t l2 = d->l2;
    while (l2 > 256 * KIB && (uint64_t)l2 * 3 * d->sms > UINT64_C(4) * d->l2 * sms)
        l2 /= 2;
    while (l2 & (l2 - 1))
        l2 &= l2 - 1;
    d->l2 = l2;
    d->memory_mhz = (uint32_t)((uint64_t)d->memory_mhz * sms / d->sms);
    d->memory = d->memory > 16 * GIB ? 16 * GIB : d->memory;
    d->sms = sms;
}

enum err_code profile_find(const char *text, struct wire_device *ret, struct err *why)
{
    const size_t word = strcspn(text, "/");
    for (size_t i = 0; i < PROFILES; i++) {
        if (strlen(profiles[i].word) != word || memcmp(profiles[i].word, text, word) != 0)
            continue;
        struct wire_device d = profiles[i].device;
        d.shared_block = 48 * KIB;
        d.shared_reserved = d.major >= 8 ? KIB : 0;
        d.registers = 64 * KIB;
        uint64_t sms = d.sms;
        if (text[word] == '/' &&
            parse_u64(text + word + 1, "the number of SMs", 1, d.sms, &sms, why) != OK)
            return why ? why->code : ERR_INVALID;
        if (sms != d.sms)
            slice(&d, (uint32_t)sms);
        *ret = d;
        return OK;
    }
    return err_set(why, ERR_INVALID,
                   "no device profile '%s': a100, h100, t4, a6000, or a slice such as a100/8",
                   text);
}

double profile_bandwidth(const struct wire_device *d)
{
    return d->memory_mhz * 1e6 * 2 * d->bus_bits / 8;
}

static uint32_t least(uint32_t a, uint64_t b)
{
    return b < a ? (uint32_t)b : a;
}

uint32_t profile_blocks(const struct wire_device *d, uint32_t threads, uint32_t registers,
                        uint64_t shared)
{
    const uint32_t warps = (threads + 31) / 32;
    if (warps == 0 || threads > 1024)
        return 0;
    uint32_t blocks = least(d->blocks, d->warps / warps);
    const uint32_t a_warp = (registers * 32 + 255) / 256 * 256;
    /* Each of the four schedulers has a quarter of the registers, and a warp stays with one. */
    if (a_warp > 0)
        blocks = least(blocks, d->registers / 4 / a_warp * 4 / warps);
    const uint64_t a_block = (shared + d->shared_reserved + 127) / 128 * 128;
    if (a_block > 0)
        blocks = least(blocks, d->shared_sm / a_block);
    return blocks;
}
