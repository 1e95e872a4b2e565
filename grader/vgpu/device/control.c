#include "grader/vgpu/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grader/vgpu/device/control_wire.h"

struct vgpu_control {
    int fd;
    struct {
        struct control_request head;
        unsigned char payload[CONTROL_PAYLOAD];
    } request;
    struct {
        struct control_reply head;
        unsigned char payload[CONTROL_PAYLOAD];
    } reply;
};

enum err_code vgpu_control_open(struct vgpu_control **ret, int fd, struct err *why)
{
    struct vgpu_control *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(why, ERR_NOMEM, "no memory for the control channel");
    c->fd = fd;
    *ret = c;
    return OK;
}

void vgpu_control_close(struct vgpu_control *c)
{
    if (c)
        close(c->fd);
    free(c);
}

static ssize_t again(ssize_t n)
{
    return n < 0 && errno == EINTR ? -2 : n;
}

static enum err_code lost(struct err *why)
{
    return err_set(why, ERR_IO, "the device process has gone");
}

/* Sends what `request` holds and waits for the answer. */
static enum err_code ask(struct vgpu_control *c, enum control_call call, uint32_t bytes,
                         struct err *why)
{
    c->request.head.call = call;
    c->request.head.bytes = bytes;
    const size_t size = sizeof c->request.head + bytes;
    ssize_t n;
    while ((n = again(write(c->fd, &c->request, size))) == -2)
        ;
    if (n != (ssize_t)size)
        return lost(why);
    while ((n = again(read(c->fd, &c->reply, sizeof c->reply))) == -2)
        ;
    if (n < (ssize_t)sizeof c->reply.head ||
        c->reply.head.bytes != (size_t)n - sizeof c->reply.head)
        return lost(why);
    if (c->reply.head.code != OK)
        return err_set(why, (enum err_code)c->reply.head.code, "%.*s", (int)c->reply.head.bytes,
                       (const char *)c->reply.payload);
    return OK;
}

static void set_args(struct vgpu_control *c, uint64_t a, uint64_t b, uint64_t d)
{
    c->request.head.arg[0] = a;
    c->request.head.arg[1] = b;
    c->request.head.arg[2] = d;
}

enum err_code vgpu_allocate(struct vgpu_control *c, int device, uint64_t bytes,
                            uint64_t *ret_address, struct err *why)
{
    set_args(c, (uint64_t)device, bytes, 0);
    const enum err_code rc = ask(c, CONTROL_ALLOCATE, 0, why);
    if (rc == OK)
        *ret_address = c->reply.head.ret;
    return rc;
}

enum err_code vgpu_release(struct vgpu_control *c, uint64_t address, struct err *why)
{
    set_args(c, address, 0, 0);
    return ask(c, CONTROL_RELEASE, 0, why);
}

enum err_code vgpu_put(struct vgpu_control *c, uint64_t to, const void *from, size_t bytes,
                       struct err *why)
{
    enum err_code rc = OK;
    for (size_t done = 0; rc == OK && done < bytes;) {
        const size_t n = bytes - done < CONTROL_PAYLOAD ? bytes - done : CONTROL_PAYLOAD;
        memcpy(c->request.payload, (const char *)from + done, n);
        set_args(c, to + done, 0, 0);
        rc = ask(c, CONTROL_PUT, (uint32_t)n, why);
        done += n;
    }
    return rc;
}

enum err_code vgpu_poison(struct vgpu_control *c, uint64_t address, size_t bytes, bool exact,
                          struct err *why)
{
    set_args(c, address, bytes, exact);
    return ask(c, CONTROL_POISON, 0, why);
}

enum err_code vgpu_get(struct vgpu_control *c, uint64_t from, void *ret, uint8_t *ret_writers,
                       size_t bytes, struct err *why)
{
    enum err_code rc = OK;
    for (size_t done = 0; rc == OK && done < bytes;) {
        size_t n = bytes - done;
        if (n > CONTROL_PAYLOAD / 2)
            n = CONTROL_PAYLOAD / 2;
        set_args(c, from + done, n, ret_writers != NULL);
        rc = ask(c, CONTROL_GET, 0, why);
        if (rc != OK)
            break;
        if (c->reply.head.bytes != (ret_writers ? 2 * n : n))
            return lost(why);
        memcpy((char *)ret + done, c->reply.payload, n);
        if (ret_writers)
            memcpy(ret_writers + done, c->reply.payload + n, n);
        done += n;
    }
    return rc;
}

enum err_code vgpu_registers(struct vgpu_control *c, const char *lines, struct err *why)
{
    const size_t length = strlen(lines);
    enum err_code rc = OK;
    for (size_t done = 0; rc == OK && done < length;) {
        const size_t n = length - done < CONTROL_PAYLOAD ? length - done : CONTROL_PAYLOAD;
        memcpy(c->request.payload, lines + done, n);
        rc = ask(c, CONTROL_REGISTERS, (uint32_t)n, why);
        done += n;
    }
    return rc;
}

enum err_code vgpu_setup(struct vgpu_control *c, act_set allowed, struct err *why)
{
    set_args(c, allowed, 0, 0);
    return ask(c, CONTROL_SETUP, 0, why);
}

enum err_code vgpu_begin(struct vgpu_control *c, const struct vgpu_call *call, struct err *why)
{
    memcpy(c->request.payload, call, sizeof *call);
    return ask(c, CONTROL_BEGIN, sizeof *call, why);
}

static enum err_code ask_counts(struct vgpu_control *c, enum control_call call,
                                struct vgpu_counts *ret, struct err *why)
{
    const enum err_code rc = ask(c, call, 0, why);
    if (rc == OK && c->reply.head.bytes != sizeof *ret)
        return lost(why);
    if (rc == OK)
        memcpy(ret, c->reply.payload, sizeof *ret);
    return rc;
}

enum err_code vgpu_counts(struct vgpu_control *c, struct vgpu_counts *ret, struct err *why)
{
    return ask_counts(c, CONTROL_COUNTS, ret, why);
}

enum err_code vgpu_end(struct vgpu_control *c, struct vgpu_counts *ret, struct err *why)
{
    return ask_counts(c, CONTROL_END, ret, why);
}
