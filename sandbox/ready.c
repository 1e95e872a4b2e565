#include "sandbox/ready.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/cell.h"

enum { MANY = 8 };

/* As in later.c: what a process has under way with the kernel, ended at its exit. */
static struct {
    int n;
    pid_t owner; /* a fork of us has no part in them */
    struct blank waiting[MANY];
} ready;

static void end_all(void)
{
    while (ready.owner == getpid() && ready.n > 0)
        blank_close(&ready.waiting[--ready.n]);
}

/* A fork has copies of our descriptors, but the blanks are no children of its. */
static void forget_the_parents(void)
{
    while (ready.n > 0) {
        struct blank *b = &ready.waiting[--ready.n];
        close(b->pidfd);
        close(b->socket);
        cgroup_forget(&b->group);
    }
}

static void own(void)
{
    if (ready.owner == getpid())
        return;
    if (ready.owner == 0)
        atexit(end_all);
    else
        forget_the_parents();
    ready.owner = getpid();
}

void ready_fill(int n)
{
    own();
    while (ready.n < n && ready.n < MANY) {
        struct blank b;
        if (blank_open(&b, NULL) != OK)
            return;
        if (cgroup_join(&b.group, b.init, NULL) != OK) {
            blank_close(&b);
            return;
        }
        ready.waiting[ready.n++] = b;
    }
}

/* One that waits is silent: it speaks only where a step has failed, and closes when it dies. */
static bool waits(const struct blank *b)
{
    struct pollfd p = {.fd = b->socket, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

bool ready_take(struct blank *ret)
{
    own();
    while (ready.n > 0) {
        struct blank *b = &ready.waiting[--ready.n];
        if (waits(b)) {
            *ret = *b;
            return true;
        }
        blank_close(b);
    }
    return false;
}

void cell_prepare(int n)
{
    ready_fill(n);
}
