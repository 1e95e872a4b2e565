/* class: shape */
/* lab: 0.28 */
/* verdict: wrong_answer */
/* max_score: 0 */
/* The listening socket was made outside: asks it, and a connection of it, to go somewhere else. */
#include "lab.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int goes(int fd, const void *to, socklen_t size)
{
    return connect(fd, to, size) == 0;
}

static int goes_anywhere(int fd)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    const struct sockaddr_in host = {
        .sin_family = AF_INET, .sin_port = htons(22), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un bus = {.sun_family = AF_UNIX};
    strcpy(bus.sun_path, "/run/dbus/system_bus_socket");
    return goes(fd, &nowhere, sizeof nowhere) || goes(fd, &host, sizeof host) ||
           goes(fd, &bus, sizeof bus);
}

long adder_serve(int listener)
{
    const int fd = accept(listener, NULL, NULL);
    int gone = goes_anywhere(listener) || goes_anywhere(fd);
    shutdown(fd, SHUT_RDWR);
    shutdown(listener, SHUT_RDWR);
    gone = gone || goes_anywhere(listener) || goes_anywhere(fd);
    if (gone)
        for (volatile unsigned i = 0; i < 1; i -= i) /* a time limit would show that it went */
            ;
    close(fd);
    return -1;
}
