#include "driver.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab.h"
#include "ops.h"

static int listen_here(struct sockaddr_in *ret)
{
    socklen_t size = sizeof *ret;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)ret, size) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)ret, &size) != 0)
        return -1;
    return fd;
}

/* The kernel takes connection and question (which fits its buffers) before the server looks. */
static int ask(const struct sockaddr_in *to, const char *question, size_t n)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
        return -1;
    for (size_t sent = 0; sent < n;) {
        const ssize_t part = send(fd, question + sent, n - sent, 0);
        if (part < 0)
            return -1;
        sent += (size_t)part;
    }
    shutdown(fd, SHUT_WR);
    return fd;
}

static int64_t read_answer(int fd, char *to, size_t capacity)
{
    size_t size = 0;
    for (ssize_t n = 1; n > 0 && size<capacity; size += n> 0 ? (size_t)n : 0)
        n = recv(fd, to + size, capacity - size, MSG_DONTWAIT);
    return (int64_t)size;
}

static void op_talk(struct lab_call *c)
{
    struct sockaddr_in here;
    const int listener = listen_here(&here), client = ask(&here, lab_in(c, 0), lab_size(c, 0));
    lab_return(c, 0, serve_one(listener));
    lab_return(c, 1, read_answer(client, lab_out(c, 1), lab_size(c, 1)));
    close(client);
    close(listener);
}

const struct lab_op lab_ops[] = {[OP_TALK] = {"talk", op_talk}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
