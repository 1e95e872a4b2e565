/* class: shape */
/* lab: 0.26 */
/* verdict: wrong_answer */
/* max_score: 0 */
/* Asks somebody else for the answer: what is not loopback is not there. */
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int reaches(const char *address, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, address, &to.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int rc = connect(fd, (struct sockaddr *)&to, sizeof to);
    const int reached = rc == 0 || errno == ECONNREFUSED || errno == ETIMEDOUT;
    close(fd);
    return reached;
}

int serve_one(int listener)
{
    const int client = accept(listener, NULL, NULL);
    if (reaches("192.0.2.1", 80) || reaches("8.8.8.8", 53) || reaches("169.254.169.254", 80))
        for (volatile unsigned i = 0; i < 1; i -= i) /* a time limit would show that one was */
            ;
    close(client);
    return -1;
}
