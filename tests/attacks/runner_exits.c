/* class: shape */
/* lab: 0.29 */
/* verdict: runtime_error or wrong_answer */
/* max_score: 0 */
/* Ends without a word as soon as it is spoken to, beside another one that is being waited for. Its
 * end and the end of the connection come at once: which one is seen first is chance. */
#include "lab.h"

#include <sys/socket.h>
#include <unistd.h>

int store_serve(int listener, const char *journal)
{
    char byte;
    const int fd = accept(listener, NULL, NULL);
    (void)journal;
    (void)!recv(fd, &byte, 1, 0);
    _exit(0);
}
