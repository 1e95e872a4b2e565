#include "grader/vgpu/check/shadow.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 4096,
    WORDS = PAGE / 4,
    BUCKETS = 1 << 16,
    RECENT = 64,
    CELL_PAGES_MAX = 8192, /* 32 MiB of device memory, 600 MB of cells */
};

struct page {
    struct page *next;
    uint64_t number;
    uint8_t set[PAGE / 8];
    struct check_cell *cells; /* [WORDS]; NULL until one is asked for */
};

struct check_shadow {
    struct page *buckets[BUCKETS];
    struct page *recent[RECENT]; /* by number; kernels go through several arrays at once */
    size_t cell_pages;
    bool full;
};

struct check_shadow *check_shadow_new(void)
{
    return calloc(1, sizeof(struct check_shadow));
}

void check_shadow_free(struct check_shadow *s)
{
    if (!s)
        return;
    for (size_t b = 0; b < BUCKETS; b++) {
        while (s->buckets[b]) {
            struct page *p = s->buckets[b];
            s->buckets[b] = p->next;
            free(p->cells);
            free(p);
        }
    }
    free(s);
}

static size_t bucket_of(uint64_t number)
{
    return (number ^ number >> 16) % BUCKETS;
}

static struct page *find(struct check_shadow *s, uint64_t number)
{
    struct page **const recent = &s->recent[(number ^ number >> 6) % RECENT];
    if (*recent && (*recent)->number == number)
        return *recent;
    struct page *p = s->buckets[bucket_of(number)];
    while (p && p->number != number)
        p = p->next;
    if (p)
        *recent = p;
    return p;
}

static struct page *find_or_make(struct check_shadow *s, uint64_t number)
{
    struct page *p = find(s, number);
    if (!p && (p = calloc(1, sizeof(*p))) != NULL) {
        p->number = number;
        p->next = s->buckets[bucket_of(number)];
        s->buckets[bucket_of(number)] = p;
    }
    s->full = s->full || !p;
    return p;
}

struct check_cell *check_shadow_cell(struct check_shadow *s, uint64_t address)
{
    struct page *p = find_or_make(s, address / PAGE);
    if (!p)
        return NULL;
    if (!p->cells) {
        if (s->cell_pages == CELL_PAGES_MAX ||
            (p->cells = calloc(WORDS, sizeof(*p->cells))) == NULL) {
            s->full = true;
            return NULL;
        }
        s->cell_pages++;
    }
    return &p->cells[address % PAGE / 4];
}

bool check_shadow_full(const struct check_shadow *s)
{
    return s->full;
}

static void write_bits(struct page *p, uint32_t from, uint32_t to, bool set)
{
    for (uint32_t b = from; b < to;) {
        if (b % 8 == 0 && to - b >= 8) {
            const uint32_t whole = (to - b) / 8;
            memset(&p->set[b / 8], set ? 0xff : 0, whole);
            b += whole * 8;
            continue;
        }
        const uint32_t n = to - b < 8 - b % 8 ? to - b : 8 - b % 8;
        const uint8_t bits = (uint8_t)(((1u << n) - 1) << b % 8);
        p->set[b / 8] = (uint8_t)(set ? p->set[b / 8] | bits : p->set[b / 8] & ~bits);
        b += n;
    }
}

static void write_range(struct check_shadow *s, uint64_t address, uint64_t bytes, bool set)
{
    while (bytes) {
        const uint32_t from = address % PAGE;
        const uint32_t n = bytes < PAGE - from ? (uint32_t)bytes : PAGE - from;
        /* What has no page is unset already. */
        struct page *p = set ? find_or_make(s, address / PAGE) : find(s, address / PAGE);
        if (p)
            write_bits(p, from, from + n, set);
        address += n;
        bytes -= n;
    }
}

void check_shadow_set(struct check_shadow *s, uint64_t address, uint64_t bytes)
{
    write_range(s, address, bytes, true);
}

void check_shadow_unset(struct check_shadow *s, uint64_t address, uint64_t bytes)
{
    write_range(s, address, bytes, false);
}

bool check_shadow_is_set(struct check_shadow *s, uint64_t address, uint32_t bytes)
{
    const struct page *p = find(s, address / PAGE);
    if (!p) /* without memory for shadows nothing is known, so nothing is said */
        return s->full;
    const uint32_t from = address % PAGE, to = from + bytes < PAGE ? from + bytes : PAGE;
    for (uint32_t b = from; b < to;) {
        const uint32_t n = to - b < 8 - b % 8 ? to - b : 8 - b % 8;
        const uint32_t want = ((1u << n) - 1) << b % 8;
        if ((p->set[b / 8] & want) != want)
            return false;
        b += n;
    }
    return to == from + bytes || check_shadow_is_set(s, address + (to - from), from + bytes - to);
}

void check_shadow_forget(struct check_shadow *s, uint64_t address, uint64_t bytes)
{
    for (uint64_t end = address + bytes; address < end; address += 4) {
        struct page *p = find(s, address / PAGE);
        if (!p || !p->cells)
            address |= PAGE - 4; /* on to the next page */
        else
            memset(&p->cells[address % PAGE / 4], 0, sizeof(*p->cells));
    }
}
