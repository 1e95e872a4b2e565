#include "grader/vgpu/cost/access.h"

unsigned cost_sectors(const uint64_t addresses[COST_LANES], uint32_t mask, uint32_t bytes,
                      uint64_t ret[COST_LANES])
{
    unsigned n = 0;
    uint64_t highest = 0;
    (void)bytes; /* aligned, at most 16: never across a border */
    for (uint32_t left = mask; left; left &= left - 1) {
        const uint64_t sector = addresses[__builtin_ctz(left)] / COST_SECTOR;
        if (n == 0 || sector > highest) { /* most warps go upwards */
            highest = sector;
            ret[n++] = sector;
            continue;
        }
        /* Neighbours mostly share, so the newest is asked first. */
        unsigned i = n;
        while (i > 0 && ret[i - 1] != sector)
            i--;
        if (i == 0)
            ret[n++] = sector;
    }
    return n;
}

unsigned cost_sectors_ideal(uint32_t mask, uint32_t bytes)
{
    return ((unsigned)__builtin_popcount(mask) * bytes + COST_SECTOR - 1) / COST_SECTOR;
}

unsigned cost_same_address(const uint64_t addresses[COST_LANES], uint32_t mask)
{
    unsigned most = 0;
    for (uint32_t left = mask; left;) {
        const uint64_t address = addresses[__builtin_ctz(left)];
        unsigned same = 0;
        for (uint32_t rest = left; rest; rest &= rest - 1) {
            const uint32_t lane = (uint32_t)__builtin_ctz(rest);
            if (addresses[lane] == address) {
                same++;
                left &= ~(UINT32_C(1) << lane);
            }
        }
        most = same > most ? same : most;
    }
    return most;
}

struct banks {
    unsigned depth[COST_BANKS]; /* distinct words so far */
    uint64_t words[COST_LANES * 2];
    unsigned n, deepest;
};

static void use_word(struct banks *b, uint64_t word, bool one_by_one)
{
    const unsigned bank = word % COST_BANKS;
    if (!one_by_one && b->depth[bank] > 0) {
        for (unsigned i = 0; i < b->n; i++)
            if (b->words[i] == word)
                return; /* one wavefront serves all who want the word */
    }
    b->words[b->n++] = word;
    if (++b->depth[bank] > b->deepest)
        b->deepest = b->depth[bank];
}

struct cost_wavefronts cost_shared(const uint64_t addresses[COST_LANES], uint32_t mask,
                                   uint32_t bytes, bool one_by_one)
{
    const unsigned words = bytes <= 4 ? 1 : bytes / 4;
    const unsigned group = COST_LANES / words; /* lanes that go together: 32, 16 or 8 */
    struct cost_wavefronts total = {0, 0};
    for (unsigned first = 0; first < COST_LANES; first += group) {
        struct banks b = {.n = 0};
        for (unsigned lane = first; lane < first + group; lane++) {
            if (!(mask >> lane & 1))
                continue;
            for (unsigned w = 0; w < words; w++)
                use_word(&b, addresses[lane] / 4 + w, one_by_one);
        }
        total.taken += b.deepest;
        total.least += b.deepest > 0;
    }
    return total;
}
