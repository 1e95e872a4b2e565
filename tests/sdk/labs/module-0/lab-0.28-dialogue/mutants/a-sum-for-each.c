/* group: several */
/* The mistake: each client has a sum of its own. */
#include "lab.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 };

struct client {
    int fd; /* -1: free */
    char line[LINE_MAX_BYTES];
    size_t size;
    long sum;
};

struct adder {
    struct client clients[ADDER_CLIENTS];
    long sum;
    int stopped;
};

static void welcome(struct adder *a, int listener)
{
    const int fd = accept(listener, NULL, NULL);
    for (int i = 0; fd >= 0 && i < ADDER_CLIENTS; i++)
        if (a->clients[i].fd < 0) {
            a->clients[i] = (struct client){.fd = fd};
            return;
        }
    close(fd);
}

static void part(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void answer(struct adder *a, struct client *c)
{
    char text[32];
    c->line[c->size] = '\0';
    c->size = 0;
    a->sum = c->sum;
    if (strcmp(c->line, "stop") == 0) {
        a->stopped = 1;
        return;
    }
    c->sum += atol(c->line);
    const int n = snprintf(text, sizeof text, "%ld\n", c->sum);
    if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        part(c);
}

static void listen_to(struct adder *a, struct client *c)
{
    char bytes[512];
    const ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        part(c);
    for (ssize_t i = 0; i < n && c->fd >= 0 && !a->stopped; i++)
        if (bytes[i] == '\n')
            answer(a, c);
        else if (c->size + 1 < LINE_MAX_BYTES)
            c->line[c->size++] = bytes[i];
}

long adder_serve(int listener)
{
    struct adder a = {.sum = 0};
    for (int i = 0; i < ADDER_CLIENTS; i++)
        a.clients[i].fd = -1;
    while (!a.stopped) {
        struct pollfd fds[ADDER_CLIENTS + 1];
        for (int i = 0; i < ADDER_CLIENTS; i++)
            fds[i] = (struct pollfd){.fd = a.clients[i].fd, .events = POLLIN};
        fds[ADDER_CLIENTS] = (struct pollfd){.fd = listener, .events = POLLIN};
        if (poll(fds, ADDER_CLIENTS + 1, -1) < 0)
            break;
        for (int i = 0; i < ADDER_CLIENTS; i++)
            if (fds[i].fd >= 0 && fds[i].revents != 0)
                listen_to(&a, &a.clients[i]);
        if (fds[ADDER_CLIENTS].revents != 0)
            welcome(&a, listener);
    }
    for (int i = 0; i < ADDER_CLIENTS; i++)
        part(&a.clients[i]);
    return a.sum;
}
