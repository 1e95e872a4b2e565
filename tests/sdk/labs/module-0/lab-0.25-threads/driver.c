#include "driver.h"

#include <stdatomic.h>
#include <time.h>

#include "lab.h"
#include "ops.h"

/* ---- every index is counted where it belongs ---- */

static void count(void *user, size_t i)
{
    atomic_fetch_add((_Atomic uint32_t *)user + i, 1);
}

static void op_each(struct lab_call *c)
{
    const size_t n = (size_t)lab_i64(c, 0);
    _Atomic uint32_t *counts = lab_out(c, 2);
    for (size_t i = 0; i < n; i++)
        counts[i] = 0;
    lab_return(c, 0, par_for(n, (int)lab_i64(c, 1), count, counts));
}

/* ---- calls wait for each other: alone, none of them would be met ---- */

struct meeting {
    atomic_int inside, most, late;
    int wanted;
};

static void meet(void *user, size_t i)
{
    enum { PATIENCE_MS = 500 };
    struct meeting *m = user;
    (void)i;
    const int now = ++m->inside;
    int most = m->most;
    while (now > most && !atomic_compare_exchange_weak(&m->most, &most, now))
        ;
    for (int ms = 0; m->most < m->wanted && !m->late; ms++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        m->late = ms >= PATIENCE_MS;
    }
    --m->inside;
}

static void op_together(struct lab_call *c)
{
    struct meeting m = {.wanted = (int)lab_i64(c, 1)};
    lab_return(c, 0, par_for((size_t)lab_i64(c, 0), m.wanted, meet, &m));
    lab_return(c, 1, m.most);
}

const struct lab_op lab_ops[] = {
    [OP_EACH] = {"each", op_each}, [OP_TOGETHER] = {"together", op_together}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
