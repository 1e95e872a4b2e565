#include "grader/vgpu/device/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "grader/vgpu/device/control_serve.h"

struct packet {
    struct wire_request request;
    unsigned char payload[WIRE_PAYLOAD + 1]; /* one more, to see what is too long */
};

struct answer {
    struct wire_reply reply;
    unsigned char payload[WIRE_PAYLOAD];
};

/* One whole packet; 0: the other side has closed. */
static ssize_t receive(int fd, void *packet, size_t size)
{
    ssize_t n;
    do
        n = read(fd, packet, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? 0 : n;
}

/* A program that asks and asks and never reads must not keep us, and with us its grader, waiting:
 * one that waits for its answers always has room for one. */
static bool send_answer(int fd, const void *packet, size_t size)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
        return false;
    ssize_t n;
    do
        n = write(fd, packet, size);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)size;
}

struct channel {
    struct packet packet;
    struct answer answer;
};

/* False: the program has gone, or is none that we know. */
static bool serve_program(const struct vg_backend *b, int fd, struct channel *c)
{
    const ssize_t n = receive(fd, &c->packet, sizeof c->packet);
    if (n < (ssize_t)sizeof c->packet.request)
        return false;
    const size_t bytes = (size_t)n - sizeof c->packet.request;
    struct answer *a = &c->answer;
    b->answer(b->context, &c->packet.request, c->packet.payload, bytes, &a->reply, a->payload);
    if (!send_answer(fd, a, sizeof a->reply + a->reply.bytes))
        return false;
    b->run(b->context); /* while the program goes on */
    return true;
}

enum err_code serve_backend(const struct vg_backend *b, int data, int control, struct err *why)
{
    struct pollfd fds[] = {{.fd = data, .events = POLLIN}, {.fd = control, .events = POLLIN}};
    struct channel *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(why, ERR_NOMEM, "no memory for the channel");
    enum err_code rc = OK;
    while (rc == OK && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
        if (poll(fds, 2, -1) < 0) {
            if (errno != EINTR)
                rc = err_sys(why, ERR_IO, errno, "waiting for the program");
            continue;
        }
        /* One of each in turn: a program that floods us keeps no grader waiting. */
        if (fds[0].fd >= 0 && fds[0].revents && !serve_program(b, data, c))
            fds[0].fd = -1;
        if (fds[1].fd >= 0 && fds[1].revents && !b->control(b->context, control))
            fds[1].fd = -1;
    }
    b->run(b->context);
    free(c);
    return rc;
}

static void answer(void *context, const struct wire_request *q, const void *payload, size_t bytes,
                   struct wire_reply *ret, void *payload_room)
{
    machine_answer(context, q, payload, bytes, ret, payload_room);
}

static void run(void *context)
{
    machine_run(context);
}

static bool control(void *context, int fd)
{
    return control_answer(context, fd);
}

enum err_code serve(struct machine *m, int data, int control_fd, struct err *why)
{
    const struct vg_backend b = {.context = m, .answer = answer, .run = run, .control = control};
    return serve_backend(&b, data, control_fd, why);
}
