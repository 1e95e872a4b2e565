/* How a program that is built for coverage hands its counts to `grade`: a stream on a descriptor of
 * its own, written when it ends. Per source file a name, then pieces of a gcov data file (.gcda),
 * then an empty piece; each is a uint32_t with its length, and so many bytes. Only `grade test`
 * builds so, and only a lab's own solution. */
#pragma once

enum { COVER_FD = 6 };
