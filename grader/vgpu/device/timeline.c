#include "grader/vgpu/device/timeline.h"

#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void forget_past(struct timeline_line *l, uint64_t past)
{
    size_t gone = 0;
    while (gone < l->n && l->busy[gone].to <= past)
        gone++;
    memmove(l->busy, l->busy + gone, (l->n - gone) * sizeof *l->busy);
    l->n -= gone;
}

/* The first time >= ready at which the line is free for ns. */
static uint64_t first_gap(const struct timeline_line *l, uint64_t ready, uint64_t ns)
{
    uint64_t at = ready;
    for (size_t i = 0; i < l->n; i++) {
        if (l->busy[i].to <= at)
            continue;
        if (l->busy[i].from >= at + ns)
            break;
        at = l->busy[i].to;
    }
    return at;
}

static void join(struct timeline_line *l, size_t i) /* entry i and the next become one */
{
    l->busy[i].to = later(l->busy[i].to, l->busy[i + 1].to);
    memmove(l->busy + i + 1, l->busy + i + 2, (l->n - i - 2) * sizeof *l->busy);
    l->n--;
}

static void occupy(struct timeline_line *l, uint64_t from, uint64_t to)
{
    if (l->n == TIMELINE_GAPS)
        join(l, 0);
    size_t i = 0;
    while (i < l->n && l->busy[i].from < from)
        i++;
    memmove(l->busy + i + 1, l->busy + i, (l->n - i) * sizeof *l->busy);
    l->busy[i] = (struct timeline_busy){from, to};
    l->n++;
    l->total += to - from;
    if (i + 1 < l->n && l->busy[i].to >= l->busy[i + 1].from)
        join(l, i);
    if (i > 0 && l->busy[i - 1].to >= l->busy[i].from)
        join(l, i - 1);
}

uint64_t timeline_place(struct timeline_line *const *lines, size_t n, uint64_t ready, uint64_t ns,
                        uint64_t past)
{
    if (ns == 0)
        return ready;
    uint64_t at = ready;
    for (size_t agreed = 0, i = 0; agreed < n; i = (i + 1) % n) {
        forget_past(lines[i], past);
        const uint64_t gap = first_gap(lines[i], at, ns);
        agreed = gap == at ? agreed + 1 : 1;
        at = gap;
    }
    for (size_t i = 0; i < n; i++)
        occupy(lines[i], at, at + ns);
    return at;
}

uint64_t timeline_host_copy_ns(uint64_t bytes)
{
    return 8000 + (uint64_t)((double)bytes / 24.0);
}

uint64_t timeline_peer_copy_ns(uint64_t bytes)
{
    return 5000 + (uint64_t)((double)bytes / 50.0);
}

uint64_t timeline_local_ns(uint64_t bytes, double bytes_per_second)
{
    return 2000 + (uint64_t)((double)bytes * 1e9 / bytes_per_second);
}
