/* class: shape */
/* lab: 0.28 */
/* verdict: output_limit or wrong_answer */
/* max_score: 0 */
/* Sends without end to a client that wanted a line: memory of the grader's, if it were kept. */
#include "lab.h"

#include <stddef.h>
#include <sys/socket.h>

long adder_serve(int listener)
{
    static const char bytes[65536];
    const int fd = accept(listener, NULL, NULL);
    while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        ;
    return 0;
}
