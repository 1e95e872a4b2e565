/* The schema converter's own: schemas within schemas, and objects. */
#pragma once

#include "reference/sample/schema_out.h"

/* The rule of the schema at a node, which is made if need be. type (0: none) is a node that stands
 * for the schema's type. Names are only wishes: a builtin keeps its own. */
struct schema_str schema_visit(struct schema_out *o, uint32_t node, uint32_t type,
                               struct schema_str name);

/* The schemas that an object has to be valid under: itself, or those of its allOf. */
enum { SCHEMA_MAX_PARTS = 16 };
struct schema_parts {
    uint32_t node[SCHEMA_MAX_PARTS], n;
};

/* The body for an object with the properties of all parts, no two of which have the same; `more` is
 * its additionalProperties, 0 or a node that is a schema or false. */
void schema_put_object(struct schema_out *o, const struct schema_parts *parts, uint32_t more,
                       struct schema_str name);
