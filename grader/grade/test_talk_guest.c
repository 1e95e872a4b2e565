/* Servers of every kind for test_talk.c, static and without the SDK: the operation says which. */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grader/grade/test_talk_guest.h"
#include "grader/sdk/frame.h"

static void echo(int fd)
{
    char bytes[4096];
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        for (ssize_t sent = 0; sent < n;)
            sent += send(fd, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
}

static void never_answer(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) == 1)
        ;
    (void)!read(FRAME_FD_BELL, &byte, 1); /* nobody rings while a call is open */
}

static void flood(int fd)
{
    static const char bytes[65536];
    while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        ;
}

static void serve(uint32_t op, int listener)
{
    if (op == RETURNS)
        return;
    const int fd = accept(listener, NULL, NULL);
    if (op == ECHOES)
        echo(fd);
    else if (op == IS_SILENT)
        never_answer(fd);
    else if (op == FLOODS)
        flood(fd);
    else if (op == HALF_AN_ANSWER)
        (void)!send(fd, "half", 4, MSG_NOSIGNAL);
    else if (op == EXITS)
        _exit(3);
    if (op != STAYS_CONNECTED)
        close(fd);
}

int main(void)
{
    const volatile struct frame_call *call =
        mmap(NULL, FRAME_PAGE, PROT_READ, MAP_SHARED, FRAME_FD_INPUT, 0);
    volatile struct frame_reply *reply =
        mmap(NULL, FRAME_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, FRAME_FD_OUTPUT, 0);
    char byte;
    while (read(FRAME_FD_BELL, &byte, 1) == 1) {
        serve(call->op, (int)call->listener);
        reply->sequence = call->sequence;
        (void)!write(FRAME_FD_BELL, "x", 1);
    }
    return 0;
}
