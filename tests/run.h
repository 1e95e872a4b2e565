/* Runs a program of this build and keeps what it printed; for tests that cross folders. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* All that comes out of a descriptor, NUL-ended; the caller's. */
char *read_all(int fd);

/* Runs argv[0] with its standard output captured (NUL-ended, freed by the caller) and its standard
 * error discarded. Returns the exit status, or 128 + the signal. */
int run_program(const char *const *argv, char **ret_out);

/* `grade run LAB FILE --format json --no-cache ...` parsed; the caller's. Fails the test when it is
 * no JSON.
 */
json_t *run_grade(const char *lab, const char *file, const char *option, int *ret_status);

/* What follows `mark` in one of the comments that a file begins with, a line each: the caller's, or
 * NULL. */
char *header_word(const char *path, const char *mark);
