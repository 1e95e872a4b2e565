/* JSON schemas as GBNF: the grammar of the JSON texts that are valid under a schema.
 *
 *     any        type (a name or a list of names), const, enum, $ref (# and #/a/b in the same
 *                schema), oneOf and anyOf (both: one of), allOf, $defs, definitions
 *     object     properties, required, additionalProperties (absent: no others may come, but
 *                any may where there are no properties)
 *     array      items (a schema, or a list as in older drafts), prefixItems, minItems, maxItems
 *     string     minLength, maxLength; or pattern (schema_pattern.h says which); or format: date,
 *                time, date-time, uuid, uuid1 to uuid5; others say nothing about the text
 *     integer    minimum, maximum, exclusiveMinimum, exclusiveMaximum, of at most 16 digits
 *     no effect  title, description, default, examples, $schema, $id, $comment, deprecated,
 *                readOnly, writeOnly
 *
 * allOf of several schemas is an object with the properties of all and of those beside allOf, no
 * property in two of them; allOf of one is that one. Any other keyword is refused by name, and so
 * is one that would have no effect on the text where it stands (minimum of a number, properties
 * beside anyOf). A keyword of another type than the one given says nothing, as the specification
 * has it.
 *
 * llama.cpp takes a pattern's . and [^a] for a quote too, which ends the string; here they are
 * characters of a string, and what JSON has to escape is spelled by its escape.
 *
 * Members come in the order of the schema, required ones first, the additional ones last. Numbers
 * have at most 16 digits before and after the point. White space is at most a space, or two
 * newlines and twenty blanks, as in llama.cpp, whose common/json-schema-to-grammar.cpp the subset
 * is taken from; the rules are named as there, but their text is not always the same. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* What a schema of n bytes with `rules` rules takes; 0: a guess that suffices for most. */
size_t ref_schema_bytes(size_t n, size_t rules);

/* Writes the grammar of the schema text[0..n); its root rule is `root`.
 *   mem  (bytes)  at any address, scratch
 *   ret  (cap)    the first cap bytes, without a NUL; *ret_n counts them all
 * ERR_FORMAT: no JSON, or a keyword with a value that it cannot have. ERR_UNSUPPORTED: a keyword,
 * by name. ERR_RANGE: a number. ERR_NOT_FOUND: a $ref. ERR_LIMIT: memory or depth. */
MUST_CHECK enum err_code ref_schema_to_gbnf(const char *text, size_t n, void *mem, size_t bytes,
                                            char *ret, size_t cap, size_t *ret_n, struct err *why);
