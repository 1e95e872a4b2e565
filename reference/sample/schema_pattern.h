/* The schema converter's own: regular expressions. */
#pragma once

#include "reference/sample/schema_out.h"

/* The strings that match a pattern, between their quotes, as a JSON text spells them: quotes,
 * backslashes and control characters by their escapes. Refused by name: all that is not in
 *
 *     ^ ... $   a|b   ( ) (?: )   * + ? {m} {m,} {m,n}, lazy or not   .   [a-z] [^a-z]
 *     \d \w \s \D \W \S   \t \n \v \f \r \xHH \uHHHH   \ before a sign
 *
 * ^a|b$ is ^(a|b)$, as llama.cpp has it; \D, \W and \S stand outside of [ ] only. */
void schema_put_pattern(struct schema_out *o, uint32_t node);
