/* class: shape */
/* lab: 0.26 */
/* verdict: security_violation */
/* max_score: 0 */
/* Where TCP is allowed another family may slip through: abstract names of the host. */
#include "lab.h"

#include <sys/socket.h>

int serve_one(int listener)
{
    (void)listener;
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
