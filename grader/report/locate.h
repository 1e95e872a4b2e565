/* Where in a JSON text a value stands, for people who have to mend it: Jansson forgets lines. */
#pragma once

#include <stddef.h>

/* The line (from 1) of what the JSON Pointer (RFC 6901) names: of a member its key, of an element
 * its first character. As far as the text goes along with it: for "/groups/2/points" where group 2
 * lacks that key, the line of group 2. `text` has to be JSON; nothing is promised for anything
 * else but an end. */
int locate_line(const char *text, size_t size, const char *pointer);
