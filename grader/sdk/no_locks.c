/* Preloaded into gcc and gcov where coverage is measured: they lock the files that hold notes and
 * counts, which a cell forbids, since a lock on a file of the host would be felt outside of it. In
 * a work directory of its own there is nobody to lock out. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int fcntl64(int fd, int command, ...)
{
    va_list args;
    if (command == F_SETLK || command == F_SETLKW)
        return 0;
    va_start(args, command);
    const long argument = va_arg(args, long);
    va_end(args);
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

extern __typeof(fcntl64) fcntl __attribute__((alias("fcntl64"), visibility("default")));
