/* The small text files of /proc and of control groups. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Writes `text` in one write, as these files want it. -1 and errno. */
int kernel_file_write(int dir, const char *name, const char *text);

/* Reads the start of a file, NUL-ended; an empty text where it cannot be read. */
void kernel_file_read(int dir, const char *name, char *ret, size_t size);
void kernel_file_reread(int fd, char *ret, size_t size); /* from its beginning */

/* The decimal number that `text` starts with, behind blanks; -1 where there is none. */
int64_t kernel_file_number(const char *text);

/* The number behind `key` in lines of "key number"; -1 where there is none. */
int64_t kernel_file_value(const char *text, const char *key);
