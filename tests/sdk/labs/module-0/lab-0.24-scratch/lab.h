/* Lab 0.24: a journal, records of any size one behind the other in a file. */
#pragma once

#include <stdint.h>

/* Appends the record as its length (four bytes, little-endian) and its bytes; the file is made
 * where it is missing. 0; -1: it could not be written, and the file is as long as it was before. */
int journal_append(const char *path, const void *record, uint32_t n);
