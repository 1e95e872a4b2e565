#include "grader/vgpu/check/actors.h"

#include <stdlib.h>

bool actors_init(struct actors *a)
{
    *a = (struct actors){.n = 1, .room = 256};
    a->all = calloc(a->room, sizeof(*a->all));
    return a->all != NULL;
}

void actors_done(struct actors *a)
{
    for (uint32_t i = 0; i < a->n && a->all; i++) {
        free(a->all[i].releases);
        free(a->all[i].acquires);
    }
    free(a->all);
    *a = (struct actors){0};
}

uint32_t actors_add(struct actors *a, const struct actor *who)
{
    if (a->n == a->room) {
        struct actor *all =
            a->room <= UINT32_MAX / 4 ? realloc(a->all, 2 * a->room * sizeof(*all)) : NULL;
        if (!all)
            return 0;
        a->all = all;
        a->room *= 2;
    }
    a->all[a->n] = *who;
    return a->n++;
}

struct actor *actors_get(const struct actors *a, uint32_t who)
{
    return &a->all[who];
}

static void tell(struct actors *a, struct actor_told **list, uint32_t *n, uint64_t address,
                 uint32_t fences)
{
    if (!*list && !(*list = calloc(ACTOR_TOLD, sizeof(**list))))
        return; /* then a race may be reported that is none: memory has run out anyway */
    /* One word that is polled must not push out the others. */
    if (*n > 0) {
        struct actor_told *last = &(*list)[(*n - 1) % ACTOR_TOLD];
        if (last->address == address && last->fences == fences) {
            last->when = fences ? last->when : ++a->when;
            return;
        }
    }
    (*list)[(*n)++ % ACTOR_TOLD] =
        (struct actor_told){.address = address, .when = ++a->when, .fences = fences};
}

void actors_release(struct actors *a, uint32_t who, uint64_t address)
{
    struct actor *me = &a->all[who];
    if (me->fences)
        tell(a, &me->releases, &me->n_releases, address, me->fences);
}

void actors_acquire(struct actors *a, uint32_t who, uint64_t address)
{
    struct actor *me = &a->all[who];
    tell(a, &me->acquires, &me->n_acquires, address, 0);
}

static uint32_t kept(uint32_t n)
{
    return n < ACTOR_TOLD ? n : ACTOR_TOLD;
}

bool actors_told(const struct actors *a, uint32_t from, uint32_t fences, uint32_t to)
{
    const struct actor *f = &a->all[from], *t = &a->all[to];
    for (uint32_t r = 0; f->releases && r < kept(f->n_releases); r++) {
        const struct actor_told *release = &f->releases[r];
        if (release->fences <= fences)
            continue; /* no fence between the access and this release */
        for (uint32_t q = 0; t->acquires && q < kept(t->n_acquires); q++)
            if (t->acquires[q].address == release->address && t->acquires[q].when > release->when)
                return true;
    }
    return false;
}
